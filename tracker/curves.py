"""Series made small enough to draw, without losing what an eye would look for.

A curve is cut into buckets of equal width. Each bucket
keeps its lowest and its highest point where they are, so that a single spike among a
million points is still there; the first and the last point are kept as well. The
database does the cutting: a long series never enters Python.

Beside `recording` the one module that speaks SQL for each database: neither of them
offers, through the ORM, the point at which a group has its minimum.
"""

import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max, Min, Q, QuerySet

from tracker.models import Metric, Point
from tracker.sketches import Sample

# Twice the width of a chart in pixels; beyond that an eye sees no difference.
MAX_BUCKETS = 1500
# What a browser draws without stuttering, over all lines of one chart.
MAX_POINTS = 60_000
# Marks for values that no axis can hold, per chart.
MAX_ODD = 500

LARGEST = sys.float_info.max
SMALLEST_INT, LARGEST_INT = -(2**63), 2**63 - 1


class Axis(StrEnum):
    """What a curve is drawn over."""

    STEP = "step"
    TIME = "time"  # milliseconds since 1970
    RELATIVE = "rel"  # seconds since the candidate's own start


class Odd(NamedTuple):
    """A value that no axis can hold: NaN or an infinity."""

    x: float
    value: float


class Curve(NamedTuple):
    """A series as a chart draws it, in order of x."""

    x: list[float]
    y: list[float]
    # What smoothing reads: mean x, mean value and number of points of each bucket.
    means: list[tuple[float, float, int]]
    points: int  # how many finite ones stand behind the line
    is_condensed: bool
    repeated: int  # points that share their x with a later one, and are not on the line
    odd: list[Odd]


