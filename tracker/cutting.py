"""Cutting a series into buckets of equal width by reading its points.

The database does the cutting: points do not enter Python. It speaks SQL for each of them:
neither offers, through the ORM, the point at which a group has its minimum.
"""

import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from django.db import connection
from django.db.models import Q

from tracker.models import Metric, Point
from tracker.summary import Row

LARGEST = sys.float_info.max
SMALLEST_INT, LARGEST_INT = -(2**63), 2**63 - 1

# Marks for values that no axis can hold, per chart.
MAX_ODD = 500

# A part of an axis, in its own units, both ends in it.
Between: TypeAlias = tuple[float, float]


class Axis(StrEnum):
    """What a curve is drawn over."""

    STEP = "step"
    TIME = "time"  # milliseconds since 1970
    RELATIVE = "rel"  # seconds since the candidate's own start


def places(metric: Metric, axis: Axis) -> Callable[[float], float]:
    """From a step or a timestamp, whichever the axis goes by, to the place on it."""
    if axis != Axis.RELATIVE:
        return lambda at: at
    start = metric.started_ms
    return lambda at: (at - start) / 1000


class Odd(NamedTuple):
    """A value that no axis can hold: NaN or an infinity."""

    x: float
    value: float


class Bucket(NamedTuple):
    """The lowest and the highest of some points, where they are, and the mean of all.

    A place is a step or a timestamp, whichever the axis goes by.
    """

    low_at: int
    low: float
    high_at: int
    high: float
    points: int
    mean: float | None  # None where all values are too large to add
    at: float


class Plan(NamedTuple):
    """How (a part of) a series is cut: along its steps, or the time of its only step."""

    metric: Metric
    by_time: bool
    low: int
    high: int
    buckets: int
    since: int = SMALLEST_INT
    until: int = LARGEST_INT
    # In the order of points: behind the one, and up to the other.
    after: Row | None = None
    upto: Row | None = None


# ---------------------------------------------------------------- planning


def worthwhile(plans: Iterable[Plan]) -> list[Plan]:
    """Those in whose range something may be, and no more of it than needed."""
    return narrowed_by_time([plan for plan in plans if plan.low <= plan.high])


def plan(
    metric: Metric,
    axis: Axis,
    between: Between | None,
    buckets: int,
    *,
    after: Row | None = None,
    upto: Row | None = None,
) -> Plan:
    """Points lie in the order of their steps: these are cut, and time only filters.

    Scripts that never give a step have all points at one, in the order of time.
    """
    by_time = axis != Axis.STEP and metric.first_step == metric.step
    if by_time:
        low = after.timestamp if after else metric.first_timestamp
        high = upto.timestamp if upto else metric.timestamp
    else:
        low = after.step if after else metric.first_step
        high = upto.step if upto else metric.step
    whole = Plan(metric, by_time, low, high, max(1, buckets), after=after, upto=upto)
    if not between:
        return whole
    if axis == Axis.STEP:
        first, last = clamp(math.ceil(between[0])), clamp(math.floor(between[1]))
        return whole._replace(low=max(low, first), high=min(high, last))
    since, until = milliseconds(metric, axis, between)
    if by_time:
        return whole._replace(low=max(low, since), high=min(high, until))
    return whole._replace(since=since, until=until)


def narrowed_by_time(plans: Sequence[Plan]) -> list[Plan]:
    """With the steps that lie in their time, where steps are cut. One query."""
    asked = [plan for plan in plans if plan.since > SMALLEST_INT]
    if not asked:
        return list(plans)
    dialect = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    lines = ", ".join([dialect.line] * len(asked))
    values = [value for each in enumerate(asked) for value in line(*each)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH line ({NAMES}) AS (VALUES {lines})"
            " SELECT line, MIN(step), MAX(step) FROM line JOIN tracker_point"
            f" ON metric_id = metric AND step BETWEEN low AND high {DURING} {PART}"
            " GROUP BY line",
            values,
        )
        steps = {asked[number]: ends for number, *ends in cursor.fetchall()}
    return [
        plan._replace(low=steps[plan][0], high=steps[plan][1])
        if plan in steps
        else plan
        for plan in plans
        if plan in steps or plan.since == SMALLEST_INT
    ]


