"""The summary of a series, kept by every write: first, latest, extremes, mean, count.

Pages sort and show candidates by these columns and never read the points for it.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import NamedTuple, Self

from tracker.models.candidates import TILED_FROM


class Row(NamedTuple):
    """A point as it is kept: NaN is 0.0 with a flag. Compares as MLflow's latest does."""

    step: int
    timestamp: int
    value: float
    is_nan: bool


def kept(step: int, timestamp: int, value: float) -> Row:
    is_nan = math.isnan(value)
    # 0.0 and -0.0 are one key on one database and two on the other.
    return Row(step, timestamp, 0.0 if is_nan or value == 0 else value, is_nan)


@dataclass(slots=True)
class Summary:
    """The columns of a metric's row that its points decide: see models.Metric.

    Without the model around them, since every point that is logged reads and writes them.
    """

    step: int
    timestamp: int
    value: float
    is_nan: bool
    first_step: int
    first_timestamp: int
    first_value: float
    first_is_nan: bool
    in_order: bool = True
    count: int = 0
    finite: int = 0
    mean: float | None = None
    min_value: float | None = None
    min_step: int | None = None
    max_value: float | None = None
    max_step: int | None = None
    logged_ms: int = 0
    # Where points came late, so that tiles have to be built anew from there.
    dirty_step: int | None = None
    dirty_timestamp: int | None = None

    @classmethod
    def of(cls, rows: Collection[Row]) -> Self:
        """The summary of a series that begins with these points."""
        first = min(rows)
        summary = cls(*first, *first)
        summary.include(rows)
        return summary

    def include(self, rows: Collection[Row]) -> None:
        """Take points in that were not stored before."""
        ordered = sorted(rows)
        self.include_late(ordered[0])
        self.include_ends(ordered)
        self.count += len(ordered)
        finite = [row for row in ordered if not row.is_nan and math.isfinite(row.value)]
        if finite:
            self.include_extremes(finite)
            self.include_mean(finite)

    def include_ends(self, ordered: Sequence[Row]) -> None:
        first, latest = ordered[0], ordered[-1]
        self.in_order = (
            self.in_order
            and (self.count == 0 or follows(self.latest, first))
            and all(one.timestamp <= next.timestamp for one, next in pairwise(ordered))
        )
        if self.count == 0 or latest > self.latest:
            self.step, self.timestamp, self.value, self.is_nan = latest
        if self.count == 0 or first < self.first:
            (
                self.first_step,
                self.first_timestamp,
                self.first_value,
                self.first_is_nan,
            ) = first

    def include_late(self, first: Row) -> None:
        """Remember the first point that is not behind all others: tiles may cover it."""
        place = (first.step, first.timestamp)
        if self.count < TILED_FROM or place > (self.step, self.timestamp):
            return
        if self.dirty_step is None or self.dirty_timestamp is None:
            self.dirty_step, self.dirty_timestamp = place
        else:
            self.dirty_step, self.dirty_timestamp = min(
                place, (self.dirty_step, self.dirty_timestamp)
            )

    def include_extremes(self, finite: Sequence[Row]) -> None:
        # Where several steps share the extreme value, the first of them is named.
        lowest = min(finite, key=lambda row: (row.value, row.step))
        highest = max(finite, key=lambda row: (row.value, -row.step))
        if self.min_value is None or (lowest.value, lowest.step) < (
            self.min_value,
            self.min_step,
        ):
            self.min_value, self.min_step = lowest.value, lowest.step
        if self.max_value is None or (highest.value, -highest.step) > (
            self.max_value,
            -(self.max_step or 0),
        ):
            self.max_value, self.max_step = highest.value, highest.step

    def include_mean(self, finite: Sequence[Row]) -> None:
        # A weighted mean, not a sum: a sum of large numbers would overflow to infinity.
        before, self.finite = self.finite, self.finite + len(finite)
        share = len(finite) / self.finite
        mean = math.fsum(row.value / len(finite) for row in finite)
        self.mean = (
            mean if before == 0 else (self.mean or 0.0) * (1 - share) + mean * share
        )

    @property
    def latest(self) -> Row:
        return Row(self.step, self.timestamp, self.value, self.is_nan)

    @property
    def first(self) -> Row:
        return Row(
            self.first_step, self.first_timestamp, self.first_value, self.first_is_nan
        )


COLUMNS = [field.name for field in fields(Summary)]


def follows(latest: Row, next: Row) -> bool:
    return next > latest and next.timestamp >= latest.timestamp
