"""What several repeats say together: their mean, and how sure it is."""

import functools
import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.95
# Of two values an interval could be computed; it would be thirteen deviations wide.
ENOUGH = 3


class Summary(NamedTuple):
    n: int
    mean: float
    median: float
    low: float
    high: float
    half_width: float | None  # of the interval around the mean; None for too few values

    def as_one(self, how: str) -> float:
        """The number that stands for all: mean, median, min or max."""
        return {"median": self.median, "min": self.low, "max": self.high}.get(
            how, self.mean
        )


def summary(values: Sequence[float]) -> Summary | None:
    """None where no value is a finite number."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    mean = math.fsum(value / len(finite) for value in finite)
    return Summary(
        len(finite),
        mean,
        statistics.median(finite),
        min(finite),
        max(finite),
        half_width(finite),
    )


def half_width(values: Sequence[float]) -> float | None:
    """Of Student's interval, for repeats that are few and of unknown spread."""
    n = len(values)
    if n < ENOUGH:
        return None
    try:
        return quantile(n - 1) * statistics.stdev(values) / math.sqrt(n)
    except OverflowError:  # wider than any number
        return None


@functools.lru_cache(1000)
def quantile(freedom: float, confidence: float = CONFIDENCE) -> float:
    from scipy.special import stdtrit  # a third of a second that most pages can save

    return float(stdtrit(freedom, (1 + confidence) / 2))


def pooled(samples: Sequence[Sequence[float]]) -> float | None:
    """The standard deviation within several samples, √(Σ (nᵢ - 1) sᵢ² / Σ (nᵢ - 1)).

    None unless one of them has enough values.
    """
    usable = [[v for v in sample if math.isfinite(v)] for sample in samples]
    usable = [sample for sample in usable if len(sample) > 1]
    if not any(len(sample) >= ENOUGH for sample in usable):
        return None
    freedom = sum(len(sample) - 1 for sample in usable)
    try:
        square = math.fsum(
            (len(sample) - 1) / freedom * statistics.variance(sample)
            for sample in usable
        )
    except OverflowError:
        return None
    return math.sqrt(square)
