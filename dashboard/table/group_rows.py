"""The row of a group: what its members have in common, and how far they lie apart."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.charts.statistics import Summary, summary
from dashboard.table import naming, strip
from dashboard.table.body import Row, Table, Toggle
from dashboard.table.cells import MISSING, text
from dashboard.table.columns import ATTRIBUTE, Catalogue, Column
from dashboard.table.grouping import Group
from dashboard.table.state import Grouping
from dashboard.templatetags.tracker_tags import (
    MINUS,
    ago,
    icon,
    number,
    shown,
    span,
)
from tracker.models import Kind
from tracker.models.candidates import moment
from tracker.numbers import as_number


class Part(NamedTuple):
    """A key and its value in a group's name; the key is said of a number without a column."""

    key: str
    value: str
    is_said: bool

    @property
    def words(self) -> str:
        return f"{self.key} {self.value}"


def row(
    group: Group, table: Table, name: Sequence[Part], *, agg: str, toggle: Toggle
) -> Row:
    said = {
        column: over(group, table, column) if column.kind == Kind.METRIC else None
        for column in table.columns
    }
    bodies = {
        column: body(group, table, column, said[column], agg)
        for column in table.columns
    }
    return Row(
        None,
        "",
        None,
        "",
        table.cells(bodies, mark(table, said, agg)),
        picks=",".join(str(member.iid) for member in group.members),
        name=", ".join(one.words for one in name),
        toggle=toggle,
        number=group.n,
        label=name,
    )


def over(group: Group, table: Table, column: Column) -> Summary | None:
    values = [table.facts.metric(member, column) for member in group.members]
    return summary([value for value in values if value is not None])


def names_of(
    groups: Sequence[Group],
    grouping: Grouping,
    catalogue: Catalogue,
    columns: Collection[Column],
) -> dict[str, list[Part]]:
    """By the keys that make the groups; or by those that tell configurations apart.

    No query for the first, one for the second.
    """
    if grouping.columns:
        return {
            group.name: [
                part(column, value, columns)
                for column, value in zip(grouping.columns, group.values, strict=True)
            ]
            for group in groups
        }
    firsts = {group.members[0].pk: group for group in groups if group.members}
    varying = [
        entry.key
        for entry in catalogue.of_kind(Kind.PARAM)
        if not entry.is_counted or entry.distinct != 1
    ]
    known = naming.params_of(firsts, varying)
    keys = naming.telling(known)
    alike = naming.alike(known, keys)
    names = {}
    for pk, group in firsts.items():
        parts = [part(Column(Kind.PARAM, k), known[pk].get(k), columns) for k in keys]
        if pk in alike:
            parts.append(Part("like", f"#{group.members[0].iid}", True))
        names[group.name] = parts
    return names


def part(column: Column, value: Any, columns: Collection[Column]) -> Part:
    if value is None:
        return Part("no", column.key, True)
    is_plain = as_number(value) is not None or value.lower() in ("true", "false")
    return Part(column.key, shortened(value), is_plain and column not in columns)


def shortened(value: str) -> str:
    return value if len(value) <= 24 else f"{value[:23]}…"


def body(
    group: Group, table: Table, column: Column, said: Summary | None, agg: str
) -> SafeString | str:
    if column.kind == Kind.METRIC:
        return metric(table, column, said, agg, group.n)
    if column.kind == ATTRIBUTE:
        return attribute(group, column.key)
    facts = table.facts.params if column.kind == Kind.PARAM else table.facts.tags
    return shared([facts.get((member.pk, column.key)) for member in group.members])


def metric(
    table: Table, column: Column, said: Summary | None, agg: str, n: int
) -> SafeString:
    if said is None:
        return table.beside(number(None), "")
    one = said.as_one(agg)
    slot: SafeString | str = ""
    if agg == "mean" and said.half_width is not None:
        slot = format_html(
            '<span class="delta" title="95 % interval over {} values">±{}</span>',
            said.n,
            fine(said.half_width, like=one),
        )
    elif said.n < n:
        slot = format_html('<span class="delta">n={}</span>', said.n)
    return table.beside(number(one, column.key), slot)


def fine(width: float, *, like: float) -> str:
    """As many places as the mean beside it has."""
    _, point, places = shown(like).partition(".")
    if not point or "e" in places:
        return shown(width, 2)
    return f"{width:.{len(places)}f}"


def attribute(group: Group, key: str) -> SafeString | str:
    match key:
        case "state":
            return state(group)
        case "start":
            return ago(moment(group.newest_ms))
        case "duration":
            seconds = [
                (member.ended_ms - member.started_ms) / 1000
                for member in group.members
                if member.ended_ms is not None
            ]
            return span(sum(seconds) / len(seconds)) if seconds else MISSING
    return MISSING


def state(group: Group) -> SafeString:
    """The worst first: what still runs, then what was lost or failed."""
    rest = [
        f"{number} {word}"
        for number, word in (
            (group.lost, "lost"),
            (group.failed, "failed"),
            (group.finished, "finished"),
        )
        if number
    ]
    if group.live:
        return badge("live", "s-live", f"{group.live} live", rest)
    if group.lost or group.failed:
        return badge("bad", "s-bad", rest[0], rest[1:])
    if group.finished:
        return badge("ok", "s-ok", rest[0], [])
    return badge("off", "s-stop", f"{group.n} stopped", [])


def badge(kind: str, shape: str, word: str, rest: Sequence[str]) -> SafeString:
    return format_html(
        '<span class="state {}">{}<b>{}</b>{}</span>',
        kind,
        icon(shape),
        word,
        format_html(' <small class="wide-only">{}</small>', ", ".join(rest))
        if rest
        else "",
    )


def shared(values: Sequence[str | None]) -> SafeString | str:
    """The value of all, the range of numbers, or that they vary."""
    different = set(values)
    if len(different) == 1:
        return text(values[0])
    numbers = [None if value is None else as_number(value) for value in different]
    if all(number is not None for number in numbers):
        ends = [n for n in numbers if n is not None]
        low, high = shown(min(ends)), shown(max(ends))
        # A dash between numbers that have a minus themselves would be read wrong.
        joint = " to " if MINUS in low + high else "–"
        return format_html('<span class="same">{}{}{}</span>', low, joint, high)
    return format_html('<span class="same">{}</span>', "varies")


def plain_value(group: Group, table: Table, column: Column) -> Any:
    """What a file says of a column that is no metric: the value of all, or nothing."""
    if column.kind != ATTRIBUTE:
        facts = table.facts.params if column.kind == Kind.PARAM else table.facts.tags
        values = {facts.get((member.pk, column.key)) for member in group.members}
        return values.pop() if len(values) == 1 else None
    if column.key == "start":
        begun = moment(group.newest_ms)
        return begun.isoformat() if begun else None
    return None


def mark(
    table: Table, said: Mapping[Column, Summary | None], agg: str
) -> SafeString | str:
    found = said.get(table.main) if table.main else None
    if found is None:
        return ""
    middle = found.as_one(agg)
    width = found.half_width if agg == "mean" else None
    low, high = (
        (middle - width, middle + width) if width is not None else (middle, middle)
    )
    return strip.spread(
        low, middle, high, table.extremes.scale, reference=table.reference
    )
