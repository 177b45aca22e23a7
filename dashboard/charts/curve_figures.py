"""Curves as a figure: lines over one axis, with their marks, in Plotly's schema."""

import math
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from dashboard.charts.figures import (
    DASHES,
    MARKED_POINTS,
    SECONDS,
    Figure,
    Look,
    Unit,
    escaped,
    figure,
    x_axis,
)
from dashboard.charts.packing import typed
from tracker.curves import Axis, Curve, Odd
from tracker.smoothing import Envelope

RAW_INK = 35  # per cent, of a line that a smoothed one runs over
BAND_INK = 20
# How many places on an axis are told apart where nobody reads numbers off the line, and
# where one of many points stands for all around it: zooming in brings the others.
DRAWN = 2**12
NEAR = 2**15
# Where outliers are left out, this share of the values at either end is.
OUTLYING = 0.01
MAX_CLIPPED = 300  # marks at the edges
# Values that differ by less are the same to a reader, and rounding to a computer.
SAME = 1e-9


class Mark(NamedTuple):
    """A point that is named: the best one."""

    x: float
    y: float
    text: str


class Line(NamedTuple):
    """One candidate's curve in a chart."""

    id: str
    look: Look
    curve: Curve
    smooth: tuple[list[float], list[float]] | None = None
    envelope: Envelope | None = None
    best: Mark | None = None
    is_live: bool = False
    is_right: bool = False  # on the second axis
    name: str = ""  # where a chart has several metrics


class Paper(NamedTuple):
    """What the lines are drawn on."""

    axis: Axis
    unit: Unit = SECONDS
    is_log: bool = False
    is_clipped: bool = False
    across: str = ""  # the metric that takes the place of the steps
    left: str = ""  # titles, where there are two axes
    right: str = ""
    span: tuple[float, float] | None = None  # what the values can lie between
    is_from_zero: bool = False  # amounts, whose share of nothing is of interest

    @property
    def scale(self) -> int:
        return self.unit.seconds if self.axis == Axis.RELATIVE else 1


def lines(drawn: Sequence[Line], paper: Paper) -> Figure:
    """Thin and pale as logged under thick and smoothed."""
    data: list[dict[str, Any]] = []
    for line in drawn:
        data += traces(line, paper)
    for line in drawn:  # on top of all lines
        data += marks(line, paper)
    values = [y for line in drawn if not line.is_right for y in line.curve.y]
    limits = fixed_range(values, paper)
    if paper.is_clipped and limits:
        data += clipped(drawn, limits, paper)
    return figure(data, layout(drawn, limits, paper))


def layout(
    drawn: Sequence[Line], limits: tuple[float, float] | None, paper: Paper
) -> dict[str, Any]:
    kind = "log" if paper.is_log else "linear"
    found: dict[str, Any] = {
        "xaxis": {"title": {"text": escaped(paper.across)}}
        if paper.across
        else x_axis(paper.axis, paper.unit),
        "yaxis": {"type": kind},
    }
    if paper.is_from_zero and not limits:
        found["yaxis"]["rangemode"] = "tozero"
    if limits:
        low, high = limits
        if not paper.is_log:
            found["yaxis"]["range"] = [low, high]
        elif low > 0:
            found["yaxis"]["range"] = [math.log10(low), math.log10(high)]
    if paper.left:
        found["yaxis"]["title"] = {"text": escaped(paper.left)}
    if paper.right:
        found["yaxis3"] = {
            "overlaying": "y",
            "side": "right",
            "type": kind,
            "showgrid": False,
            "tickmode": "auto",
            "title": {"text": escaped(paper.right)},
        }
        found["margin"] = {"l": 64, "r": 64, "t": 8, "b": 44}
    if any(line.curve.odd for line in drawn) or (paper.is_clipped and limits):
        found["yaxis2"] = {
            "overlaying": "y",
            "range": [0, 1],
            "visible": False,
            "fixedrange": True,
        }
    annotations = [
        {
            "x": line.best.x / paper.scale,
            "y": math.log10(line.best.y) if paper.is_log else line.best.y,
            "text": escaped(line.best.text),
            "showarrow": False,
            "yshift": 14,
            "font": {"size": 12, "color": "--text"},
        }
        for line in drawn
        if line.best and (line.best.y > 0 or not paper.is_log)
    ]
    if annotations:
        found["annotations"] = annotations
    return found


