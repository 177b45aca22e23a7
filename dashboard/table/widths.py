"""How wide the columns of a table are, and which of many fit beside each other.

By the longest text that stands in a column, in steps: so a table holds still while its
values change, and the first view of an experiment needs no scrolling sideways.
"""

from collections.abc import Callable, Iterable, Sequence

from dashboard.directions import rule
from dashboard.table.columns import ATTRIBUTE, Column
from dashboard.table.facts import Facts
from dashboard.templatetags.tracker_tags import shown
from tracker.judging import DIGITS
from tracker.models import Kind

STEP = 16  # pixels; a width is a number of steps
# A window of 1440 without the side bar and a scroll bar.
ROOM = 1228
NAME = 17
STRIP = 112  # pixels: the drawing and the space around it
SLOT = 4  # for a delta or an interval beside a metric
END = 18  # pixels: the last column ends where the page's text does
LEAST, MOST = 4, 11
SORTABLE = 18  # pixels beside a header's words
ATTRIBUTES = {
    "state": 10,
    "user": 6,
    "ci": 7,
    "commit": 5,
    "files": 4,
    "duration": 6,
    "start": 6,
}


def steps(column: Column, facts: Facts, *, has_slot: bool) -> int:
    if column.kind == ATTRIBUTE:
        return ATTRIBUTES[column.key]
    head = len(column.label) + (len(column.aggregate) + 1 if column.aggregate else 0)
    longest = max(map(len, texts(column, facts)), default=0)
    pixels = max(6.8 * head + SORTABLE, 7 * longest + 13)
    wanted = min(max(-int(-pixels // STEP), LEAST), MOST)
    return wanted + (SLOT if has_slot and column.kind == Kind.METRIC else 0)


def texts(column: Column, facts: Facts) -> Iterable[str]:
    """What stands in the column's cells, about."""
    if column.kind == Kind.METRIC:
        owners = [pk for pk, key in facts.metrics if key == column.key]
        digits = int(rule(column.key).get("digits", DIGITS))
        return (shown(facts.of(pk, column), digits) for pk in owners)
    kept = facts.params if column.kind == Kind.PARAM else facts.tags
    return (value for (_, key), value in kept.items() if key == column.key)


def fitting(
    wanted: Sequence[Column],
    steps_of: Callable[[Column], int],
    *,
    main: Column | None,
) -> list[Column]:
    """As many of the columns as the first view has room for, the first ones first."""
    room = ROOM - END - NAME * STEP - (STRIP if main else 0)
    chosen = []
    for column in wanted:
        width = steps_of(column) * STEP
        if width <= room:
            chosen.append(column)
            room -= width
    return chosen