def milliseconds(metric: Metric, axis: Axis, between: Between) -> tuple[int, int]:
    low, high = between
    if axis == Axis.RELATIVE:
        low, high = (x * 1000 + metric.started_ms for x in between)
    return clamp(math.ceil(low)), clamp(math.floor(high))


def clamp(number: int) -> int:
    return max(SMALLEST_INT, min(LARGEST_INT, number))


# ---------------------------------------------------------------- cutting


def fetch(plans: Sequence[Plan], axis: Axis) -> dict[int, list[Bucket]]:
    """The buckets by the id of the metric. One statement for all that are cut alike."""
    found: dict[int, list[Bucket]] = defaultdict(list)
    for by_time in (False, True):
        alike = [plan for plan in plans if plan.by_time is by_time]
        for metric, bucket in fetch_alike(alike, axis) if alike else ():
            found[metric].append(bucket)
    return found


def fetch_alike(plans: Sequence[Plan], axis: Axis) -> Iterator[tuple[int, Bucket]]:
    cut_by_time = plans[0].by_time
    filters_time = any(plan.since > SMALLEST_INT for plan in plans)
    is_part = any(plan.after or plan.upto for plan in plans)
    dialect = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    statement = dialect.statement.format(
        lines=", ".join([dialect.line] * len(plans)),
        names=NAMES,
        column="timestamp" if cut_by_time else "step",
        at="step" if axis == Axis.STEP else "timestamp",
        within=dialect.by_time if cut_by_time else dialect.by_step,
        during=DURING if filters_time else "",
        part=PART if is_part else "",
        most=max(plan.buckets for plan in plans) - 1,
        largest=repr(LARGEST),
    )
    values = [value for each in enumerate(plans) for value in line(*each)]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    yield from dialect.read(rows)


FIRST = Row(SMALLEST_INT, SMALLEST_INT, -math.inf, False)
LAST = Row(LARGEST_INT, LARGEST_INT, math.inf, True)


def line(number: int, plan: Plan) -> list[Any]:
    width = (plan.high - plan.low + 1) / plan.buckets
    after, upto = plan.after or FIRST, plan.upto or LAST
    # A step and its timestamps may lie on both sides of an end.
    return [
        *(number, plan.metric.pk, plan.metric.step, plan.low, plan.high, width),
        *(plan.buckets, plan.since, plan.until),
        *(*after[:3], bool(after.is_nan), *upto[:3], bool(upto.is_nan)),
    ]


NAMES = (
    "line, metric, only_step, low, high, width, parts, since, until,"
    " after_step, after_time, after_value, after_nan,"
    " upto_step, upto_time, upto_value, upto_nan"
)
DURING = "AND timestamp BETWEEN since AND until"
PART = (
    "AND (step, timestamp, value, is_nan)"
    " > (after_step, after_time, after_value, after_nan)"
    " AND (step, timestamp, value, is_nan)"
    " <= (upto_step, upto_time, upto_value, upto_nan)"
)


class Dialect(NamedTuple):
    line: str
    statement: str
    by_step: str
    by_time: str
    read: Callable[[list[tuple[Any, ...]]], Iterator[tuple[int, Bucket]]]


def typed(*types: str) -> str:
    return f"({', '.join(f'CAST(%s AS {name})' for name in types)})"


def read_postgresql(rows: list[tuple[Any, ...]]) -> Iterator[tuple[int, Bucket]]:
    for metric, (low, low_at), (high, high_at), *rest in rows:
        yield metric, Bucket(int(low_at), low, int(high_at), high, *rest)


