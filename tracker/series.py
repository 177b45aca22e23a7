"""Metric histories: whole, paged, and sampled.

A history is in the order of time: timestamp, step, value. Where a script logs its steps
one after the other, that is also the order of the points' own key, and a page costs the
same at the end of a million points as at the beginning.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db.models import ExpressionWrapper, F, IntegerField, Q, QuerySet
from django.db.models.aggregates import Count

from tracker import thinning
from tracker.models import Candidate, Metric, Point
from tracker.summary import Row
from tracker.thinning import EVERY_STEP, Kept, Steps

BY_STEP = ("step", "timestamp", "value", "is_nan")
BY_TIME = ("timestamp", "step", "value", "is_nan")
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


def sampled(
    several: Sequence[Series], at_most: int, steps: Steps = EVERY_STEP
) -> dict[int, list[Kept]]:
    """Points of each series, evenly thinned out, by the id of the metric.

    Those that are short enough come whole.
    """
    found: dict[int, list[Kept]] = {series.metric_id: [] for series in several}
    known = lengths(several, steps)
    long = {metric: length for metric, length in known.items() if length > at_most}
    if short := known.keys() - long.keys():
        points = within(Point.objects.filter(metric__in=short), steps)
        ordered = points.order_by("metric", *BY_STEP)
        for metric, *row in ordered.values_list("metric", *KEPT):
            found[metric].append(tuple(row))
    return found | thinning.dealt(long, at_most, steps)


def lengths(several: Sequence[Series], steps: Steps) -> dict[int, int]:
    if steps == EVERY_STEP:
        return {series.metric_id: series.length for series in several}
    points = Point.objects.filter(metric__in=[series.metric_id for series in several])
    numbers = within(points, steps).order_by().values_list("metric")
    return dict(numbers.annotate(number=Count("*")))


def within(points: QuerySet[Point], steps: Steps) -> QuerySet[Point]:
    return points if steps == EVERY_STEP else points.filter(step__range=steps)
