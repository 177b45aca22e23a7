"""Configurations ranked by a metric over their repeats, with ties where nobody can tell.

A configuration is all parameters but the seeds. Each is compared with the leader: paired
by seed where three seeds are shared, else by Welch's test; then corrected by Holm, since
many comparisons find a difference by chance. The interval beside a comparison is at the
level at which Holm's procedure decided on it, so it holds zero where there is a tie and
nowhere else. Fewer than three repeats make no claim.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dashboard.charts.statistics import CONFIDENCE, ENOUGH, Summary, quantile, summary
from dashboard.directions import Direction

MAX_ROWS = 40
LEVEL = 0.05


class Value(NamedTuple):
    """One repeat."""

    iid: int
    seed: str  # empty where none was logged
    value: float


class Gap(NamedTuple):
    """The distance to the leader, positive where this one is better.

    As tested by itself; and after `corrected` with regard to all comparisons.
    """

    mean: float
    error: float  # standard error of the mean
    freedom: float
    p: float
    is_paired: bool
    confidence: float = CONFIDENCE

    @property
    def half(self) -> float:
        return quantile(self.freedom, self.confidence) * self.error if self.error else 0

    @property
    def low(self) -> float:
        return self.mean - self.half

    @property
    def high(self) -> float:
        return self.mean + self.half


class Row(NamedTuple):
    """A configuration on the board."""

    config: int
    values: list[Value]
    said: Summary
    rank: int | None  # None: too few repeats to claim one
    gap: Gap | None  # None for the leader, and without enough repeats
    is_tie: bool

    @property
    def is_leader(self) -> bool:
        return self.rank == 1 and self.gap is None

    @property
    def is_sure(self) -> bool:
        return self.said.n >= ENOUGH

    @property
    def place(self) -> str:
        if self.rank is None:
            return "?"
        return "=" if self.is_tie else str(self.rank)


def board(values: Mapping[int, Sequence[Value]], towards: Direction) -> list[Row]:
    """The best in front, those without enough repeats among them by their mean."""
    sign = -1 if towards is Direction.MIN else 1
    rows = [
        Row(config, list(repeats), said, None, None, False)
        for config, repeats in values.items()
        if (said := summary([repeat.value for repeat in repeats]))
    ]
    rows.sort(key=lambda row: (-sign * row.said.mean, row.config))
    rows = rows[:MAX_ROWS]
    sure = [row for row in rows if row.is_sure]
    if not sure:
        return rows
    leader = sure[0]
    gaps = {
        row.config: gap(row.values, leader.values, sign)
        for row in sure
        if row != leader
    }
    gaps = corrected(gaps)
    found, rank = [], 0
    for row in rows:
        if not row.is_sure:
            found.append(row)
            continue
        rank += 1
        found.append(
            row._replace(
                rank=rank,
                gap=gaps.get(row.config),
                is_tie=row.config in gaps and gaps[row.config].p > LEVEL,
            )
        )
    return found


def gap(mine: Sequence[Value], best: Sequence[Value], sign: int) -> Gap:
    pairs = shared(mine, best)
    if len(pairs) >= ENOUGH:
        return paired([sign * (a - b) for a, b in pairs])
    return welch(
        [sign * value.value for value in mine], [sign * value.value for value in best]
    )


def shared(mine: Sequence[Value], best: Sequence[Value]) -> list[tuple[float, float]]:
    """Values of the same seed, where a seed names one repeat on each side."""
    ours = once(mine)
    theirs = once(best)
    return [(ours[seed], theirs[seed]) for seed in sorted(ours) if seed in theirs]


def once(values: Sequence[Value]) -> dict[str, float]:
    seeds = [value.seed for value in values]
    return {
        value.seed: value.value
        for value in values
        if value.seed and seeds.count(value.seed) == 1
    }


# ---------------------------------------------------------------- tests


def paired(differences: Sequence[float]) -> Gap:
    """Student's paired test (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.3)."""
    n = len(differences)
    mean = statistics.fmean(differences)
    error = statistics.stdev(differences) / math.sqrt(n)
    return tested(mean, error, n - 1, is_paired=True)


def welch(one: Sequence[float], other: Sequence[float]) -> Gap:
    """Welch's test for unequal variances, with the degrees of freedom of Satterthwaite.

    NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.3.
    """
    a = statistics.variance(one) / len(one)
    b = statistics.variance(other) / len(other)
    mean = statistics.fmean(one) - statistics.fmean(other)
    bottom = a**2 / (len(one) - 1) + b**2 / (len(other) - 1)
    freedom = (a + b) ** 2 / bottom if bottom else len(one) + len(other) - 2
    return tested(mean, math.sqrt(a + b), freedom, is_paired=False)


def tested(mean: float, error: float, freedom: float, *, is_paired: bool) -> Gap:
    if error == 0:
        return Gap(mean, 0.0, freedom, 1.0 if mean == 0 else 0.0, is_paired)
    from scipy.special import stdtr  # a third of a second that most pages can save

    p = 2 * float(stdtr(freedom, -abs(mean) / error))
    return Gap(mean, error, freedom, p, is_paired)


def corrected(gaps: Mapping[int, Gap]) -> dict[int, Gap]:
    """The same with p adjusted by Holm, and intervals at the level of his steps.

    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian
    Journal of Statistics 6: of m comparisons the one with the j-th smallest p is tested at
    5 % / (m - j + 1), and the first that fails ends the procedure. The adjusted p is the
    greatest (m - j + 1) p up to there. A comparison that was not reached was decided on
    where the procedure ended; that step's level is its interval's.
    """
    ordered = sorted(gaps, key=lambda key: gaps[key].p)
    found: dict[int, Gap] = {}
    adjusted, level, is_over = 0.0, LEVEL, False
    for place, key in enumerate(ordered):
        left = len(ordered) - place
        adjusted = max(adjusted, min(1.0, left * gaps[key].p))
        if not is_over:
            level = LEVEL / left
        is_over = is_over or adjusted > LEVEL
        found[key] = gaps[key]._replace(p=adjusted, confidence=1 - level)
    return found


# ---------------------------------------------------------------- Pareto


def front(points: Sequence[Sequence[float]], signs: Sequence[int]) -> list[bool]:
    """Which points no other beats in one thing without losing in another."""
    import numpy as np  # only where a page needs it

    if not points:
        return []
    better = np.array(points, dtype=float) * np.array(signs, dtype=float)
    order = np.lexsort(tuple(-better[:, axis] for axis in reversed(range(len(signs)))))
    kept = np.zeros(len(points), dtype=bool)
    standing = np.empty((0, len(signs)))
    for index in order:
        point = better[index]
        beaten = np.any(
            np.all(standing >= point, axis=1) & np.any(standing > point, axis=1)
        )
        if not beaten:
            kept[index] = True
            standing = np.vstack([standing, point])
    return [bool(value) for value in kept]
