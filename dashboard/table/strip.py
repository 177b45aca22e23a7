"""The strip beside the primary metric: where each value lies, drawn on the server."""

import math
from typing import NamedTuple

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
        shape = f'<path class="out" d="M{x} {middle - 4}l{way} 4l{-way} 4"/>'
    else:
        x = across(place)
        kind, radius = ("dot", 4) if is_final else ("ring", 3.4)
        shape = f'<circle class="{kind}" cx="{x:.1f}" cy="{middle:.0f}" r="{radius}"/>'
    return drawing(slot, base + shape)


def spread(
    low: float, middle: float, high: float, on: Scale | None, *, reference: float | None
) -> SafeString | str:
    """The mean of several, with the interval that holds it."""
    if on is None:
        return ""
    ends = [f"{across(on.place(value)):.1f}" for value in (low, high)]
    left, right = ends
    shape = (
        f'<path class="ci" d="M{left} 17H{right}M{left} 14.5v5M{right} 14.5v5"/>'
        f'<circle class="mean" cx="{across(on.place(middle)):.1f}" cy="17" r="3.2"/>'
    )
    return drawing(None, line(reference, on) + shape)


def across(place: float) -> float:
    return MARGIN + min(1, max(0, place)) * (WIDTH - 2 * MARGIN)


def line(reference: float | None, on: Scale) -> str:
    """The baseline, dotted down the column."""
    if reference is None or not math.isfinite(reference):
        return ""
    x = across(on.place(reference))
    return f'<path class="base" d="M{x:.1f} 0V{HEIGHT}"/>'


def drawing(slot: int | None, shape: str) -> SafeString:
    """There are numbers in it and our own words: nothing that had to be escaped."""
    classes = "strip" if slot is None else f"strip slot-{slot}"
    return SafeString(
        f'<svg class="{classes}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f"{shape}</svg>"
    )
