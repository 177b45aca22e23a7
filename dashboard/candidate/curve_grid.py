"""All curves of a candidate on one page: the pinned ones, then by slash prefix."""

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.candidate.curve import chart_url, csv_url, subject
from dashboard.candidate.head import Found
from dashboard.charts import frames, options, pins, usual_charts
from tracker.models import Metric

# Frames on a page; each fetches its curve when it comes into view.
MAX_CURVES = 120
SAMPLES = 24  # of a first drawing, which is small


class Cell(NamedTuple):
    id: str
    frame: frames.Frame
    url: str
    csv_url: str
    is_pinned: bool


class Group(NamedTuple):
    """Curves that share a slash prefix."""

    name: str
    cells: list[Cell]


class Grid(NamedTuple):
    groups: list[Group]
    left_out: int
    single: int  # metrics of one value, which are no curves


def grid(
    where: Found,
    metrics: Sequence[Metric],
    opts: options.Options,
    pinned: Sequence[str],
) -> Grid:
    """One query, for the first drawings."""
    curves = {metric.key: metric for metric in metrics if metric.count > 1}
    ordered = [curves[key] for key in pins.first(curves, pinned)]
    shown = ordered[:MAX_CURVES]
    drawn = frames.several(
        [subject(where.candidate, metric, opts) for metric in shown], samples=SAMPLES
    )
    groups: dict[tuple[bool, str], list[Cell]] = {}
    for number, (metric, frame) in enumerate(zip(shown, drawn, strict=True), start=1):
        is_pinned = metric.key in pinned
        name = "Pinned" if is_pinned else usual_charts.prefix_of(metric.key)
        cell = Cell(
            f"curve-{number}",
            frame,
            chart_url(where, metric),
            csv_url(where, metric),
            is_pinned,
        )
        groups.setdefault((not is_pinned, name), []).append(cell)
    return Grid(
        [Group(name, cells) for (_, name), cells in sorted(groups.items())],
        len(ordered) - len(shown),
        len(metrics) - len(curves),
    )
