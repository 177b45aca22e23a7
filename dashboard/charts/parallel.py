"""Parallel coordinates out of ordinary lines: where candidates sit in the whole sweep.

Plotly's own trace keeps its brush in the browser, where nobody can share it. Here one
trace holds all candidates of a bin, and better candidates get more ink.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.charts.figures import DASHES, Figure, Look, cut, escaped, figure
from dashboard.charts.ticks import decades, round_ticks

# Nine bins by rank; the upper ones are smaller, so that the best stand out.
CUTS = (0.18, 0.34, 0.48, 0.60, 0.71, 0.81, 0.89, 0.95)
# Lines leave and arrive level: u * u * (3 - 2 * u), drawn at these places.
EASED = [(u, u * u * (3 - 2 * u)) for u in (0.14, 0.3, 0.5, 0.7, 0.86, 1.0)]
SPREAD = 0.012  # of an axis, for candidates that share a category
APART = 0.014  # for compared ones that coincide
LOG_RATIO = 8  # from here on, positive numbers are spread by their logarithm
MAX_TEXTS = 40
MAX_LABELS = 12

Value = float | str | None


class Scale(NamedTuple):
    """An axis: a value's place from 0 to 1, and what to write beside it."""

    label: str
    places: dict[Value, float]
    labels: list[tuple[float, str]]
    is_text: bool


class Row(NamedTuple):
    """A candidate: its value on each axis, and how good it is."""

    id: str
    iid: int
    values: Sequence[Value]
    rank_by: float | None  # more is better
    look: Look | None = None  # only where it is one of the compared


def parallel(labels: Sequence[str], rows: Sequence[Row]) -> Figure:
    """One axis for each label; the last one is what ranks the lines."""
    scales = [
        scale(label, [row.values[axis] for row in rows])
        for axis, label in enumerate(labels)
    ]
    data = []
    for number, members in enumerate(bins([r for r in rows if r.look is None])):
        x: list[float | None] = []
        y: list[float | None] = []
        for row in members:
            line(spread(row, scales), x, y)
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": y,
                "line": {"color": f"--seq-{number}", "width": 1.2 if number > 6 else 1},
                "hoverinfo": "skip",
                "opacity": 0.85,
            }
        )
    compared = [row for row in rows if row.look is not None]
    for row, places in zip(compared, set_apart(compared, scales), strict=True):
        if row.look:
            data += highlighted(row, row.look, places)
    return figure(data, layout(scales))


# ---------------------------------------------------------------- scales


def scale(label: str, values: Sequence[Value]) -> Scale:
    known = {value for value in values if value is not None}
    numbers = sorted(
        v for v in known if isinstance(v, int | float) and math.isfinite(v)
    )
    if len(numbers) == len(known) and numbers:
        return numeric(label, numbers)
    texts = sorted(map(str, known), reverse=True)
    step = 1 / max(1, len(texts) - 1)
    at = {text: 0.5 if len(texts) == 1 else i * step for i, text in enumerate(texts)}
    every = math.ceil(len(texts) / MAX_LABELS)
    return Scale(
        label,
        {value: at[str(value)] for value in known},
        [(at[text], text) for text in texts[::every]],
        is_text=True,
    )


def numeric(label: str, numbers: Sequence[float]) -> Scale:
    low, high = numbers[0], numbers[-1]
    is_log = low > 0 and high / low >= LOG_RATIO
    start, end = (math.log10(low), math.log10(high)) if is_log else (low, high)
    width = end - start
    if not math.isfinite(width):  # from one end of all numbers to the other
        start, end, width = -math.inf, math.inf, 0

    def place(number: float) -> float:
        return (
            ((math.log10(number) if is_log else number) - start) / width
            if width
            else 0.5
        )

    few = len(numbers) <= 7
    ticks = numbers if few else decades(low, high) if is_log else round_ticks(low, high)
    return Scale(
        label,
        {number: place(number) for number in numbers},
        apart([(place(tick), f"{tick:.6g}") for tick in ticks]),
        is_text=False,
    )


