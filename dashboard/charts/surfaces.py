"""A metric over two parameters: a smoothed surface, or the mean for each pair of values."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dashboard.charts.figures import Figure, cut, escaped, figure
from dashboard.charts.scatter import INKS, Dot, Field, hint, positions
from dashboard.templatetags.tracker_tags import shown

GRID = 40
FEWEST = 15  # with fewer points a surface would be made up
FEWEST_PLACES = 5  # on an axis: with fewer it would be a few strips
WIDTH = 0.09  # of an axis: how far a point is felt
NEAR = 0.13  # of an axis: beyond it nothing is said
MAX_SIDE = 30
MANY_NUMBERS = 12  # more different ones are put into steps
STEPS = 8


class Surface(NamedTuple):
    figure: Figure
    points: int


def contour(dots: Sequence[Dot], x: Field, y: Field, z: Field) -> Surface | None:
    """None with too few points, or where all lie on a line.

    The surface is the mean of the points weighted by a Gaussian of their distance
    (Nadaraya 1964, Watson 1964), drawn only where a point is near.
    """
    xs, x_layout = positions(x)
    ys, y_layout = positions(y)
    points = [
        (index, to_place(xs[index], x.is_log), to_place(ys[index], y.is_log), value)
        for index, value in enumerate(z.values)
        if isinstance(value, int | float)
        and math.isfinite(value)
        and xs[index] is not None
        and ys[index] is not None
    ]
    if len(points) < FEWEST:
        return None
    at_x = np.array([point[1] for point in points])
    at_y = np.array([point[2] for point in points])
    value = np.array([point[3] for point in points])
    if np.ptp(at_x) == 0 or np.ptp(at_y) == 0:
        return None
    grid_x = np.linspace(at_x.min(), at_x.max(), GRID)
    grid_y = np.linspace(at_y.min(), at_y.max(), GRID)
    surface = smoothed(at_x, at_y, value, grid_x, grid_y)
    data: list[dict[str, Any]] = [
        {
            "type": "contour",
            "x": [from_place(at, x.is_log) for at in grid_x],
            "y": [from_place(at, y.is_log) for at in grid_y],
            "z": [[None if np.isnan(v) else float(v) for v in row] for row in surface],
            "colorscale": INKS,
            "contours": {"coloring": "heatmap", "showlines": True},
            "line": {"width": 0.5, "color": "--bg"},
            "ncontours": 12,
            "connectgaps": False,
            "hoverinfo": "skip",
            "colorbar": bar(z.label),
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [xs[point[0]] for point in points],
            "y": [ys[point[0]] for point in points],
            "text": [hint(dots[point[0]], (x, y, z), point[0]) for point in points],
            "customdata": [dots[point[0]].id for point in points],
            "hoverinfo": "text",
            "marker": {
                "size": 6,
                "color": "--bg",
                "line": {"color": "--text", "width": 1},
            },
        },
    ]
    return Surface(
        figure(
            data,
            {
                "hovermode": "closest",
                "margin": {"l": 64, "r": 8, "t": 8, "b": 48},
                "xaxis": {"showspikes": False, **x_layout},
                "yaxis": {"nticks": 7, "showgrid": False, **y_layout},
            },
        ),
        len(points),
    )


def has_few_places(field: Field) -> bool:
    """It varies, and yet a surface over it would be a few strips."""
    different = {value for value in field.values if value is not None}
    return 1 < len(different) < FEWEST_PLACES


def to_place(value: float | None, is_log: bool) -> float:
    assert value is not None
    return math.log10(value) if is_log else value


def from_place(place: float, is_log: bool) -> float:
    return float(10**place) if is_log else float(place)


def smoothed(
    at_x: np.ndarray,
    at_y: np.ndarray,
    value: np.ndarray,
    grid_x: np.ndarray,
    grid_y: np.ndarray,
) -> np.ndarray:
    wide, tall = np.ptp(at_x), np.ptp(at_y)
    across = (grid_x[:, None] - at_x[None, :]) / wide
    up = (grid_y[:, None] - at_y[None, :]) / tall
    square = across[None, :, :] ** 2 + up[:, None, :] ** 2
    weight = np.exp(-square / (2 * WIDTH**2))
    total = weight.sum(axis=2)
    surface = np.divide(
        (weight * value).sum(axis=2),
        total,
        out=np.full(total.shape, np.nan),
        where=total > 0,
    )
    return np.where(square.min(axis=2) <= NEAR**2, surface, np.nan)


def bar(label: str) -> dict[str, Any]:
    return {
        "title": {
            "text": escaped(cut(label, 28)),
            "side": "right",
            "font": {"size": 12, "color": "--muted"},
        },
        "thickness": 10,
        "outlinewidth": 0,
        "tickfont": {"size": 12, "color": "--muted"},
        "nticks": 6,
    }


# ---------------------------------------------------------------- pairs of values


class Pivot(NamedTuple):
    figure: Figure
    cells: list[tuple[str, str, float, int]]  # across, up, mean, how many
    left_out: int  # candidates whose values are beyond the sides


def pivot(x: Field, y: Field, z: Field) -> Pivot | None:
    """The mean of a metric for each pair of values of two parameters."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    columns, across = sides(x)
    rows, up = sides(y)
    for a, b, value in zip(columns, rows, z.values, strict=True):
        if a is None or b is None:
            continue
        if isinstance(value, int | float) and math.isfinite(value):
            found[a, b].append(value)
    if not found:
        return None
    with_value = {name for pair in found for name in pair}
    across = [name for name in across if name in with_value][:MAX_SIDE]
    up = [name for name in up if name in with_value][:MAX_SIDE]
    kept = {
        pair: values
        for pair, values in found.items()
        if pair[0] in across and pair[1] in up
    }
    means = {
        pair: math.fsum(value / len(values) for value in values)
        for pair, values in kept.items()
    }
    data = [
        {
            "type": "heatmap",
            "x": [escaped(cut(a)) for a in across],
            "y": [escaped(cut(b)) for b in up],
            "z": [[means.get((a, b)) for a in across] for b in up],
            "text": [
                [shown(means[a, b], 3) if (a, b) in means else "" for a in across]
                for b in up
            ],
            "customdata": [[len(kept.get((a, b), ())) for a in across] for b in up],
            "texttemplate": "%{text}",
            "textfont": {"size": 12},
            "hovertemplate": "%{x}, %{y}: %{text}, n=%{customdata}<extra></extra>",
            "colorscale": INKS,
            "xgap": 1,
            "ygap": 1,
            "colorbar": bar(z.label),
        }
    ]
    return Pivot(
        figure(
            data,
            {
                "hovermode": "closest",
                "margin": {"l": beside(up), "r": 8, "t": 8, "b": 48},
                "xaxis": {
                    "type": "category",
                    "title": {"text": escaped(x.label)},
                    "showspikes": False,
                    "showline": False,
                    "ticks": "",
                },
                "yaxis": {
                    "type": "category",
                    "title": {"text": escaped(y.label)},
                    "showgrid": False,
                },
            },
        ),
        [(a, b, means[a, b], len(kept[a, b])) for a, b in sorted(means)],
        sum(len(values) for pair, values in found.items() if pair not in kept),
    )


