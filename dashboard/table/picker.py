"""Choosing the columns of a table: those on show in their order, and the others to add."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from django.utils.safestring import SafeString

from dashboard.table.columns import (
    AGGREGATES,
    ATTRIBUTE,
    ATTRIBUTES,
    Catalogue,
    Column,
    Entry,
    metric_column,
)
from tracker.models import Kind

# How many keys of a kind the picker lists; beyond, its search box narrows on the server.
PICKER_KEYS = 120
# How many are offered that were on show lately.
RECENT_KEYS = 8
# Folders with more keys than this start closed.
OPEN_KEYS = 12


class Shown(NamedTuple):
    """A column on show: a metric offers its other summaries in its place."""

    address: str
    label: str
    choices: list[tuple[str, str]]
    is_first: bool
    is_last: bool


def shown_choices(columns: Sequence[Column]) -> list[Shown]:
    last = len(columns) - 1
    return [
        Shown(
            column.address,
            column.key if column.kind == Kind.METRIC else column.full_label,
            summaries(column) if column.kind == Kind.METRIC else [],
            place == 0,
            place == last,
        )
        for place, column in enumerate(columns)
    ]


def summaries(column: Column) -> list[tuple[str, str]]:
    known = AGGREGATES if column.step is None else (column.aggregate, *AGGREGATES)
    offered = [(column._replace(aggregate=name).address, name) for name in known]
    return [*offered, ("", "hide")]


def moved(columns: Sequence[Column], address: str, way: int) -> list[Column]:
    """The columns with one of them a place further left (-1) or right (1)."""
    found = list(columns)
    for place, column in enumerate(found):
        if column.address == address:
            target = min(max(place + way, 0), len(found) - 1)
            found.insert(target, found.pop(place))
            break
    return found


class Choice(NamedTuple):
    address: str
    label: str
    note: str


KINDS = (
    ("", "Every kind"),
    (Kind.METRIC.value, "Metrics"),
    (Kind.PARAM.value, "Parameters"),
    (Kind.TAG.value, "Tags"),
    (ATTRIBUTE, "Attributes"),
)


class Section(NamedTuple):
    """Keys of one kind and one folder."""

    title: str
    choices: list[Choice]
    hidden: int = 0  # how many more the search box can find
    is_open: bool = True

    @property
    def boxes(self) -> SafeString:
        """One to tick for each choice."""
        return SafeString("".join(map(box, self.choices)))


def box(choice: Choice) -> str:
    note = f' <span class="n">{escape(choice.note)}</span>' if choice.note else ""
    return (
        '<label class="o"><input type="checkbox" name="cols"'
        f' value="{escape(choice.address)}">'
        f' <span class="nm">{escape(choice.label)}</span>{note}</label>'
    )


def picker(
    catalogue: Catalogue,
    shown: Sequence[Column],
    recent: Sequence[Column] = (),
    wanted: str = "",
    only: str = "",
) -> list[Section]:
    """What the column menu offers besides the shown ones: those used lately, then all
    others by kind and folder.

    Narrowed by a part of the name, and to one kind.
    """
    needle = wanted.casefold()
    sections = []
    taken = {(column.kind, column.key) for column in shown}
    again = [
        column
        for column in recent
        if (column.kind, column.key) not in taken
        and only in ("", column.kind)
        and needle in column.key.casefold()
    ][:RECENT_KEYS]
    if again:
        offered = [Choice(column.address, column.full_label, "") for column in again]
        sections.append(Section("Used lately", offered))
        taken |= {(column.kind, column.key) for column in again}
    for kind, title in (
        (Kind.METRIC, "Metrics"),
        (Kind.PARAM, "Parameters"),
        (Kind.TAG, "Tags"),
    ):
        if only not in ("", kind):
            continue
        rest = [
            entry
            for entry in catalogue.of_kind(kind)
            if (kind, entry.key) not in taken and needle in entry.key.casefold()
        ]
        by_folder: dict[str, list[Choice]] = {}
        for entry in rest[:PICKER_KEYS]:
            column = (
                metric_column(entry.key)
                if kind == Kind.METRIC
                else Column(kind, entry.key)
            )
            folder = column.prefix if "/" in entry.key else ""
            choice = Choice(column.address, column.full_label, note(entry))
            by_folder.setdefault(folder, []).append(choice)
        for folder, choices in sorted(by_folder.items()):
            is_open = bool(needle) or len(choices) <= OPEN_KEYS
            heading = f"{title} · {folder}" if folder else title
            sections.append(Section(heading, choices, 0, is_open))
        if len(rest) > PICKER_KEYS:
            last = sections.pop()
            sections.append(last._replace(hidden=len(rest) - PICKER_KEYS))
    attributes = [
        Choice(f"a:{key}", label, "")
        for key, label in ATTRIBUTES.items()
        if key != "name"
        and (ATTRIBUTE, key) not in taken
        and needle in label.casefold()
    ]
    if attributes and only in ("", ATTRIBUTE):
        sections.append(Section("Attributes", attributes))
    return sections


def note(entry: Entry) -> str:
    if not entry.is_counted:
        return ""
    if entry.kind == Kind.METRIC:
        return str(entry.candidates)
    return "1 value" if entry.distinct == 1 else f"{entry.distinct} values"
