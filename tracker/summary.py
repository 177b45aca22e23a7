"""The summary of a series, kept by every write: first, latest, extremes, mean, count.

Pages sort and show candidates by these columns and never read the points for it.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from tracker.models import Metric


class Row(NamedTuple):
    """A point as it is kept: NaN is 0.0 with a flag. Compares as MLflow's latest does."""

    step: int
    timestamp: int
    value: float
    is_nan: bool


COLUMNS = (
    "step timestamp value is_nan count finite mean min_value min_step max_value max_step"
    " first_step first_timestamp first_value first_is_nan in_order logged_ms"
).split()


def kept(step: int, timestamp: int, value: float) -> Row:
    is_nan = math.isnan(value)
    # 0.0 and -0.0 are one key on one database and two on the other.
    return Row(step, timestamp, 0.0 if is_nan or value == 0 else value, is_nan)


def before_any(row: Row) -> dict[str, Any]:
    """The columns of a series whose points are yet to be stored; `row` will be the first."""
    return {
        "step": row.step,
        "timestamp": row.timestamp,
        "value": row.value,
        "is_nan": row.is_nan,
        "first_step": row.step,
        "first_timestamp": row.timestamp,
        "first_value": row.value,
        "first_is_nan": row.is_nan,
        "count": 0,
        "finite": 0,
        "logged_ms": 0,
    }


def include(metric: Metric, rows: Iterable[Row]) -> None:
    """Take points that were not stored before into the summary."""
    ordered = sorted(rows)
    include_ends(metric, ordered)
    metric.count += len(ordered)
    finite = [row for row in ordered if not row.is_nan and math.isfinite(row.value)]
    if finite:
        include_extremes(metric, finite)
        include_mean(metric, finite)


def include_ends(metric: Metric, ordered: Sequence[Row]) -> None:
    first, latest = ordered[0], ordered[-1]
    metric.in_order = (
        metric.in_order
        and (metric.count == 0 or follows(latest_of(metric), first))
        and all(one.timestamp <= next.timestamp for one, next in pairwise(ordered))
    )
    if metric.count == 0 or latest > latest_of(metric):
        metric.step, metric.timestamp, metric.value, metric.is_nan = latest
    if metric.count == 0 or first < first_of(metric):
        (
            metric.first_step,
            metric.first_timestamp,
            metric.first_value,
            metric.first_is_nan,
        ) = first


def include_extremes(metric: Metric, finite: Sequence[Row]) -> None:
    # Where several steps share the extreme value, the first of them is named.
    lowest = min(finite, key=lambda row: (row.value, row.step))
    highest = max(finite, key=lambda row: (row.value, -row.step))
    if metric.min_value is None or (lowest.value, lowest.step) < (
        metric.min_value,
        metric.min_step,
    ):
        metric.min_value, metric.min_step = lowest.value, lowest.step
    if metric.max_value is None or (highest.value, -highest.step) > (
        metric.max_value,
        -(metric.max_step or 0),
    ):
        metric.max_value, metric.max_step = highest.value, highest.step


def include_mean(metric: Metric, finite: Sequence[Row]) -> None:
    # A weighted mean, not a sum: a sum of large numbers would overflow to infinity.
    before, metric.finite = metric.finite, metric.finite + len(finite)
    share = len(finite) / metric.finite
    mean = math.fsum(row.value / len(finite) for row in finite)
    metric.mean = (
        mean if before == 0 else (metric.mean or 0.0) * (1 - share) + mean * share
    )


def follows(latest: Row, next: Row) -> bool:
    return next > latest and next.timestamp >= latest.timestamp


def latest_of(metric: Metric) -> Row:
    return Row(metric.step, metric.timestamp, metric.value, metric.is_nan)


def first_of(metric: Metric) -> Row:
    return Row(
        metric.first_step,
        metric.first_timestamp,
        metric.first_value,
        metric.first_is_nan,
    )
