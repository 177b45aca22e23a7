"""The strip beside the primary metric: where each value lies, drawn on the server."""

import math
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

WIDTH = 96
HEIGHT = 34
MARGIN = 8


class Scale(NamedTuple):
    low: float
    high: float

    def place(self, value: float) -> float:
        """Between 0 and 1 inside the scale, beyond outside of it."""
        width = self.high - self.low
        return (value - self.low) / width if width > 0 else 0.5


def scale(low: float | None, high: float | None) -> Scale | None:
    """None where there is nothing to place: no value, or a width that overflows."""
    if low is None or high is None or not math.isfinite(high - low):
        return None
    return Scale(low, high)


def mark(
    value: float | None,
    on: Scale | None,
    *,
    slot: int,
    is_final: bool,
    reference: float | None = None,
) -> SafeString | str:
    """A filled dot is final, a ring may still change, an arrow lies outside the scale."""
    if on is None or (value is None and reference is None):
        return ""
    base = line(reference, on)
    if value is None or not math.isfinite(value):
        return drawing(slot, base)
    place = on.place(value)
    middle = HEIGHT / 2
    if place < -0.02 or place > 1.02:
        x: float = MARGIN if place < 0 else WIDTH - MARGIN
        way = -4 if place < 0 else 4
        shape = format_html(
            '<path class="out" d="M{} {}l{} 4l{} 4"/>', x, middle - 4, way, -way
        )
    else:
        x = across(place)
        kind, radius = ("dot", 4) if is_final else ("ring", 3.4)
        shape = format_html(
            '<circle class="{}" cx="{}" cy="{}" r="{}"/>',
            kind,
            f"{x:.1f}",
            f"{middle:.0f}",
            radius,
        )
    return drawing(slot, format_html("{}{}", base, shape))


def spread(
    low: float, middle: float, high: float, on: Scale | None, *, reference: float | None
) -> SafeString | str:
    """The mean of several, with the interval that holds it."""
    if on is None:
        return ""
    ends = [f"{across(on.place(value)):.1f}" for value in (low, high)]
    shape = format_html(
        '<path class="ci" d="M{0} 17H{1}M{0} 14.5v5M{1} 14.5v5"/>'
        '<circle class="mean" cx="{2}" cy="17" r="3.2"/>',
        *ends,
        f"{across(on.place(middle)):.1f}",
    )
    return format_html(
        '<svg class="strip" viewBox="0 0 {} {}" aria-hidden="true">{}{}</svg>',
        WIDTH,
        HEIGHT,
        line(reference, on),
        shape,
    )


def across(place: float) -> float:
    return MARGIN + min(1, max(0, place)) * (WIDTH - 2 * MARGIN)


def line(reference: float | None, on: Scale) -> SafeString:
    """The baseline, dotted down the column."""
    if reference is None or not math.isfinite(reference):
        return SafeString()
    return format_html(
        '<path class="base" d="M{} 0V{}"/>',
        f"{across(on.place(reference)):.1f}",
        HEIGHT,
    )


def drawing(slot: int, shape: SafeString) -> SafeString:
    return format_html(
        '<svg class="strip slot-{}" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>',
        slot,
        WIDTH,
        HEIGHT,
        shape,
    )
