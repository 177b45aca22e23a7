"""The header of a candidates table: what stands over each column, and how it sorts."""

from collections.abc import Iterable
from typing import NamedTuple

from dashboard.directions import Direction
from dashboard.table.body import Table
from dashboard.table.column_menu import Menu, menu
from dashboard.table.columns import ATTRIBUTE, Column, Sort
from dashboard.table.state import State
from dashboard.table.widths import STEP, STRIP
from dashboard.templatetags.tracker_tags import shown
from tracker.models import Kind


class Head(NamedTuple):
    column: Column
    classes: str
    width: int  # in steps
    sort_url: str = ""
    aria_sort: str = ""  # "" where the table is not sorted by it
    place: int = 0  # 1, 2, 3 where several columns sort, else 0
    menu: Menu | None = None
    ends: tuple[str, str] | None = None  # the strip's scale, right of the main column


class Group(NamedTuple):
    """A header over neighbouring columns: the folder they share."""

    label: str
    span: int


def heads(state: State, built: Table) -> list[Head]:
    made = []
    for column in built.columns:
        classes = ["num"] if built.is_number(column) else []
        if built.has_slot and column.kind == Kind.METRIC:
            classes.append("slotted")
        made.append(
            Head(
                column,
                " ".join([*classes, *built.pin(column)]),
                built.widths[column],
                sort_url(state, column),
                aria_sort(state, column),
                place_in(state, column),
                menu(
                    state,
                    built.columns,
                    column,
                    main=built.main,
                    is_number=built.is_number(column),
                ),
            )
        )
        if column == built.main:
            scale = built.extremes.scale
            ends = (shown(scale.low, 3), shown(scale.high, 3)) if scale else ("", "")
            made.append(Head(column, "c-strip", STRIP // STEP, ends=ends))
    return made


def groups(made: Iterable[Head]) -> list[Group]:
    result: list[Group] = []
    for head in made:
        prefix = head.column.prefix
        if result and result[-1].label == prefix:
            result[-1] = Group(prefix, result[-1].span + 1)
        else:
            result.append(Group(prefix, 1))
    return result


def sort_url(state: State, column: Column) -> str:
    """A click sorts with the best first; a second click turns it round."""
    if not column.can_sort:
        return ""
    return state.having(sorts=(turned(state, column),)).url


def turned(state: State, column: Column) -> Sort:
    first = column.direction == Direction.MAX or column == (ATTRIBUTE, "start", "")
    current = next((s for s in state.sorts if s.column == column), None)
    return Sort(column, not current.descending if current else first)


def aria_sort(state: State, column: Column) -> str:
    """Only one column can say that the table is sorted by it: the first."""
    if not state.sorts:
        is_newest = column == (ATTRIBUTE, "start", "") and not state.grouping
        return "descending" if is_newest else ""
    leading = state.sorts[0]
    if leading.column != column:
        return ""
    return "descending" if leading.descending else "ascending"


def place_in(state: State, column: Column) -> int:
    if len(state.sorts) < 2:
        return 0
    sorted_by = [sort.column for sort in state.sorts]
    return sorted_by.index(column) + 1 if column in sorted_by else 0