def beside(names: Sequence[str]) -> int:
    """How many pixels names and a title need left of the cells."""
    return max(84, 7 * max(len(cut(name)) for name in names) + 32)


def said(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def sides(field: Field) -> tuple[list[str | None], list[str]]:
    """The side of the table at which each value stands, and all sides in order."""
    if not field.is_numeric:
        texts = [None if value is None else str(value) for value in field.values]
        return texts, sorted({text for text in texts if text is not None})
    numbers, _ = positions(field)
    different = sorted({number for number in numbers if number is not None})
    name = in_steps if len(different) > MANY_NUMBERS else as_they_are
    names = name(different, field.is_log)
    return (
        [None if number is None else names[number] for number in numbers],
        list(dict.fromkeys(names.values())),
    )


def as_they_are(numbers: Sequence[float], is_log: bool) -> dict[float, str]:
    return {number: said(number) for number in numbers}


def in_steps(numbers: Sequence[float], is_log: bool) -> dict[float, str]:
    """Steps that are even on the axis. Every number is on one, the last on the last."""
    places = [to_place(number, is_log) for number in numbers]
    edges = np.linspace(places[0], places[-1], STEPS + 1)
    of_each = np.clip(np.searchsorted(edges, places, side="right") - 1, 0, STEPS - 1)
    ends = [f"{from_place(edge, is_log):.3g}" for edge in edges]
    return {
        number: f"{ends[step]} to {ends[step + 1]}"
        for number, step in zip(numbers, of_each, strict=True)
    }
