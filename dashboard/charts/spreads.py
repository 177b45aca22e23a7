"""Single values of many candidates: ranked as bars, or in boxes by a parameter."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.charts.figures import Figure, cut, escaped, figure
from dashboard.charts.surfaces import said

MAX_BARS = 20
MAX_BOXES = 20
POINTS_SHOWN = 50  # in a box; more would be a smear


class Bar(NamedTuple):
    """A candidate or a group, and how sure its value is."""

    id: str
    label: str
    slot: int
    value: float
    half_width: float | None = None


def ranked(bars: Sequence[Bar], label: str) -> Figure:
    """Horizontal, from zero, in the order given."""
    data: list[dict[str, Any]] = []
    for bar in bars:
        trace: dict[str, Any] = {
            "type": "bar",
            "orientation": "h",
            "legendgroup": bar.id,
            "x": [bar.value],
            "y": [escaped(cut(bar.label, 28))],
            "marker": {"color": f"--slot-{bar.slot}"},
            "customdata": [bar.id],
            "hoverinfo": "none",
        }
        if bar.half_width is not None:
            trace["error_x"] = {
                "type": "data",
                "array": [bar.half_width],
                "color": "--text",
                "thickness": 1.2,
                "width": 4,
            }
        data.append(trace)
    return figure(
        data,
        {
            "hovermode": "closest",
            "bargap": 0.35,
            "barmode": "overlay",
            "margin": {"l": 168, "r": 12, "t": 8, "b": 44},
            "xaxis": {
                "title": {"text": escaped(label)},
                "rangemode": "tozero",
                "showgrid": True,
                "gridcolor": "--line",
                "showspikes": False,
            },
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "showgrid": False,
                "nticks": MAX_BARS + 1,
            },
        },
    )


class Box(NamedTuple):
    """The values that share a parameter's value."""

    label: str
    values: list[float]
    ids: list[str]


def boxed(
    by: Sequence[float | str | None],
    values: Sequence[float | str | None],
    ids: Sequence[str],
) -> tuple[list[Box], int]:
    """In order of the parameter, and how many different values were left out."""
    found: dict[str, Box] = {}
    order: dict[str, tuple[bool, float, str]] = {}
    for key, value, id_ in zip(by, values, ids, strict=True):
        if key is None or not isinstance(value, int | float):
            continue
        if not math.isfinite(value):
            continue
        text = said(key)
        box = found.setdefault(text, Box(text, [], []))
        box.values.append(value)
        box.ids.append(id_)
        is_text = isinstance(key, str)
        order[text] = (is_text, 0.0 if isinstance(key, str) else key, text)
    boxes = sorted(found.values(), key=lambda box: order[box.label])
    return boxes[:MAX_BOXES], max(0, len(boxes) - MAX_BOXES)


def boxes(drawn: Sequence[Box], *, by: str, label: str) -> Figure:
    data = [
        {
            "type": "box",
            "name": f"{escaped(cut(box.label, 20))}<br>n={len(box.values)}",
            "y": box.values,
            "customdata": box.ids,
            "boxpoints": "all" if len(box.values) <= POINTS_SHOWN else "outliers",
            "jitter": 0.4,
            "pointpos": 0,
            "quartilemethod": "linear",
            "line": {"color": "--seq-7", "width": 1.5},
            "fillcolor": "--seq-2/50",
            "marker": {"color": "--seq-7", "size": 5, "opacity": 0.7},
            "hoverinfo": "y",
        }
        for box in drawn
    ]
    return figure(
        data,
        {
            "hovermode": "closest",
            "margin": {"l": 56, "r": 12, "t": 8, "b": 64},
            "xaxis": {
                "type": "category",
                "title": {"text": escaped(by)},
                "showspikes": False,
            },
            "yaxis": {"title": {"text": escaped(label)}},
        },
    )


# ---------------------------------------------------------------- association


def spearman(
    one: Sequence[float | str | None], other: Sequence[float | str | None]
) -> tuple[float, int] | None:
    """Spearman's rank correlation, and of how many pairs. None where it does not exist.

    Pearson's correlation of mid-ranks, so that ties are right (Kendall and Gibbons, Rank
    Correlation Methods, 1990).
    """
    import numpy as np  # only where a chart needs it

    pairs = [
        (a, b)
        for a, b in zip(one, other, strict=True)
        if isinstance(a, int | float)
        and isinstance(b, int | float)
        and math.isfinite(a)
        and math.isfinite(b)
    ]
    if len(pairs) < 3:
        return None
    ranks = [
        mid_ranks(np.array(side, dtype=float)) for side in zip(*pairs, strict=True)
    ]
    if any(np.ptp(side) == 0 for side in ranks):
        return None
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1]), len(pairs)


def mid_ranks(values: Any) -> Any:
    """Ranks from 1; equal values share the mean of theirs."""
    import numpy as np

    _, place, many = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(many)
    return (last - (many - 1) / 2)[place]
