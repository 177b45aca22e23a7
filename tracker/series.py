"""Metric histories: whole, paged, and sampled.

A history is in the order of time: timestamp, step, value. Where a script logs its steps
one after the other, that is also the order of the points' own key, and a page costs the
same at the end of a million points as at the beginning.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db.models import (
    ExpressionWrapper,
    F,
    IntegerField,
    Q,
    QuerySet,
    Window,
)
from django.db.models.aggregates import Count
from django.db.models.functions import RowNumber

from tracker.models import Candidate, Metric, Point
from tracker.summary import Row

BY_STEP = ("step", "timestamp", "value", "is_nan")
BY_TIME = ("timestamp", "step", "value", "is_nan")

# A summary.Row without its names. Histories are long, and a plain tuple is made in a
# quarter of the time; for the same reason SQLite's 0 or 1 is not made a bool.
Kept = tuple[int, int, float, bool]
IS_NAN = ExpressionWrapper(F("is_nan"), output_field=IntegerField())
KEPT = ("step", "timestamp", "value", IS_NAN)


class Series(NamedTuple):
    """A series to read: what its metric's row says of it."""

    metric_id: int
    eid: str
    length: int
    in_order: bool


def named(candidates: QuerySet[Candidate], key: str) -> list[Series]:
    """The series of one metric, by candidate."""
    rows = Metric.objects.filter(candidate__in=candidates, key=key).order_by("eid")
    return [Series(*row) for row in rows.values_list("pk", "eid", "count", "in_order")]


# ---------------------------------------------------------------- whole


def history(
    series: Series, *, after: Row | None = None, limit: int | None = None
) -> list[Kept]:
    """The points in the order of time, or those that follow one of them."""
    points = Point.objects.filter(metric=series.metric_id)
    if series.in_order:
        if after is not None:
            points = points.filter(pk__gt=(series.metric_id, *after))
        return rows_of(points.order_by(*BY_STEP)[:limit])
    if after is not None:
        points = points.filter(later_than(after))
    return rows_of(points.order_by(*BY_TIME)[:limit])


def later_than(row: Row) -> Q:
    """Whatever comes after a point in the order of time."""
    later = Q()
    for depth in range(len(BY_TIME), 0, -1):
        *same, last = BY_TIME[:depth]
        equal = {name: getattr(row, name) for name in same}
        later |= Q(**equal, **{f"{last}__gt": getattr(row, last)})
    return later


def histories(several: Sequence[Series], limit: int) -> Iterator[tuple[str, Kept]]:
    """The histories one after the other, `limit` points of all of them together."""
    together: list[Series] = []
    room = limit
    for series in several:
        if series.length > room:
            break
        together.append(series)
        room -= series.length
    yield from whole(together)
    if room and len(together) < len(several):
        cut = several[len(together)]
        yield from ((cut.eid, row) for row in history(cut, limit=room))


def whole(several: Sequence[Series]) -> Iterator[tuple[str, Kept]]:
    """All points of some series in one query, series by series as they are given."""
    points = Point.objects.filter(metric__in=[series.metric_id for series in several])
    found: dict[int, list[Kept]] = {series.metric_id: [] for series in several}
    ordered = points.order_by("metric", *BY_TIME)
    for metric, *row in ordered.values_list("metric", *KEPT):
        found[metric].append(tuple(row))
    for series in several:
        yield from ((series.eid, row) for row in found[series.metric_id])


def rows_of(points: QuerySet[Point]) -> list[Kept]:
    return list(points.values_list(*KEPT))


# ---------------------------------------------------------------- sampled


class Steps(NamedTuple):
    """A range of steps, both ends in it."""

    first: int
    last: int


def sampled(
    several: Sequence[Series], at_most: int, steps: Steps | None = None
) -> dict[int, list[Kept]]:
    """Points of each series, evenly thinned out, by the id of the metric.

    In order of steps the points are dealt into `at_most` runs of nearly equal length (the
    first runs are the longer ones, as NTILE deals), and the first of each run is taken.
    The last point of all is always among them, if need be in place of the last run's.
    """
    found: dict[int, list[Kept]] = {series.metric_id: [] for series in several}
    by_length: dict[int, list[int]] = defaultdict(list)
    for metric, length in lengths(several, steps).items():
        # Those that are short enough come whole, and together.
        by_length[length if length > at_most else at_most].append(metric)
    for length, metrics in by_length.items():
        points = within(Point.objects.filter(metric__in=metrics), steps)
        if length > at_most:
            points = thinned(points, length, at_most)
        ordered = points.order_by("metric", *BY_STEP)
        for metric, *row in ordered.values_list("metric", *KEPT):
            found[metric].append(tuple(row))
    for rows in found.values():
        if len(rows) > at_most:
            # The last point came besides the first of each run.
            del rows[-2]
    return found


def lengths(several: Sequence[Series], steps: Steps | None) -> dict[int, int]:
    if steps is None:
        return {series.metric_id: series.length for series in several}
    points = Point.objects.filter(metric__in=[series.metric_id for series in several])
    numbers = within(points, steps).order_by().values_list("metric")
    return dict(numbers.annotate(number=Count("*")))


def within(points: QuerySet[Point], steps: Steps | None) -> QuerySet[Point]:
    return points if steps is None else points.filter(step__range=steps)


def thinned(points: QuerySet[Point], length: int, at_most: int) -> QuerySet[Point]:
    """Of series of one length: the first point of each run, and the last of all."""
    short, longer = divmod(length, at_most)
    # How many points the longer runs hold together; they come first.
    head = longer * (short + 1)
    by_step = [F(name).asc() for name in BY_STEP]
    number = Window(RowNumber(), partition_by=[F("metric")], order_by=by_step)
    wanted = Q(rank=length - 1)
    if at_most > 1:
        wanted |= Q(rank__lt=head, in_longer=0) | Q(rank__gte=head, in_shorter=0)
    return (
        points.annotate(rank=number - 1)
        .annotate(
            in_longer=F("rank") % (short + 1), in_shorter=(F("rank") - head) % short
        )
        .filter(wanted)
    )
