"""Pictures made on the server: small ones inside tables, and charts before any script.

Lines are drawn in a unit square that stretches with the page; strokes keep their width
(`vector-effect` in the stylesheet). Colours come from classes, never from here.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.charts.ticks import round_ticks
from dashboard.templatetags.tracker_tags import shown

LARGEST = sys.float_info.max

Points = Sequence[tuple[float, float]]


class Scale(NamedTuple):
    """Places values between 0 and 1."""

    low: float
    high: float

    def place(self, value: float) -> float:
        # Halves, because the distance between two doubles may not be one.
        width = self.high / 2 - self.low / 2
        return (value / 2 - self.low / 2) / width if width > 0 else 0.5


def scale_of(values: Iterable[float], *, margin: float = 0.0) -> Scale | None:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    room = (high / 2 - low / 2) * margin * 2
    return Scale(max(low - room, -LARGEST), min(high + room, LARGEST))


def path(points: Points, x: Scale, y: Scale, width: float, height: float) -> str:
    return "M" + "L".join(
        f"{x.place(a) * width:.1f} {(1 - y.place(b)) * height:.1f}" for a, b in points
    )


# ---------------------------------------------------------------- in tables


def sparkline(points: Points, y: Scale | None = None) -> SafeString:
    """The course of a metric in 96 by 20 pixels; the numbers beside it say the rest.

    From its lowest value to its highest, where no scale is given.
    """
    x, y = scale_of(a for a, _ in points), y or scale_of(b for _, b in points)
    if x is None or y is None:
        return SafeString("")
    last = points[-1]
    return format_html(
        '<svg class="spark" viewBox="0 0 96 20" aria-hidden="true">'
        '<path d="{}"/><circle cx="{}" cy="{}" r="2"/></svg>',
        path(points, x, y, 96, 20),
        f"{x.place(last[0]) * 96:.1f}",
        f"{(1 - y.place(last[1])) * 20:.1f}",
    )


def strip(dots: Sequence[tuple[int, float]], base: float | None = None) -> SafeString:
    """Where some candidates' values lie between each other: (slot, value) each."""
    scale = scale_of((value for _, value in dots), margin=0.08)
    finite = [(slot, value) for slot, value in dots if math.isfinite(value)]
    if scale is None or len(finite) < 2:
        return SafeString("")

    def x(value: float) -> str:
        return f"{6 + scale.place(value) * 88:.1f}"

    line = (
        format_html('<path class="base" d="M{} 7V27"/>', x(base))
        if base is not None and math.isfinite(base)
        else ""
    )
    return format_html(
        '<svg class="strip" viewBox="0 0 100 34" aria-hidden="true">'
        '<path class="range" d="M6 17H94"/>{}{}</svg>',
        line,
        format_html_join(
            "",
            '<circle class="dot slot-{}" cx="{}" cy="17" r="4.2"/>',
            ((slot, x(value)) for slot, value in finite),
        ),
    )


def whisker(mean: float, half_width: float | None, scale: Scale | None) -> SafeString:
    """A mean and its interval on a scale that all rows share."""
    if scale is None:
        return SafeString("")

    def x(value: float) -> str:
        return f"{4 + scale.place(value) * 232:.1f}"

    line = (
        format_html(
            '<path class="ci" d="M{} 10H{}"/>',
            x(mean - half_width),
            x(mean + half_width),
        )
        if half_width is not None
        else ""
    )
    return format_html(
        '<svg class="whisker" viewBox="0 0 240 20" aria-hidden="true">{}'
        '<circle class="{}" cx="{}" cy="10" r="4"/></svg>',
        line,
        "dot" if half_width is not None else "ring",
        x(mean),
    )


