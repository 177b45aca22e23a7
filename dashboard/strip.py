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


def mark(value: float | None, on: Scale | None, *, slot: int, is_final: bool) -> str:
    """A filled dot is final, a ring may still change, an arrow lies outside the scale."""
    if value is None or on is None or not math.isfinite(value):
        return ""
    place = on.place(value)
    middle = HEIGHT / 2
    if place < -0.02 or place > 1.02:
        x: float = MARGIN if place < 0 else WIDTH - MARGIN
        way = -4 if place < 0 else 4
        shape = format_html(
            '<path class="out" d="M{} {}l{} 4l{} 4"/>', x, middle - 4, way, -way
        )
    else:
        x = MARGIN + min(1, max(0, place)) * (WIDTH - 2 * MARGIN)
        kind, radius = ("dot", 4) if is_final else ("ring", 3.4)
        shape = format_html(
            '<circle class="{}" cx="{}" cy="{}" r="{}"/>',
            kind,
            f"{x:.1f}",
            f"{middle:.0f}",
            radius,
        )
    return drawing(slot, shape)


def drawing(slot: int, shape: SafeString) -> SafeString:
    return format_html(
        '<svg class="strip slot-{}" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>',
        slot,
        WIDTH,
        HEIGHT,
        shape,
    )
