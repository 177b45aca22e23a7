"""The menu of a column: sort, filter, group, draw, move, pin, hide, another summary.

Its buttons belong to one small form, so that they work without a script; `carried_out`
says what the table's state is after one of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.charts.chart_specs import Spec
from dashboard.directions import rule
from dashboard.table.columns import (
    AGGREGATES,
    ATTRIBUTE,
    MAX_SORTS,
    Catalogue,
    Column,
    Sort,
    parse,
)
from dashboard.table.picker import moved
from dashboard.table.state import MAX_PINNED, Grouping, State
from tracker.models import Kind

STATE = Column(ATTRIBUTE, "state")
START = Column(ATTRIBUTE, "start")


class Act(NamedTuple):
    """A button of a column's menu: what `carried_out` reads, and its words."""

    value: str
    label: str
    icon: str = ""
    is_current: bool = False


class Menu(NamedTuple):
    """What can be done with a column, part by part."""

    title: str
    note: str  # which way it gets better, and who says so
    parts: list[list[Act]]
    summaries: list[Act]  # of a metric
    filter_by: str  # the name in a condition; empty where it cannot be one
    rule_key: str  # of a metric that people may judge otherwise
    chart: str  # what draws it, as the Charts tab's address says; empty for nothing


def menu(
    state: State,
    columns: Sequence[Column],
    column: Column,
    *,
    main: Column | None,
    is_number: bool,
) -> Menu:
    return Menu(
        column.full_label,
        judged(column),
        [
            part
            for part in (
                orders(state, column, is_number),
                places(state, columns, column),
            )
            if part
        ],
        summaries(column),
        filter_name(column),
        column.key if column.kind == Kind.METRIC else "",
        chart(column, main, is_number),
    )


def chart(column: Column, main: Column | None, is_number: bool) -> str:
    """A metric as curves, and a param by what it does to the main metric."""
    if column.kind == Kind.METRIC:
        return Spec("line", (column.key,)).text
    if column.kind != Kind.PARAM or main is None:
        return ""
    if is_number:
        return Spec("scatter", (f"p:{column.key}", f"m:{main.key}")).text
    return Spec("box", (main.key, column.key)).text


def judged(column: Column) -> str:
    """Which way a metric gets better, and whether somebody said so or its name did."""
    if column.kind != Kind.METRIC or column.aggregate == "count":
        return ""
    words = column.direction.words or "neither higher nor lower is better"
    is_said = "direction" in rule(column.key)
    return f"{words[0].upper()}{words[1:]}{'' if is_said else ', guessed by its name'}"


def orders(state: State, column: Column, is_number: bool) -> list[Act]:
    if not column.can_sort:
        return []
    address = column.address
    ways = [("asc", "up", Sort(column, False)), ("desc", "desc", Sort(column, True))]
    acts = [
        Act(
            f"{verb} {address}",
            f"Sort {words(sort, is_number)}",
            icon,
            state.sorts == (sort,),
        )
        for verb, icon, sort in ways
    ]
    if any(sort.column != column for sort in state.sorts):
        acts += [
            Act(
                f"then-{verb} {address}",
                f"Then by this, {words(sort, is_number)}",
                icon,
                sort in state.sorts[1:],
            )
            for verb, icon, sort in ways
        ]
    return acts


def words(sort: Sort, is_number: bool) -> str:
    if sort.column == START:
        return "newest first" if sort.descending else "oldest first"
    if is_number:
        return "high to low" if sort.descending else "low to high"
    return "Z to A" if sort.descending else "A to Z"


def places(state: State, columns: Sequence[Column], column: Column) -> list[Act]:
    address, acts = column.address, []
    if column.kind in (Kind.PARAM, Kind.TAG):
        acts.append(Act(f"group {address}", "Group by this", "group"))
    if column in state.pinned:
        acts.append(Act(f"unpin {address}", "Unpin", "flag"))
    elif len(state.pinned) < MAX_PINNED:
        acts.append(Act(f"pin {address}", "Pin beside the name", "flag"))
    if column not in state.pinned:
        place, first = columns.index(column), len(state.pinned)
        if place > first:
            acts.append(Act(f"left {address}", "Move left", "left"))
        if place < len(columns) - 1:
            acts.append(Act(f"right {address}", "Move right", "right"))
    return [*acts, Act(f"hide {address}", "Hide", "x")]


def summaries(column: Column) -> list[Act]:
    if column.kind != Kind.METRIC:
        return []
    return [
        Act(f"as-{name} {column.address}", name, "", name == column.aggregate)
        for name in AGGREGATES
    ]


def filter_name(column: Column) -> str:
    if column.kind == ATTRIBUTE:
        return f"a:{FILTERS[column.key]}" if column.key in FILTERS else ""
    name = f"{column.kind}:{column.key}"
    if column.kind == Kind.METRIC and column.aggregate != "last":
        return f"{name}.{column.aggregate}"
    return name


FILTERS = {
    "state": "status",
    "user": "user",
    "commit": "commit",
    "duration": "duration",
    "start": "start",
}


def carried_out(
    state: State, columns: Sequence[Column], text: str, catalogue: Catalogue
) -> State | None:
    """The state after a button of a menu, as in `hide m:val/acc.max`; None for no button."""
    verb, _, address = text.partition(" ")
    column = parse(address, catalogue)
    if column is None:
        return None
    kept = tuple(c for c in columns if c != column)
    match verb.split("-"):
        case ["asc" | "desc" as way]:
            return state.having(sorts=(Sort(column, way == "desc"),))
        case ["then", "asc" | "desc" as way]:
            others = tuple(sort for sort in state.sorts if sort.column != column)
            last = Sort(column, way == "desc")
            return state.having(sorts=(*others[: MAX_SORTS - 1], last))
        case ["hide"]:
            pinned = tuple(c for c in state.pinned if c != column)
            return state.having(columns=kept or (STATE,), pinned=pinned)
        case ["left" | "right" as way]:
            moved_to = moved(columns, address, -1 if way == "left" else 1)
            return state.having(columns=tuple(moved_to))
        case ["pin"]:
            pinned = (*(c for c in state.pinned if c != column), column)
            return state.having(pinned=pinned[:MAX_PINNED])
        case ["unpin"]:
            return state.having(pinned=tuple(c for c in state.pinned if c != column))
        case ["group"] if column.kind in (Kind.PARAM, Kind.TAG):
            return state.having(grouping=Grouping((column,)), opened=frozenset())
        case ["as", aggregate] if (
            aggregate in AGGREGATES and column.kind == Kind.METRIC
        ):
            other = column._replace(aggregate=aggregate)
            return state.having(
                columns=exchanged(columns, column, other),
                pinned=exchanged(state.pinned, column, other),
                sorts=tuple(
                    Sort(other, s.descending) if s.column == column else s
                    for s in state.sorts
                ),
            )
    return None


def exchanged(
    columns: Sequence[Column], one: Column, other: Column
) -> tuple[Column, ...]:
    return tuple(
        dict.fromkeys(other if column == one else column for column in columns)
    )
