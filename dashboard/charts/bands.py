"""Many curves as one: the mean of repeats with its interval, or where most of them lie.

Every member counts, whether it is drawn or not: hiding a curve never moves a mean.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dashboard.charts.figures import DASHES, Figure, Look, figure, x_axis
from dashboard.charts.packing import typed
from dashboard.charts.statistics import ENOUGH, quantile
from tracker.curves import Axis

PLACES = 160  # along the axis
FILL_INK = 18  # per cent


class Line(NamedTuple):
    """One member's curve, in order of x."""

    x: Sequence[float]
    y: Sequence[float]


class Band(NamedTuple):
    """A middle with an edge on both sides; NaN where there is none."""

    x: list[float]
    middle: list[float]
    low: list[float]
    high: list[float]
    members: list[int]  # how many curves reach each place


def placed(lines: Sequence[Line]) -> tuple[np.ndarray, np.ndarray]:
    """All curves at the same places: straight between their points, and NaN outside."""
    ends = [(line.x[0], line.x[-1]) for line in lines if len(line.x)]
    if not ends:
        return np.empty(0), np.empty((0, 0))
    low, high = min(a for a, _ in ends), max(b for _, b in ends)
    x = np.linspace(low, high, PLACES if high > low else 1)
    rows = [
        np.interp(x, line.x, line.y, left=np.nan, right=np.nan)
        for line in lines
        if len(line.x)
    ]
    return x, np.array(rows)


def interval(lines: Sequence[Line]) -> Band | None:
    """Mean and 95 % interval of the mean, x̄ ± t(0.975, n - 1) s / √n.

    Student's t, as in the NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.2. With
    fewer than three curves at a place there is a mean and no interval.
    """
    x, rows = placed(lines)
    if not len(rows):
        return None
    members = np.sum(~np.isnan(rows), axis=0)
    filled = np.nan_to_num(rows)
    mean = filled.sum(axis=0) / np.maximum(members, 1)
    apart = np.where(np.isnan(rows), 0.0, rows - mean)
    freedom = np.maximum(members - 1, 1)
    deviation = np.sqrt((apart**2).sum(axis=0) / freedom)
    t = np.array([quantile(int(n)) for n in freedom])
    half = np.where(
        members >= ENOUGH, t * deviation / np.sqrt(np.maximum(members, 1)), 0.0
    )
    mean = np.where(members > 0, mean, np.nan)
    return made(x, mean, mean - half, mean + half, members)


def envelope(lines: Sequence[Line]) -> Band | None:
    """The median, and the 10th to the 90th percentile around it.

    Percentiles are interpolated linearly (Hyndman and Fan 1996, type 7).
    """
    x, rows = placed(lines)
    if not len(rows):
        return None
    members = np.sum(~np.isnan(rows), axis=0)
    reached = members > 0
    edges = np.full((3, len(x)), np.nan)
    edges[:, reached] = np.nanpercentile(rows[:, reached], [10, 50, 90], axis=0)
    low, middle, high = edges
    return made(x, middle, low, high, members)


def made(
    x: np.ndarray,
    middle: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    members: np.ndarray,
) -> Band:
    return Band(
        x.tolist(), middle.tolist(), low.tolist(), high.tolist(), members.tolist()
    )


# ---------------------------------------------------------------- the figure


class Drawn(NamedTuple):
    """A band, and how it looks."""

    id: str
    look: Look
    band: Band


def bands(
    drawn: Sequence[Drawn], *, axis: Axis, scale: float, unit: Any, is_log: bool
) -> Figure:
    data: list[dict[str, Any]] = []
    for one in drawn:
        data += traces(one, scale, is_log)
    return figure(
        data,
        {
            "xaxis": x_axis(axis, unit),
            "yaxis": {"type": "log" if is_log else "linear"},
        },
    )


def traces(one: Drawn, scale: float, is_log: bool) -> list[dict[str, Any]]:
    band = one.band
    x = [at / scale for at in band.x] if scale != 1 else band.x
    colour = one.look.colour
    edge = {
        "type": "scatter",
        "mode": "lines",
        "legendgroup": one.id,
        "x": typed(x),
        "line": {"color": colour, "width": 0},
        "hoverinfo": "skip",
        "meta": {"raw": 1},
    }
    shape = {"dash": DASHES[one.look.dash]} if one.look.dash else {}
    return [
        {**edge, "y": gaps(band.low, is_log)},
        {
            **edge,
            "y": gaps(band.high, is_log),
            "fill": "tonexty",
            "fillcolor": f"{colour}/{FILL_INK}",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "legendgroup": one.id,
            "x": typed(x),
            "y": gaps(band.middle, is_log),
            "line": {"color": colour, "width": 1.75, **shape},
            "hoverinfo": "none",
        },
    ]


def gaps(values: Sequence[float], is_log: bool) -> dict[str, str]:
    """A place without a number is a gap, and so is what a logarithm does not have."""
    return typed(math.nan if is_log and value <= 0 else value for value in values)