def rug(
    values: Sequence[float],
    mine: float,
    *,
    slot: int,
    label: str,
    base: float | None = None,
) -> SafeString:
    """All candidates' values as ticks, this one's as a dot, the baseline as a line."""
    scale = scale_of([*values, mine])
    if scale is None or not math.isfinite(mine):
        return SafeString("")
    ticks = "".join(
        f"M{15 + scale.place(value) * 970:.1f} 0V1"
        for value in values
        if math.isfinite(value)
    )
    line = SafeString("")
    if base is not None and math.isfinite(base) and scale.low <= base <= scale.high:
        line = format_html(
            '<line class="b" x1="{0}%" x2="{0}%" y1="6" y2="30"/>',
            f"{1.5 + scale.place(base) * 97:.2f}",
        )
    return format_html(
        '<svg class="rug slot-{}" role="img" aria-label="{}">'
        '<svg y="12" height="12" viewBox="0 0 1000 1" preserveAspectRatio="none">'
        '<path class="t" d="{}"/></svg>{}'
        '<circle class="me" cx="{}%" cy="18" r="6"/>'
        '<text x="0" y="39">{}</text><text x="100%" y="39" text-anchor="end">{}</text>'
        "</svg>",
        slot,
        label,
        ticks,
        line,
        f"{1.5 + scale.place(mine) * 97:.2f}",
        shown(scale.low),
        shown(scale.high),
    )


# ---------------------------------------------------------------- charts


class Stroke(NamedTuple):
    """One line of a picture."""

    id: str
    slot: int
    dash: int
    points: Points


def lines(strokes: Sequence[Stroke], *, is_log: bool = False) -> SafeString:
    """A line chart that is there before the script, and stays where there is none.

    It fills the plot's inner area exactly; labels stand in the margins that Plotly
    leaves, so that nothing jumps when the script takes over.
    """
    drawn = [
        stroke._replace(
            points=[
                (x, math.log10(y) if is_log else y) for x, y in usable(stroke, is_log)
            ]
        )
        for stroke in strokes
    ]
    everything = [point for stroke in drawn for point in stroke.points]
    x = scale_of(a for a, _ in everything)
    y = scale_of((b for _, b in everything), margin=0.05)
    if x is None or y is None:
        return SafeString("")
    ticks = round_ticks(y.low, y.high)
    return format_html(
        '<svg class="still" aria-hidden="true">{}'
        '<svg viewBox="0 0 1000 1000" preserveAspectRatio="none">{}</svg>{}</svg>',
        format_html_join(
            "",
            '<line class="grid" x1="0" x2="100%" y1="{0}%" y2="{0}%"/>'
            '<text x="-8" y="{0}%" dy="4" text-anchor="end">{1}</text>',
            (
                (
                    f"{(1 - y.place(tick)) * 100:.1f}",
                    shown(10**tick if is_log and tick < 300 else tick),
                )
                for tick in ticks
            ),
        ),
        format_html_join(
            "",
            '<path class="slot-{} dash-{}" d="{}"/>',
            (
                (stroke.slot, stroke.dash, path(stroke.points, x, y, 1000, 1000))
                for stroke in drawn
                if stroke.points
            ),
        ),
        SafeString('<line class="axis" x1="0" x2="100%" y1="100%" y2="100%"/>'),
    )


def usable(stroke: Stroke, is_log: bool) -> list[tuple[float, float]]:
    return [
        (x, y) for x, y in stroke.points if math.isfinite(y) and (y > 0 or not is_log)
    ]


def bars(values: Sequence[tuple[str, int, float]]) -> SafeString:
    """Horizontal bars from zero: (label, slot, value) each."""
    finite = [
        (text, slot, value) for text, slot, value in values if math.isfinite(value)
    ]
    scale = scale_of([0.0, *(value for _, _, value in finite)])
    if scale is None or not finite:
        return SafeString("")
    zero = scale.place(0)
    height = 100 / len(finite)
    rows = []
    for row, (text, slot, value) in enumerate(finite):
        end = scale.place(value)
        rows.append(
            (
                slot,
                f"{min(zero, end) * 100:.2f}",
                f"{(row + 0.18) * height:.2f}",
                f"{abs(end - zero) * 100:.2f}",
                f"{height * 0.64:.2f}",
                f"{(row + 0.5) * height:.2f}",
                text,
            )
        )
    return format_html(
        '<svg class="still bars" aria-hidden="true">{}</svg>',
        format_html_join(
            "",
            '<rect class="slot-{}" x="{}%" y="{}%" width="{}%" height="{}%"/>'
            '<text x="-8" y="{}%" dy="4" text-anchor="end">{}</text>',
            rows,
        ),
    )