POINT_TYPES = ("bigint", "bigint", "double precision", "boolean")
# The smallest array is the one with the smallest value, and brings its place along.
POSTGRESQL = Dialect(
    line=typed(
        *["bigint"] * 5, "double precision", *["bigint"] * 3, *POINT_TYPES, *POINT_TYPES
    ),
    by_step="step BETWEEN low AND high",
    by_time="step = only_step AND timestamp BETWEEN low AND high",
    statement="""
        WITH line ({names}) AS (VALUES {lines})
        SELECT metric_id, MIN(ARRAY[value, {at}]), MAX(ARRAY[value, {at}]), COUNT(*),
            AVG(value) FILTER (WHERE ABS(value) < 1e290), AVG({at}::double precision)
        FROM line JOIN tracker_point ON metric_id = metric
            AND {within} {during} {part}
        WHERE NOT is_nan AND value BETWEEN -{largest} AND {largest}
        GROUP BY metric_id, line,
            LEAST(parts - 1, FLOOR(({column}::double precision - low) / width))
    """,
    read=read_postgresql,
)


def read_sqlite(rows: list[tuple[Any, ...]]) -> Iterator[tuple[int, Bucket]]:
    for metric, lowest, highest in rows:
        low, low_at = json.loads(lowest)
        high, high_at, points, *means = json.loads(highest)
        if points:
            yield (
                metric,
                Bucket(low_at, float(low), high_at, float(high), points, *means),
            )


# With one MIN or one MAX alone, SQLite takes the other columns from the row that has it.
# A look-up for each bucket goes straight through the table, where GROUP BY would sort it:
# twelve times the time. JSON carries several values out of one look-up, but rounds them.
SQLITE = Dialect(
    line=f"({', '.join(['%s'] * 17)})",
    by_step="step BETWEEN start AND stop",
    by_time="step = only_step AND timestamp BETWEEN start AND stop",
    statement="""
        WITH RECURSIVE part (i) AS (
            SELECT 0 UNION ALL SELECT i + 1 FROM part WHERE i < {most}
        ),
        line ({names}) AS (VALUES {lines}),
        slot AS (
            SELECT line.*,
                CASE i WHEN 0 THEN low ELSE CAST(low + i * width AS INTEGER) END
                    AS start,
                CASE i WHEN parts - 1 THEN high
                    ELSE CAST(low + (i + 1) * width AS INTEGER) - 1 END AS stop
            FROM line CROSS JOIN part ON i < parts
        )
        SELECT metric,
            (SELECT json_array(printf('%%!.17g', MIN(value)), {at})
            FROM tracker_point WHERE metric_id = metric AND {within} {during} {part}
                AND NOT is_nan AND value BETWEEN -{largest} AND {largest}),
            (SELECT json_array(printf('%%!.17g', MAX(value)), {at}, COUNT(*),
                AVG(value) FILTER (WHERE ABS(value) < 1e290), AVG({at}))
            FROM tracker_point WHERE metric_id = metric AND {within} {during} {part}
                AND NOT is_nan AND value BETWEEN -{largest} AND {largest})
        FROM slot WHERE start <= stop
    """,
    read=read_sqlite,
)


# ---------------------------------------------------------------- what is not drawn


def odd_points(
    plans: Sequence[Plan], axis: Axis, between: Between | None
) -> dict[int, list[Odd]]:
    """Values that no axis can hold, the first few of them. Mostly there are none."""
    found: dict[int, list[Odd]] = defaultdict(list)
    place = {plan.metric.pk: places(plan.metric, axis) for plan in plans}
    asked = Q()
    for plan in plans:
        if plan.metric.finite < plan.metric.count:
            along = "timestamp__range" if plan.by_time else "step__range"
            asked |= Q(metric=plan.metric, **{along: (plan.low, plan.high)})
    if not asked:
        return found
    rows = (
        Point.objects.filter(asked)
        .filter(Q(is_nan=True) | Q(value__gt=LARGEST) | Q(value__lt=-LARGEST))
        .values_list("metric_id", "step", "timestamp", "value", "is_nan")
    )
    for metric, step, timestamp, value, is_nan in rows[:MAX_ODD]:
        x = place[metric](step if axis == Axis.STEP else timestamp)
        if not between or between[0] <= x <= between[1]:
            found[metric].append(Odd(x, math.nan if is_nan else value))
    return found
