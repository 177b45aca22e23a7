"""Numbers in Plotly's binary form, in no more bytes than can be seen.

Text would take twice the room. What is drawn and never read as a number may be coarse:
zeros at the end of a number compress well.
"""

import math
import sys
from array import array
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

FLOAT32_MAX = 3.4e38
INT32_MAX = 2**31 - 1
# The bits of a number's fraction, and the integer that holds all its bits.
FRACTION = {"f4": (23, "I"), "f8": (52, "Q")}


def typed(numbers: Iterable[float], *, places: int = 0) -> dict[str, str]:
    """Infinities become gaps.

    `places`: how many on the axis must be told apart; without it, as many as are given.
    """
    values = [n if math.isfinite(n) else math.nan for n in numbers]
    if places:
        values = list(map(float, values))
    code, name = smallest_type(values)
    packed: array[Any] = array(code, map(int, values) if name == "i4" else values)
    if places:
        packed = coarse(packed, *FRACTION[name], bits=bits(values, places))
    if sys.byteorder == "big":
        packed.byteswap()
    return {"dtype": name, "bdata": b64encode(packed.tobytes()).decode()}


def smallest_type(values: Sequence[float]) -> tuple[str, str]:
    """Four bytes where they are exact enough to draw, eight where they are not."""
    if all(isinstance(n, int) for n in values):  # steps, which readers count
        fits = all(abs(n) <= INT32_MAX for n in values)
        return ("i", "i4") if fits else ("d", "f8")
    size, spread = extent(values)
    # Seven digits must still tell apart what fills the axis.
    if size < FLOAT32_MAX and size <= 2000 * spread:
        return "f", "f4"
    return "d", "f8"


def extent(values: Sequence[float]) -> tuple[float, float]:
    """The largest number without its sign, and how far they lie apart."""
    finite = [n for n in values if not math.isnan(n)]
    if not finite:
        return 0.0, 0.0
    return max(map(abs, finite)), max(finite) - min(finite)


def bits(values: Sequence[float], places: int) -> int:
    """How many of a fraction set so many places apart.

    On a logarithmic axis a small number counts as much as a large one; there the relative
    error says what is seen, and it is one place in as many.
    """
    size, spread = extent(values)
    if not spread or not math.isfinite(places * size / spread):
        return 52
    return math.ceil(math.log2(places * max(1.0, size / spread)))


def coarse(packed: "array[Any]", width: int, code: str, *, bits: int) -> "array[Any]":
    """Cut off the end of each number."""
    words = array(code, packed.tobytes())
    if bits >= width:
        return words
    mask = -1 << (width - bits) & (1 << 8 * words.itemsize) - 1
    return array(code, [word & mask for word in words])
