"""Curves made calm for the eye, the points as logged staying behind them.

A bucket of a condensed curve weighs as much as the points it stands for, and distances
along the axis count, not the number of points: so a curve looks the same condensed, and
where logging was irregular. Nothing here leaves the range of what was logged.
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracker.curves import Curve

Floats = NDArray[np.float64]

# A Gaussian is nothing any more at three times its width.
REACH = 3
# Weights computed at once; a wide window over many buckets is cut where it matters least.
MAX_WEIGHTS = 2_000_000
# Parts of an envelope: about one for six pixels.
ENVELOPE_PARTS = 150


class Kind(StrEnum):
    EMA = "ema"  # exponential moving average, 0 to 0.99
    MEAN = "avg"  # running mean over so many points
    GAUSS = "gauss"  # Gaussian of this many points' width
    ENVELOPE = "env"  # the lowest and the highest of each part


class Smoothing(NamedTuple):
    kind: Kind
    amount: float = 0.0

    @property
    def text(self) -> str:
        """As an address says it."""
        if self.kind is Kind.ENVELOPE:
            return str(self.kind)
        return f"{self.kind}:{self.amount:g}"

    @property
    def label(self) -> str:
        return {
            Kind.EMA: f"EMA {self.amount:g}",
            Kind.MEAN: f"mean of {self.amount:g} points",
            Kind.GAUSS: f"Gaussian of {self.amount:g} points",
            Kind.ENVELOPE: "envelope",
        }[self.kind]


def smoothed(curve: Curve, by: Smoothing) -> tuple[list[float], list[float]]:
    """Where the calm curve stands, and what it says there. Not for envelopes."""
    if not curve.means:
        return [], []
    x, mean, count = (np.array(part, float) for part in zip(*curve.means, strict=True))
    usual = float(x[-1] - x[0]) / max(1, curve.points - curve.repeated - 1)
    y = mean
    if usual and by.amount:
        with np.errstate(all="ignore"):  # values so large that they cannot be added
            y = AVERAGES[by.kind](x, mean, count, by.amount, usual)
        y = np.where(np.isfinite(y), y, mean)
    # Rounding must not make a curve of what is constant.
    return x.tolist(), np.clip(y, mean.min(), mean.max()).tolist()


def exponential(
    x: Floats, mean: Floats, count: Floats, alpha: float, usual: float
) -> Floats:
    """Each value is the mean of itself and everything before it, a point at a distance of
    d steps weighing alpha ** (d / usual distance), divided by the sum of the weights.

    On even steps that is the bias-corrected average of Adam (Kingma and Ba, 2015,
    section 3); the distance in the exponent keeps it right where logging was irregular
    (Eckner, Algorithms for Unevenly Spaced Time Series, 2019).
    """
    decays = (alpha ** (np.diff(x, prepend=x[0]) / usual)).tolist()
    total = weight = 0.0
    y = []
    for decay, value, many in zip(decays, mean.tolist(), count.tolist(), strict=True):
        total = total * decay + value * many
        weight = weight * decay + many
        y.append(total / weight)
    return np.array(y)


def running_mean(
    x: Floats, mean: Floats, count: Floats, points: float, usual: float
) -> Floats:
    """The mean of what lies around each point, half the width to either side."""
    width = points * usual
    total = np.concatenate(([0.0], np.cumsum(mean * count)))
    weight = np.concatenate(([0.0], np.cumsum(count)))
    low = np.searchsorted(x, x - width / 2, side="left")
    high = np.searchsorted(x, x + width / 2, side="right")
    y: Floats = (total[high] - total[low]) / (weight[high] - weight[low])
    return y


def gaussian(
    x: Floats, mean: Floats, count: Floats, points: float, usual: float
) -> Floats:
    width = points * usual
    near = np.searchsorted(x, x + REACH * width, side="right") - np.arange(len(x))
    reach = int(min(near.max() - 1, max(1, MAX_WEIGHTS // (2 * len(x)))))
    at = np.arange(len(x))[:, None] + np.arange(-reach, reach + 1)[None, :]
    is_there = (at >= 0) & (at < len(x))
    at = at.clip(0, len(x) - 1)
    weight = np.exp(-0.5 * ((x[at] - x[:, None]) / width) ** 2) * count[at] * is_there
    y: Floats = (weight * mean[at]).sum(axis=1) / weight.sum(axis=1)
    return y


AVERAGES = {
    Kind.EMA: exponential,
    Kind.MEAN: running_mean,
    Kind.GAUSS: gaussian,
}


class Envelope(NamedTuple):
    """The lowest and the highest value of each part of a curve."""

    x: list[float]
    low: list[float]
    high: list[float]


def envelope(curve: Curve) -> Envelope:
    if not curve.x:
        return Envelope([], [], [])
    x, y = np.array(curve.x, float), np.array(curve.y, float)
    span = x[-1] - x[0]
    parts = max(1, min(ENVELOPE_PARTS, len(x) // 4))
    part = ((x - x[0]) / span * parts).astype(int).clip(0, parts - 1) if span else x * 0
    starts = np.flatnonzero(np.diff(part, prepend=-1))
    ends = np.append(starts[1:], len(x)) - 1
    return Envelope(
        ((x[starts] + x[ends]) / 2).tolist(),
        np.minimum.reduceat(y, starts).tolist(),
        np.maximum.reduceat(y, starts).tolist(),
    )