def condensed(
    metrics: Sequence[Metric],
    *,
    axis: Axis = Axis.STEP,
    buckets: int = MAX_BUCKETS,
    between: tuple[float, float] | None = None,
) -> dict[int, Curve]:
    """The curves of some series, by the id of their metric.

    `between` narrows the axis, in its own units, and spends all buckets on that part.
    Series that are short enough come as they were logged.
    """
    if not metrics:
        return {}
    buckets = max(1, min(buckets, MAX_BUCKETS, MAX_POINTS // 2 // len(metrics)))
    long = [metric for metric in metrics if metric.count > 2 * buckets]
    short = [metric for metric in metrics if metric.count <= 2 * buckets]
    return whole(short, axis, between) | cut(long, axis, buckets, between)


# ---------------------------------------------------------------- short series


def whole(
    metrics: Sequence[Metric], axis: Axis, between: tuple[float, float] | None
) -> dict[int, Curve]:
    """Every point. Where several share an x, the line takes the last of them."""
    series: dict[int, list[tuple[float, float]]] = {m.pk: [] for m in metrics}
    odd: dict[int, list[Odd]] = {m.pk: [] for m in metrics}
    place = {metric.pk: places(metric, axis) for metric in metrics}
    for metric, step, timestamp, value, is_nan in points_of(metrics):
        x = place[metric](step, timestamp)
        if between and not between[0] <= x <= between[1]:
            continue
        if is_nan or math.isinf(value):
            odd[metric].append(Odd(x, math.nan if is_nan else value))
        else:
            series[metric].append((x, value))
    return {
        metric.pk: as_logged(series[metric.pk], odd[metric.pk]) for metric in metrics
    }


def points_of(
    metrics: Sequence[Metric],
) -> QuerySet[Point, tuple[int, int, int, float, bool]]:
    return (
        Point.objects.filter(metric_id__in=[metric.pk for metric in metrics])
        .order_by("metric_id", "step", "timestamp", "value", "is_nan")
        .values_list("metric_id", "step", "timestamp", "value", "is_nan")
    )


def as_logged(points: list[tuple[float, float]], odd: list[Odd]) -> Curve:
    # Stable, so that the last of those that share an x stays the last.
    points.sort(key=lambda point: point[0])
    line = dict(points)
    return Curve(
        x=list(line),
        y=list(line.values()),
        means=[(x, y, 1) for x, y in line.items()],
        points=len(points),
        is_condensed=False,
        repeated=len(points) - len(line),
        odd=odd[:MAX_ODD],
    )


def places(metric: Metric, axis: Axis) -> Any:
    """How a point of this series gets its x."""
    if axis == Axis.STEP:
        return lambda step, timestamp: step
    if axis == Axis.TIME:
        return lambda step, timestamp: timestamp
    return lambda step, timestamp: (timestamp - metric.started_ms) / 1000


# ---------------------------------------------------------------- long series


class Plan(NamedTuple):
    """How a long series is cut: along its steps, or along the time of its only step."""

    metric: Metric
    by_time: bool
    low: int
    high: int
    since: int = SMALLEST_INT
    until: int = LARGEST_INT


class Bucket(NamedTuple):
    """Its lowest and its highest point, and the mean of all."""

    metric: int
    low: Sample
    high: Sample
    points: int
    mean: float | None  # None where all values are too large to add
    step: float
    timestamp: float


def cut(
    metrics: Sequence[Metric],
    axis: Axis,
    buckets: int,
    between: tuple[float, float] | None,
) -> dict[int, Curve]:
    if not metrics:
        return {}
    by_metric: dict[int, list[Bucket]] = {metric.pk: [] for metric in metrics}
    plans = planned(metrics, axis, between)
    for by_time in (False, True):
        alike = [plan for plan in plans if plan.by_time is by_time]
        for bucket in fetch_buckets(alike, buckets) if alike else ():
            by_metric[bucket.metric].append(bucket)
    odd = odd_points(metrics, axis, between)
    return {
        metric.pk: in_buckets(metric, by_metric[metric.pk], axis, between, odd)
        for metric in metrics
    }


def in_buckets(
    metric: Metric,
    buckets: list[Bucket],
    axis: Axis,
    between: tuple[float, float] | None,
    odd: dict[int, list[Odd]],
) -> Curve:
    place = places(metric, axis)
    points = {
        (place(point.step, point.timestamp), point.value)
        for bucket in buckets
        for point in (bucket.low, bucket.high)
    }
    if not between:
        points |= first_and_last(metric, axis)
    line = sorted(points)
    count = sum(bucket.points for bucket in buckets)
    return Curve(
        x=[x for x, _ in line],
        y=[y for _, y in line],
        means=sorted(
            (place(b.step, b.timestamp), b.mean, b.points)
            for b in buckets
            if b.mean is not None
        ),
        points=count,
        is_condensed=count > len(line),
        repeated=0,
        odd=odd[metric.pk],
    )


def first_and_last(metric: Metric, axis: Axis) -> set[tuple[float, float]]:
    """The two ends of a series, where they can be drawn."""
    place = places(metric, axis)
    first = (place(metric.first_step, metric.first_timestamp), metric.first_value)
    last = (place(metric.step, metric.timestamp), metric.value)
    both = ((first, metric.first_is_nan), (last, metric.is_nan))
    return {point for point, is_nan in both if not is_nan and math.isfinite(point[1])}


def planned(
    metrics: Sequence[Metric], axis: Axis, between: tuple[float, float] | None
) -> list[Plan]:
    """A plan for each series that has something in the range."""
    if axis == Axis.STEP:
        plans = [
            Plan(metric, False, metric.first_step, metric.step) for metric in metrics
        ]
        if between:
            plans = [narrowed(plan, *between) for plan in plans]
    else:
        plans = planned_over_time(metrics, axis, between)
    return [plan for plan in plans if plan.low <= plan.high]


def narrowed(plan: Plan, low: float, high: float) -> Plan:
    return plan._replace(
        low=max(plan.low, math.ceil(low)), high=min(plan.high, math.floor(high))
    )


def planned_over_time(
    metrics: Sequence[Metric], axis: Axis, between: tuple[float, float] | None
) -> list[Plan]:
    """Points lie in the order of their steps: these are cut, and time only filters.

    Scripts that never give a step have all points at one, in the order of time.
    """
    stepless = [metric for metric in metrics if metric.first_step == metric.step]
    plans = [
        Plan(metric, True, metric.first_timestamp, metric.timestamp)
        for metric in stepless
    ]
    stepping = [
        Plan(metric, False, metric.first_step, metric.step)
        for metric in metrics
        if metric not in stepless
    ]
    if not between:
        return plans + stepping
    ranges = {metric.pk: milliseconds(metric, axis, between) for metric in metrics}
    plans = [narrowed(plan, *ranges[plan.metric.pk]) for plan in plans]
    for plan in stepping:
        since, until = ranges[plan.metric.pk]
        steps = Point.objects.filter(
            metric=plan.metric, timestamp__gte=since, timestamp__lte=until
        ).aggregate(low=Min("step"), high=Max("step"))
        if steps["low"] is not None:
            plans.append(Plan(plan.metric, False, **steps, since=since, until=until))
    return plans


def milliseconds(
    metric: Metric, axis: Axis, between: tuple[float, float]
) -> tuple[int, int]:
    low, high = between
    if axis == Axis.RELATIVE:
        low, high = (x * 1000 + metric.started_ms for x in between)
    return clamp(math.ceil(low)), clamp(math.floor(high))


def clamp(number: int) -> int:
    return max(SMALLEST_INT, min(LARGEST_INT, number))


def fetch_buckets(plans: Sequence[Plan], buckets: int) -> Iterator[Bucket]:
    """One statement for all lines that are cut alike."""
    cut_by_time = plans[0].by_time
    filters_time = any(plan.since > SMALLEST_INT for plan in plans)
    lines: list[Any] = []
    for plan in plans:
        width = (plan.high - plan.low + 1) / buckets
        lines += [plan.metric.pk, plan.metric.step, plan.low, plan.high, width]
        lines += [plan.since, plan.until]
    dialect = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    statement = dialect.statement.format(
        lines=", ".join([dialect.line] * len(plans)),
        column="timestamp" if cut_by_time else "step",
        within=dialect.by_time if cut_by_time else dialect.by_step,
        during="AND timestamp BETWEEN since AND until" if filters_time else "",
        last=buckets - 1,
        largest=repr(LARGEST),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, lines)
        rows = cursor.fetchall()
    yield from dialect.read(rows)


class Dialect(NamedTuple):
    line: str
    statement: str
    by_step: str
    by_time: str
    read: Any


def read_postgresql(rows: list[tuple[Any, ...]]) -> Iterator[Bucket]:
    for metric, low, high, *rest in rows:
        yield Bucket(metric, as_sample(*low), as_sample(*high), *rest)


def as_sample(value: float, step: float, timestamp: float) -> Sample:
    return Sample(int(step), int(timestamp), value)


# The smallest array is the one with the smallest value, and brings its step along.
POSTGRESQL = Dialect(
    line="(CAST(%s AS bigint), CAST(%s AS bigint), CAST(%s AS bigint),"
    " CAST(%s AS bigint), CAST(%s AS double precision), CAST(%s AS bigint),"
    " CAST(%s AS bigint))",
    by_step="step BETWEEN low AND high",
    by_time="step = at AND timestamp BETWEEN low AND high",
    statement="""
        WITH line (metric, at, low, high, width, since, until) AS (VALUES {lines})
        SELECT metric_id, MIN(ARRAY[value, step, timestamp]),
            MAX(ARRAY[value, step, timestamp]), COUNT(*),
            AVG(value) FILTER (WHERE ABS(value) < 1e290),
            AVG(step::double precision), AVG(timestamp::double precision)
        FROM line JOIN tracker_point ON metric_id = metric AND {within} {during}
        WHERE NOT is_nan AND value BETWEEN -{largest} AND {largest}
        GROUP BY metric_id,
            LEAST({last}, FLOOR(({column}::double precision - low) / width))
    """,
    read=read_postgresql,
)


def read_sqlite(rows: list[tuple[Any, ...]]) -> Iterator[Bucket]:
    for metric, lowest, highest in rows:
        low, low_step, low_time = json.loads(lowest)
        high, high_step, high_time, points, *means = json.loads(highest)
        if points:
            yield Bucket(
                metric,
                Sample(low_step, low_time, low),
                Sample(high_step, high_time, high),
                points,
                *means,
            )


# With one MIN or one MAX alone, SQLite takes the other columns from the row that has it.
# A look-up for each bucket goes straight through the table, where GROUP BY would sort it:
# twelve times the time. JSON carries several values out of one look-up.
SQLITE = Dialect(
    line="(%s, %s, %s, %s, %s, %s, %s)",
    by_step="step BETWEEN start AND stop",
    by_time="step = at AND timestamp BETWEEN start AND stop",
    statement="""
        WITH RECURSIVE part (i) AS (
            SELECT 0 UNION ALL SELECT i + 1 FROM part WHERE i < {last}
        ),
        line (metric, at, low, high, width, since, until) AS (VALUES {lines}),
        slot AS (
            SELECT metric, at, since, until,
                CASE i WHEN 0 THEN low ELSE CAST(low + i * width AS INTEGER) END
                    AS start,
                CASE i WHEN {last} THEN high
                    ELSE CAST(low + (i + 1) * width AS INTEGER) - 1 END AS stop
            FROM line CROSS JOIN part
        )
        SELECT metric,
            (SELECT json_array(MIN(value), step, timestamp)
            FROM tracker_point WHERE metric_id = metric AND {within} {during}
                AND NOT is_nan AND value BETWEEN -{largest} AND {largest}),
            (SELECT json_array(MAX(value), step, timestamp, COUNT(*),
                AVG(value) FILTER (WHERE ABS(value) < 1e290), AVG(step), AVG(timestamp))
            FROM tracker_point WHERE metric_id = metric AND {within} {during}
                AND NOT is_nan AND value BETWEEN -{largest} AND {largest})
        FROM slot WHERE start <= stop
    """,
    read=read_sqlite,
)


def odd_points(
    metrics: Sequence[Metric], axis: Axis, between: tuple[float, float] | None
) -> dict[int, list[Odd]]:
    """Values that no axis can hold, the first few of them. Mostly there are none."""
    found: dict[int, list[Odd]] = defaultdict(list)
    with_odd = {m.pk: places(m, axis) for m in metrics if m.finite < m.count}
    if not with_odd:
        return found
    rows = (
        Point.objects.filter(metric_id__in=with_odd)
        .filter(Q(is_nan=True) | Q(value__gt=LARGEST) | Q(value__lt=-LARGEST))
        .values_list("metric_id", "step", "timestamp", "value", "is_nan")
    )
    for metric, step, timestamp, value, is_nan in rows[:MAX_ODD]:
        x = with_odd[metric](step, timestamp)
        if not between or between[0] <= x <= between[1]:
            found[metric].append(Odd(x, math.nan if is_nan else value))
    return found


# ---------------------------------------------------------------- smoothing


def smoothed(curve: Curve, alpha: float) -> tuple[list[float], list[float]]:
    """An exponential moving average of a curve: where it stands, and what it says.

    Each value is the mean of itself and everything before it, a point at a distance of
    d steps weighing alpha ** (d / usual distance), divided by the sum of the weights.
    On even steps that is the bias-corrected average of Adam (Kingma and Ba, 2015,
    section 3); the distance in the exponent keeps it right where logging was irregular
    (Eckner, Algorithms for Unevenly Spaced Time Series, 2019). A bucket weighs as much
    as the points it stands for.
    """
    means = curve.means
    if not means:
        return [], []
    usual = (means[-1][0] - means[0][0]) / max(1, curve.points - curve.repeated - 1)
    total = weight = 0.0
    previous = means[0][0]
    x, y = [], []
    for at, mean, count in means:
        decay = alpha ** ((at - previous) / usual) if usual else 1.0
        total = total * decay + mean * count
        weight = weight * decay + count
        previous = at
        x.append(at)
        y.append(total / weight)
    return x, y


# ---------------------------------------------------------------- everything

EXPORT_CHUNK = 5000


def every_point(metrics: Sequence[Metric]) -> Iterator[tuple[int, int, int, float]]:
    """Metric, step, timestamp and value of whole series, never all in memory."""
    rows = points_of(metrics).iterator(chunk_size=EXPORT_CHUNK)
    for metric, step, timestamp, value, is_nan in rows:
        yield metric, step, timestamp, math.nan if is_nan else value
