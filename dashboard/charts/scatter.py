"""Any two things known about candidates against each other, with a third as colour."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.charts.figures import Figure, Look, cut, escaped, figure

# Where two of the compared share a colour, the second has another shape.
SHAPES = ("circle", "square", "diamond", "triangle-up")


class Field(NamedTuple):
    """One thing known about each candidate: numbers, or texts that have no order."""

    label: str
    values: Sequence[float | str | None]
    is_log: bool = False
    is_choice: bool = False  # somebody chose it: a parameter

    @property
    def is_numeric(self) -> bool:
        return all(isinstance(v, int | float) for v in self.values if v is not None)


class Dot(NamedTuple):
    """A candidate in a scatter chart."""

    id: str
    label: str
    look: Look | None = None  # only where it is one of the compared


INKS = [[step / 8, f"--seq-{step}"] for step in range(9)]
MAX_COLOURED_TEXTS = 8


def scatter(
    dots: Sequence[Dot], x: Field, y: Field, colour: Field | None = None
) -> Figure:
    """Any two things known about candidates, the compared ones on top."""
    xs, x_layout = positions(x)
    ys, y_layout = positions(y)
    placed = [
        index
        for index in range(len(dots))
        if xs[index] is not None and ys[index] is not None
    ]
    crowd = [index for index in placed if dots[index].look is None]
    data: list[dict[str, Any]] = []
    if crowd:
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [xs[index] for index in crowd],
                "y": [ys[index] for index in crowd],
                "text": [hint(dots[i], (x, y, colour), i) for i in crowd],
                "customdata": [dots[index].id for index in crowd],
                "hoverinfo": "text",
                "marker": {"size": 7, **ink(colour, crowd)},
            }
        )
    for index in placed:
        dot = dots[index]
        if dot.look:
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "legendgroup": dot.id,
                    "x": [xs[index]],
                    "y": [ys[index]],
                    "text": [hint(dot, (x, y, colour), index)],
                    "customdata": [dot.id],
                    "hoverinfo": "text",
                    "marker": {
                        "size": 12,
                        "color": dot.look.colour,
                        "symbol": SHAPES[dot.look.dash],
                        "line": {"color": "--bg", "width": 2},
                    },
                }
            )
    layout = {
        "hovermode": "closest",
        "hoverdistance": 20,
        "margin": {"l": 64, "r": 16, "t": 8, "b": 48},
        "xaxis": {"showspikes": False, **x_layout},
        "yaxis": {"nticks": 7, **y_layout},
    }
    return figure(data, layout)


def positions(field: Field) -> tuple[list[float | None], dict[str, Any]]:
    """Where values lie on an axis. Texts are counted off, in their own order."""
    title = {"title": {"text": escaped(field.label)}}
    if field.is_numeric:
        numbers: list[float | None] = [
            v
            if isinstance(v, int | float)
            and math.isfinite(v)
            and (v > 0 or not field.is_log)
            else None
            for v in field.values
        ]
        return numbers, {**title, **number_axis(field, numbers)}
    texts = sorted({str(v) for v in field.values if v is not None})
    order = {text: float(place) for place, text in enumerate(texts)}
    return (
        [None if v is None else order[str(v)] for v in field.values],
        {
            **title,
            "tickmode": "array",
            "tickvals": list(order.values()),
            "ticktext": [escaped(cut(text)) for text in texts],
            "range": [-0.5, len(texts) - 0.5],
        },
    )


FEW_NUMBERS = 8


def number_axis(field: Field, numbers: Sequence[float | None]) -> dict[str, Any]:
    """A choice among few numbers is written out; many get round ticks."""
    different = sorted({number for number in numbers if number is not None})
    kind = {"type": "log" if field.is_log else "linear"}
    if 1 < len(different) <= FEW_NUMBERS and field.is_choice:
        texts = [f"{number:.6g}" for number in different]
        return {**kind, "tickmode": "array", "tickvals": different, "ticktext": texts}
    # Every power of ten, and not the digits between them that Plotly would add.
    return {**kind, "dtick": 1} if field.is_log else kind


def ink(colour: Field | None, crowd: Sequence[int]) -> dict[str, Any]:
    """How the crowd is coloured: not at all, by amount, or by text."""
    if colour is None:
        return {"color": "--seq-5", "opacity": 0.75}
    values = [colour.values[index] for index in crowd]
    if colour.is_numeric:
        amounts = [
            v if isinstance(v, int | float) and math.isfinite(v) else None
            for v in values
        ]
        if colour.is_log:
            amounts = [
                math.log10(a) if a is not None and a > 0 else None for a in amounts
            ]
        return {
            "color": ["--line-strong" if a is None else a for a in amounts]
            if all(a is None for a in amounts)
            else amounts,
            "colorscale": INKS,
            "line": {"color": "--line-strong", "width": 0.5},
        }
    texts = sorted({str(v) for v in colour.values if v is not None})
    slots = {text: slot for slot, text in enumerate(texts[:MAX_COLOURED_TEXTS])}
    return {
        "color": [
            f"--slot-{slots[str(v)]}" if str(v) in slots else "--line-strong"
            for v in values
        ],
        "opacity": 0.6,
    }


def hint(dot: Dot, fields: Sequence[Field | None], index: int) -> str:
    facts = [
        f"{escaped(cut(field.label, 40))} {escaped(cut(written(field.values[index])))}"
        for field in fields
        if field
    ]
    return "<br>".join([f"<b>{escaped(cut(dot.label, 60))}</b>", *facts])


def written(value: float | str | None) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.4g}"
