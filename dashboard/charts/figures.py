"""Figures: data in, a plain dict in Plotly's schema out. No queries here.

Figures name the stylesheet's tokens instead of colours, "--slot-3" or "--slot-3/35" for
35 % of it; the browser resolves them. So one figure, and one ETag, serves both themes.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from tracker.curves import Axis

Figure = dict[str, Any]

# Where two candidates in a chart share a colour, the second is dashed, or another shape.
DASHES = ("solid", "dash", "dot", "dashdot")
# Few points are worth a mark each; a single one is invisible without.
MARKED_POINTS = 20
# The slot of a baseline beside the one candidate whose page it is.
BACKGROUND = -1


class Look(NamedTuple):
    """How a candidate is drawn: its colour, and a dash where two share one."""

    slot: int
    dash: int = 0

    @property
    def colour(self) -> str:
        return "--line-strong" if self.slot == BACKGROUND else f"--slot-{self.slot}"


def escaped(text: str) -> str:
    """Text for Plotly, which would take `<b>` and `&amp;` for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, length: int = 24) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


# ---------------------------------------------------------------- the common layout

AXIS = {
    "zeroline": False,
    "tickfont": {"size": 12, "color": "--muted"},
    "title": {"font": {"size": 12, "color": "--muted"}, "standoff": 6},
    "exponentformat": "e",
    "minexponent": 6,
    "separatethousands": True,
}
TEMPLATE = {
    "layout": {
        "font": {"family": "--sans", "size": 12, "color": "--text"},
        "paper_bgcolor": "--bg",
        # With a transparent one Plotly draws a white casing around the cursor line.
        "plot_bgcolor": "--bg",
        "margin": {"l": 52, "r": 12, "t": 8, "b": 44},
        "showlegend": False,
        "hovermode": "x",
        "hoverdistance": 40,
        "dragmode": "zoom",
        "separators": ".\u202f",
        "hoverlabel": {
            "bgcolor": "--raised",
            "bordercolor": "--line-strong",
            "font": {"size": 12, "color": "--text"},
            "align": "left",
        },
        "xaxis": {
            **AXIS,
            "showgrid": False,
            "showline": True,
            "linecolor": "--line-strong",
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": "--line-strong",
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikecolor": "--line-strong",
            "spikethickness": 1,
            "spikedash": "solid",
        },
        "yaxis": {
            **AXIS,
            "showgrid": True,
            "gridcolor": "--line",
            "gridwidth": 1,
            "showline": False,
            "ticks": "",
            "nticks": 7,
            "showspikes": False,
        },
        "colorway": [f"--slot-{slot}" for slot in range(8)],
    }
}


def figure(data: list[dict[str, Any]], layout: dict[str, Any]) -> Figure:
    return {"data": data, "layout": {"template": TEMPLATE, **layout}}


# ---------------------------------------------------------------- time


class Unit(NamedTuple):
    """How time since the start is counted on an axis."""

    word: str
    seconds: int


UNITS = (Unit("days", 86400), Unit("hours", 3600), Unit("minutes", 60))
SECONDS = Unit("seconds", 1)


def unit_for(seconds: float) -> Unit:
    """The largest that fits twice."""
    return next((unit for unit in UNITS if seconds >= 2 * unit.seconds), SECONDS)


def x_axis(axis: Axis, unit: Unit) -> dict[str, Any]:
    if axis == Axis.STEP:
        return {"title": {"text": "step"}, "tickformat": ",~f"}
    if axis == Axis.TIME:
        return {"title": {"text": "time (UTC)"}, "type": "date"}
    return {"title": {"text": f"{unit.word} since the start"}}


# ---------------------------------------------------------------- bars


class Bar(NamedTuple):
    """One candidate's single value."""

    id: str
    label: str
    slot: int
    value: float


def bars(drawn: Sequence[Bar]) -> Figure:
    """A metric that every candidate has once: a curve of one point says little."""
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "legendgroup": bar.id,
            "x": [bar.value],
            "y": [escaped(bar.label)],
            "marker": {"color": f"--slot-{bar.slot}"},
            "hoverinfo": "none",
        }
        for bar in drawn
        if math.isfinite(bar.value)
    ]
    return figure(
        data,
        {
            "hovermode": "y",
            "bargap": 0.35,
            "barmode": "overlay",
            "margin": {"l": 64, "r": 12, "t": 8, "b": 32},
            "xaxis": {"showgrid": True, "gridcolor": "--line", "showspikes": False},
            "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False},
        },
    )


# ---------------------------------------------------------------- ROC, precision and recall


def operating(
    drawn: Sequence[tuple[str, Look, Sequence[float], Sequence[float]]], kind: str
) -> Figure:
    """What a classifier reaches at each threshold; chance as a dotted line for ROC."""
    names = {
        "roc": ("false positive rate", "true positive rate"),
        "pr": ("recall", "precision"),
    }[kind]
    data: list[dict[str, Any]] = []
    if kind == "roc":
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [0, 1],
                "y": [0, 1],
                "line": {"color": "--line-strong", "width": 1, "dash": "dot"},
                "hoverinfo": "skip",
                "meta": {"raw": 1},
            }
        )
    for id_, look, x, y in drawn:
        shape = {"dash": DASHES[look.dash]} if look.dash else {}
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "legendgroup": id_,
                "x": list(x),
                "y": list(y),
                "line": {"color": look.colour, "width": 1.75, **shape},
                "hoverinfo": "none",
            }
        )
    return figure(
        data,
        {
            "xaxis": {"title": {"text": names[0]}, "range": [-0.01, 1.01]},
            "yaxis": {"title": {"text": names[1]}, "range": [-0.01, 1.02]},
            "margin": {"l": 60, "r": 12, "t": 8, "b": 44},
        },
    )
