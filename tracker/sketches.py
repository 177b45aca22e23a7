"""A few points of each series, for pictures of a thumb's size.

A sketch asks for the point at each of some evenly spaced places, so that its cost does
not depend on the length of the series. The lowest and the highest point come from the
summary and are always among them.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from django.db import connection

from tracker.models import Metric

# Before any time that a script can have logged.
EARLIEST = -(2**63)


class Sample(NamedTuple):
    """A point of a series' sketch."""

    step: int
    timestamp: int
    value: float


def sketched(metrics: Sequence[Metric], samples: int = 48) -> dict[int, list[Sample]]:
    """The sketches of some series, by the id of their metric. One query for them all."""
    spots = [spot for metric in metrics for spot in spots_of(metric, samples)]
    found: dict[int, set[Sample]] = {metric.pk: set() for metric in metrics}
    # SQLite takes 32,766 variables in one statement; three make a spot.
    for chunk in in_chunks(spots, 10_000):
        for metric, step, timestamp, value, is_nan in points_at(chunk):
            if step is not None and not is_nan and math.isfinite(value):
                found[metric].add(Sample(step, timestamp, value))
    return {
        metric.pk: sorted(found[metric.pk] | extremes(metric, found[metric.pk]))
        for metric in metrics
    }


def spots_of(metric: Metric, samples: int) -> list[tuple[int, int, int]]:
    """Evenly spaced over the steps; over the time where all share one step."""
    parts = max(1, min(samples, metric.count) - 1)
    low, high = metric.first_step, metric.step
    if low == high:
        low, high = metric.first_timestamp, metric.timestamp
        return [
            (metric.pk, metric.step, low + (high - low) * part // parts)
            for part in range(parts + 1)
        ]
    return [
        (metric.pk, low + (high - low) * part // parts, EARLIEST)
        for part in range(parts + 1)
    ]


def points_at(
    spots: Sequence[tuple[int, int, int]],
) -> list[tuple[int, int, int, float, bool]]:
    """For each metric, step and timestamp, the first point that is not before it."""
    spot = "(CAST(%s AS bigint), CAST(%s AS bigint), CAST(%s AS bigint))"
    values = ", ".join([spot] * len(spots))
    first = (
        "(SELECT {column} FROM tracker_point"
        " WHERE metric_id = metric AND (step, timestamp) >= (from_step, from_time)"
        " ORDER BY step, timestamp, value, is_nan LIMIT 1)"
    )
    columns = ", ".join(
        first.format(column=column)
        for column in ("step", "timestamp", "value", "is_nan")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH spot (metric, from_step, from_time) AS (VALUES {values})"
            f" SELECT metric, {columns} FROM spot",
            list(chain.from_iterable(spots)),
        )
        return list(cursor.fetchall())


def extremes(metric: Metric, samples: Iterable[Sample]) -> set[Sample]:
    """The summary's lowest and highest point; their time is that of their neighbour."""
    known = sorted(samples)
    found = set()
    for step, value in (
        (metric.min_step, metric.min_value),
        (metric.max_step, metric.max_value),
    ):
        if step is None or value is None:
            continue
        before = [sample.timestamp for sample in known if sample.step <= step]
        found.add(Sample(step, before[-1] if before else metric.first_timestamp, value))
    return found


def in_chunks(
    spots: Sequence[tuple[int, int, int]], size: int
) -> Iterator[Sequence[tuple[int, int, int]]]:
    for start in range(0, len(spots), size):
        yield spots[start : start + size]
