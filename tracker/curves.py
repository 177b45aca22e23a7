"""Series made small enough to draw, without losing what an eye would look for.

A long curve is cut into buckets. Each bucket keeps its lowest and its highest point where
they are, so that a single spike among a million points is still there; the first and the
last point are kept as well. Very long series come from tiles, as far as these are built,
and from their points after that; the others from their points alone: see tiles, cutting.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from tracker import cutting, tiles
from tracker.cutting import Axis, Between, Bucket, Odd, places
from tracker.models import Metric, Point

__all__ = ["Axis", "Curve", "Odd", "condensed", "every_point"]

# Twice the width of a chart in pixels; beyond that an eye sees no difference.
MAX_BUCKETS = 1500
# What a browser draws without stuttering, over all lines of one chart.
MAX_POINTS = 60_000
# Points that one chart reads while it is asked for; longer series come from their tiles.
MAX_READ = 100_000


class Curve(NamedTuple):
    """A series as a chart draws it, in order of x."""

    x: list[float]
    y: list[float]
    # What smoothing reads: mean x, mean value and number of points of each bucket.
    means: list[tuple[float, float, int]]
    points: int  # how many finite ones stand behind the line
    buckets: int  # into which they were condensed; 0 where every point is drawn
    repeated: int  # points that share their x with a later one, and are not on the line
    odd: list[Odd]

    @property
    def is_condensed(self) -> bool:
        return self.buckets > 0


def condensed(
    metrics: Sequence[Metric],
    *,
    axis: Axis = Axis.STEP,
    buckets: int = MAX_BUCKETS,
    between: Between | None = None,
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
    return whole(short, axis, between) | in_buckets(long, axis, buckets, between)


# ---------------------------------------------------------------- short series


def whole(
    metrics: Sequence[Metric], axis: Axis, between: Between | None
) -> dict[int, Curve]:
    """Every point. Where several share an x, the line takes the last of them."""
    series: dict[int, list[tuple[float, float]]] = {m.pk: [] for m in metrics}
    odd: dict[int, list[Odd]] = {m.pk: [] for m in metrics}
    place = {metric.pk: places(metric, axis) for metric in metrics}
    for metric, step, timestamp, value, is_nan in points_of(metrics):
        x = place[metric](step if axis == Axis.STEP else timestamp)
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
        buckets=0,
        repeated=len(points) - len(line),
        odd=odd[: cutting.MAX_ODD],
    )


# ---------------------------------------------------------------- long series


def in_buckets(
    metrics: Sequence[Metric], axis: Axis, buckets: int, between: Between | None
) -> dict[int, Curve]:
    if not metrics:
        return {}
    view = tiles.View(axis, between, buckets)
    if sum(metric.count for metric in metrics) > MAX_READ:
        found = tiles.read(metrics, view, at_most=MAX_READ)
    else:
        plans = cutting.worthwhile([cutting.plan(metric, *view) for metric in metrics])
        odd = cutting.odd_points(plans, axis, between)
        found = tiles.Found(cutting.fetch(plans, axis), odd)
    return {
        metric.pk: joined(
            metric,
            found.buckets.get(metric.pk, []),
            axis,
            between,
            found.odd.get(metric.pk, []),
        )
        for metric in metrics
    }


def joined(
    metric: Metric,
    buckets: Sequence[Bucket | tiles.Seen],
    axis: Axis,
    between: Between | None,
    odd: list[Odd],
) -> Curve:
    place = places(metric, axis)
    points = {(place(bucket.low_at), bucket.low) for bucket in buckets}
    points |= {(place(bucket.high_at), bucket.high) for bucket in buckets}
    if between:
        points = {point for point in points if between[0] <= point[0] <= between[1]}
    else:
        points |= first_and_last(metric, axis)
    line = sorted(points)
    count = sum(bucket.points for bucket in buckets)
    return Curve(
        x=[x for x, _ in line],
        y=[y for _, y in line],
        means=sorted(
            (place(b.at), b.mean, b.points) for b in buckets if b.mean is not None
        ),
        points=count,
        buckets=len(buckets) if count > len(line) else 0,
        repeated=0,
        odd=odd[: cutting.MAX_ODD],
    )


def first_and_last(metric: Metric, axis: Axis) -> set[tuple[float, float]]:
    """The two ends of a series, where they can be drawn."""
    by_step = axis == Axis.STEP
    place = places(metric, axis)
    begin = metric.first_step if by_step else metric.first_timestamp
    end = metric.step if by_step else metric.timestamp
    first = (place(begin), metric.first_value)
    last = (place(end), metric.value)
    both = ((first, metric.first_is_nan), (last, metric.is_nan))
    return {point for point, is_nan in both if not is_nan and math.isfinite(point[1])}


# ---------------------------------------------------------------- everything

EXPORT_CHUNK = 5000


def every_point(metrics: Sequence[Metric]) -> Iterator[tuple[int, int, int, float]]:
    """Metric, step, timestamp and value of whole series, never all in memory."""
    rows = points_of(metrics).iterator(chunk_size=EXPORT_CHUNK)
    for metric, step, timestamp, value, is_nan in rows:
        yield metric, step, timestamp, math.nan if is_nan else value