# ---------------------------------------------------------------- the axis upwards


def fixed_range(values: Sequence[float], paper: Paper) -> tuple[float, float] | None:
    """Where the axis cannot be left to the values themselves."""
    known = np.array([y for y in values if y > 0 or not paper.is_log], float)
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    if paper.span and paper.span[0] <= low and high <= paper.span[1]:
        return None if paper.is_log else paper.span
    if paper.is_clipped:
        cut = np.quantile(known, [OUTLYING, 1 - OUTLYING])
        return padded(float(cut[0]), float(cut[1]), 0.02, is_log=paper.is_log)
    if high - low <= SAME * max(abs(low), abs(high)):
        # Else the axis would blow up what is only rounding.
        if paper.is_from_zero and low > 0 and not paper.is_log:
            return 0, high * 1.1
        return padded(low, high, is_log=paper.is_log)
    return None


def padded(
    low: float, high: float, part: float = 0.1, *, is_log: bool
) -> tuple[float, float]:
    """With some room around, a part of what lies between."""
    if is_log:
        room = (high / low) ** part if high / low > 1 + SAME else 1.5
        return low / room, high * room
    spread = high / 2 - low / 2  # halves, for the largest numbers there are
    size = max(abs(low), abs(high))
    room = spread * 2 * part if spread > SAME * size else min(size, 1e300) * 0.1 or 1.0
    return low - room, high + room


def outside(line: Line, limits: tuple[float, float], paper: Paper) -> list[Odd]:
    """The points of a line that lie beyond the axis."""
    low, high = limits
    return [
        Odd(x, y)
        for x, y in zip(line.curve.x, line.curve.y, strict=True)
        if not low <= y <= high and (y > 0 or not paper.is_log)
    ]