def apart(labels: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Without labels that would lie on each other."""
    kept: list[tuple[float, str]] = []
    for place, text in labels:
        if not kept or place - kept[-1][0] >= 0.06:
            kept.append((place, text))
    return kept


# ---------------------------------------------------------------- lines


def bins(rows: Sequence[Row]) -> list[list[Row]]:
    """The crowd in nine bins, the best last. Who has no value counts as the least."""
    ordered = sorted(
        rows, key=lambda row: -math.inf if row.rank_by is None else row.rank_by
    )
    edges = [0, *(round(part * len(ordered)) for part in CUTS), len(ordered)]
    return [ordered[a:b] for a, b in zip(edges, edges[1:], strict=False)]


def spread(row: Row, scales: Sequence[Scale]) -> list[float | None]:
    """Places on the axes, a little beside each other where a category is shared."""
    # The golden ratio scatters consecutive numbers evenly, the same way each time.
    beside = (row.iid * 0.6180339887 % 1 * 2 - 1) * SPREAD
    return [
        None
        if (place := axis.places.get(value)) is None
        else place + (beside if axis.is_text else 0)
        for value, axis in zip(row.values, scales, strict=True)
    ]


def set_apart(rows: Sequence[Row], scales: Sequence[Scale]) -> list[list[float | None]]:
    """The compared ones' places, side by side where several coincide."""
    places = [
        [axis.places.get(v) for v, axis in zip(row.values, scales, strict=True)]
        for row in rows
    ]
    for axis in range(len(scales)):
        together: dict[float, list[int]] = defaultdict(list)
        for index, row in enumerate(places):
            if (place := row[axis]) is not None:
                together[round(place / APART) * APART].append(index)
        for members in together.values():
            for position, index in enumerate(members):
                shift = (position - (len(members) - 1) / 2) * APART
                places[index][axis] = (places[index][axis] or 0) + shift
    return places


def line(
    places: Sequence[float | None], x: list[float | None], y: list[float | None]
) -> None:
    """Append one candidate's line, broken where it has no value, and a gap after it."""
    previous: float | None = None
    for axis, place in enumerate(places):
        if place is None:
            if previous is not None:
                x.append(None)
                y.append(None)
        elif previous is None:
            x.append(axis)
            y.append(round(place, 4))
        else:
            for u, eased in EASED:
                x.append(axis - 1 + u)
                y.append(round(previous + (place - previous) * eased, 4))
        previous = place
    x.append(None)
    y.append(None)


def highlighted(
    row: Row, look: Look, places: Sequence[float | None]
) -> list[dict[str, Any]]:
    """In its own colour, over a wider line in the colour of the ground."""
    x: list[float | None] = []
    y: list[float | None] = []
    line(places, x, y)
    both = {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "hoverinfo": "skip",
        "legendgroup": row.id,
    }
    return [
        {**both, "line": {"color": "--bg", "width": 5.5}, "meta": {"raw": 1}},
        {
            **both,
            "line": {"color": look.colour, "width": 2.5, "dash": DASHES[look.dash]},
        },
    ]


def layout(scales: Sequence[Scale]) -> dict[str, Any]:
    last = len(scales) - 1
    annotations = []
    for axis, each in enumerate(scales):
        side = "right" if axis == last else "left"
        centre = "left" if axis == 0 else "right" if axis == last else "center"
        annotations.append(
            {
                "x": axis,
                "y": 1.02,
                "yanchor": "bottom",
                "yshift": 10,
                "xanchor": centre,
                "text": bold(each.label) if axis == last else short(each.label),
                "showarrow": False,
                "font": {"size": 12, "color": "--text"},
            }
        )
        for place, text in each.labels:
            annotations.append(
                {
                    "x": axis,
                    "y": place,
                    "text": short(text),
                    "showarrow": False,
                    "xanchor": side,
                    "xshift": -7 if axis == last else 7,
                    "font": {"size": 12, "color": "--muted"},
                    "bgcolor": "--bg",
                    "borderpad": 1,
                    "opacity": 0.92,
                }
            )
    return {
        "xaxis": {
            "visible": False,
            "range": [-0.02, last + 0.02],
            "fixedrange": True,
            "showspikes": False,
        },
        "yaxis": {"visible": False, "range": [-0.04, 1.12], "fixedrange": True},
        "hovermode": False,
        "margin": {"l": 6, "r": 6, "t": 4, "b": 4},
        "shapes": [
            {
                "type": "line",
                "x0": axis,
                "x1": axis,
                "y0": 0,
                "y1": 1,
                "line": {"color": "--line-strong", "width": 1},
            }
            for axis in range(len(scales))
        ],
        "annotations": annotations,
    }


def short(text: str) -> str:
    return escaped(cut(text, 18))


def bold(text: str) -> str:
    return f"<b>{short(text)}</b>"
