"""Figures of a search: what it found over time, and the front that nothing beats."""

from collections.abc import Sequence
from typing import Any

from dashboard.charts.figures import Figure, cut, escaped, figure
from dashboard.charts.scatter import INKS
from dashboard.templatetags.tracker_tags import shown


def history(
    ids: Sequence[str],
    names: Sequence[str],
    values: Sequence[float],
    best: Sequence[float],
    label: str,
) -> Figure:
    places = list(range(1, len(values) + 1))
    return figure(
        [
            {
                "type": "scatter",
                "mode": "markers",
                "x": places,
                "y": list(values),
                "text": [
                    f"<b>{escaped(cut(name, 60))}</b><br>{shown(value)}"
                    for name, value in zip(names, values, strict=True)
                ],
                "customdata": list(ids),
                "hoverinfo": "text",
                "marker": {"size": 6, "color": "--seq-5", "opacity": 0.75},
            },
            {
                "type": "scatter",
                "mode": "lines",
                "x": places,
                "y": list(best),
                "line": {"color": "--accent", "width": 1.75, "shape": "hv"},
                "hoverinfo": "skip",
            },
        ],
        {
            "hovermode": "closest",
            "margin": {"l": 64, "r": 12, "t": 8, "b": 44},
            "xaxis": {
                "title": {"text": "in the order of starting"},
                "showspikes": False,
            },
            "yaxis": {"title": {"text": escaped(label)}},
        },
    )


def pareto(
    dots: Sequence[tuple[str, str, Sequence[float]]],
    on_front: Sequence[bool],
    labels: Sequence[str],
    *,
    goes_down: bool,
) -> Figure:
    """The first objective up, the second across, a third as ink."""
    third = [values[2] for _, _, values in dots] if len(labels) > 2 else None
    best = [dot for dot, kept in zip(dots, on_front, strict=True) if kept]
    best.sort(key=lambda dot: (dot[2][1], dot[2][0] if goes_down else -dot[2][0]))
    data: list[dict[str, Any]] = [
        crowd(
            [dot for dot, kept in zip(dots, on_front, strict=True) if kept is side],
            third,
            is_front=side,
        )
        for side in (False, True)
    ]
    if len(labels) == 2:
        data.insert(
            1,
            {
                "type": "scatter",
                "mode": "lines",
                "x": [values[1] for _, _, values in best],
                "y": [values[0] for _, _, values in best],
                # A step that leaves no point below it, whichever way the front falls.
                "line": {
                    "color": "--accent",
                    "width": 1.5,
                    "shape": "vh" if goes_down else "hv",
                },
                "hoverinfo": "skip",
            },
        )
    return figure(
        [trace for trace in data if trace["x"]],
        {
            "hovermode": "closest",
            "margin": {"l": 64, "r": 12, "t": 8, "b": 48},
            "xaxis": {"title": {"text": escaped(labels[1])}, "showspikes": False},
            "yaxis": {"title": {"text": escaped(labels[0])}},
        },
    )


def crowd(
    dots: Sequence[tuple[str, str, Sequence[float]]],
    third: Sequence[float] | None,
    *,
    is_front: bool,
) -> dict[str, Any]:
    marker: dict[str, Any] = (
        {"size": 10, "color": "--accent", "line": {"color": "--bg", "width": 1.5}}
        if is_front
        else {"size": 6, "color": "--seq-4", "opacity": 0.6}
    )
    if third is not None:
        marker |= {
            "color": [values[2] for _, _, values in dots],
            "colorscale": INKS,
            "cmin": min(third),
            "cmax": max(third),
            "line": {"color": "--text" if is_front else "--line-strong", "width": 1},
        }
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [values[1] for _, _, values in dots],
        "y": [values[0] for _, _, values in dots],
        "text": [
            f"<b>{escaped(cut(name, 60))}</b><br>" + ", ".join(shown(v) for v in values)
            for name, _, values in dots
        ],
        "customdata": [id_ for _, id_, _ in dots],
        "hoverinfo": "text",
        "marker": marker,
    }