def clipped(
    drawn: Sequence[Line], limits: tuple[float, float], paper: Paper
) -> Iterable[dict[str, Any]]:
    """A mark at the edge for what lies beyond it, as many as can be told apart."""
    for line in drawn:
        found = [] if line.is_right else outside(line, limits, paper)
        found = found[:: len(found) // MAX_CLIPPED + 1]
        if found:
            above = [odd.value > limits[1] for odd in found]
            yield {
                **bare(line),
                "x": [odd.x / paper.scale for odd in found],
                "y": [0.99 if is_above else 0.01 for is_above in above],
                "yaxis": "y2",
                "marker": {
                    "size": 6,
                    "color": line.look.colour,
                    "symbol": [
                        f"triangle-{'up' if is_above else 'down'}-open"
                        for is_above in above
                    ],
                },
            }


# ---------------------------------------------------------------- traces


def traces(line: Line, paper: Paper) -> list[dict[str, Any]]:
    x, y = drawable(line.curve.x, line.curve.y, paper)
    colour = line.look.colour
    shape = {"dash": DASHES[line.look.dash]} if line.look.dash else {}
    bare = {"type": "scatter", "mode": "lines", "legendgroup": line.id}
    if line.name:
        bare["name"] = escaped(line.name)
    if line.is_right:
        bare["yaxis"] = "y3"
    if line.envelope is not None:
        return band(line.envelope, bare, line.look, paper)
    is_condensed = line.curve.is_condensed
    if line.smooth is None:
        is_whole = all(isinstance(at, int) for at in x)  # steps, which readers count
        mode = "lines+markers" if len(x) <= MARKED_POINTS else "lines"
        return [
            {
                **bare,
                "mode": mode,
                "x": typed(x, places=NEAR if is_condensed and not is_whole else 0),
                "y": typed(y),
                "line": {"color": colour, "width": 1.75, **shape},
                "marker": {"size": 5, "color": colour},
                "hoverinfo": "none",
            }
        ]
    smooth_x, smooth_y = drawable(*line.smooth, paper)
    return [
        {
            **bare,
            "x": typed(x, places=DRAWN if is_condensed else 0),
            "y": typed(y, places=DRAWN if is_condensed else 0),
            "line": {"color": f"{colour}/{RAW_INK}", "width": 1},
            "hoverinfo": "skip",
            "meta": {"raw": 1},
        },
        {
            **bare,
            "x": typed(smooth_x, places=NEAR if is_condensed else 0),
            "y": typed(smooth_y),
            "line": {"color": colour, "width": 1.75, **shape},
            "hoverinfo": "none",
        },
    ]


def band(
    envelope: Envelope, bare: dict[str, Any], look: Look, paper: Paper
) -> list[dict[str, Any]]:
    """From the lowest to the highest, and nothing that pretends to be their middle."""
    shape = {"dash": DASHES[look.dash]} if look.dash else {}
    low_x, low = drawable(envelope.x, envelope.low, paper)
    high_x, high = drawable(envelope.x, envelope.high, paper)
    edge = {"color": look.colour, "width": 1, **shape}
    return [
        {
            **bare,
            "x": typed(low_x),
            "y": typed(low),
            "line": edge,
            "hoverinfo": "skip",
            "meta": {"raw": 1},
        },
        {
            **bare,
            "x": typed(high_x),
            "y": typed(high),
            "line": edge,
            "fill": "tonexty",
            "fillcolor": f"{look.colour}/{BAND_INK}",
            "hoverinfo": "none",
        },
    ]


def drawable(
    x: Sequence[float], y: Sequence[float], paper: Paper
) -> tuple[list[float], list[float]]:
    """In the axis' unit, and without what a logarithmic axis cannot show."""
    if paper.is_log:
        shown = [value > 0 for value in y]
        x, y = list(compress(x, shown)), list(compress(y, shown))
    scale = paper.scale
    return [at / scale for at in x] if scale != 1 else list(x), list(y)


# ---------------------------------------------------------------- marks


def bare(line: Line) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "legendgroup": line.id,
        "hoverinfo": "skip",
        "meta": {"raw": 1},
    }


def marks(line: Line, paper: Paper) -> list[dict[str, Any]]:
    """The best point as a ring, the end of a live curve as a dot, oddities at the edge."""
    colour = line.look.colour
    side = {"yaxis": "y3"} if line.is_right else {}
    found: list[dict[str, Any]] = []
    if line.curve.odd:
        found.append(
            {
                **bare(line),
                "x": [odd.x / paper.scale for odd in line.curve.odd],
                "y": [edge(odd.value) for odd in line.curve.odd],
                "yaxis": "y2",
                "marker": {
                    "size": 8,
                    "color": colour,
                    "symbol": [symbol(odd.value) for odd in line.curve.odd],
                },
            }
        )
    if line.is_live and line.curve.x and line.envelope is None:
        x, y = line.smooth or (line.curve.x, line.curve.y)
        found.append(
            {
                **bare(line),
                **side,
                "x": [x[-1] / paper.scale],
                "y": [y[-1]],
                "marker": {"size": 7, "color": colour},
            }
        )
    if line.best:
        found.append(
            {
                **bare(line),
                "x": [line.best.x / paper.scale],
                "y": [line.best.y],
                "marker": {
                    "size": 8,
                    "color": "--bg",
                    "line": {"color": colour, "width": 2},
                },
            }
        )
    return found


def edge(value: float) -> float:
    return 0.02 if value < 0 else 0.98


def symbol(value: float) -> str:
    if math.isnan(value):
        return "x-thin-open"
    return "triangle-up" if value > 0 else "triangle-down"
