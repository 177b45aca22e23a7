"""Numbers in Plotly's binary form, in no more bytes than can be seen.

Text would take twice the room. What is drawn and never read as a number may be coarse:
zeros at the end of a number compress well.
"""

import math
from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

FLOAT32_MAX = 3.4e38
INT32_MAX = 2**31 - 1
# The bits of a number's fraction.
FRACTION = {"f4": 23, "f8": 52}


def typed(numbers: Iterable[float], *, places: int = 0) -> dict[str, str]:
    """Infinities become gaps.

    `places`: how many on the axis must be told apart; without it, as many as are given.
    """
    import numpy as np  # only where a page needs it

    given = list(numbers)
    if not places and set(map(type, given)) <= {int}:  # steps, which readers count
        name = "i4" if max(map(abs, given), default=0) <= INT32_MAX else "f8"
        return sent(np.array(given, f"<{name}"), name)
    values = np.array(given, np.float64)
    values[np.isinf(values)] = math.nan
    size, spread = extent(values)
    # Four bytes where their seven digits still tell apart what fills the axis.
    name = "f4" if size < FLOAT32_MAX and size <= 2000 * spread else "f8"
    packed = values.astype(f"<{name}")
    if places:
        packed = coarse(packed, FRACTION[name], bits=bits(size, spread, places))
    return sent(packed, name)


def sent(packed: "Numbers", name: str) -> dict[str, str]:
    return {"dtype": name, "bdata": b64encode(packed.tobytes()).decode()}


def extent(values: "Numbers") -> tuple[float, float]:
    """The largest number without its sign, and how far they lie apart."""
    finite = values[values == values]  # NaN is not itself
    if not finite.size:
        return 0.0, 0.0
    low, high = float(finite.min()), float(finite.max())
    return max(abs(low), abs(high)), high - low


def bits(size: float, spread: float, places: int) -> int:
    """How many of a fraction set so many places apart.

    On a logarithmic axis a small number counts as much as a large one; there the relative
    error says what is seen, and it is one place in as many.
    """
    if not spread or not math.isfinite(places * size / spread):
        return 52
    return math.ceil(math.log2(places * max(1.0, size / spread)))


def coarse(packed: "Numbers", width: int, *, bits: int) -> "Numbers":
    """Cut off the end of each number."""
    if bits >= width:
        return packed
    words = packed.view(f"<u{packed.itemsize}")
    mask = -1 << (width - bits) & (1 << 8 * packed.itemsize) - 1
    cut: Numbers = words & words.dtype.type(mask)
    return cut
