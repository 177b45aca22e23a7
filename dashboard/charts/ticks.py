"""Numbers to write beside an axis."""

import math

# Below it, steps of a tick would be no numbers any more.
SMALLEST = 1e-300


def decades(low: float, high: float) -> list[float]:
    exponents = range(
        math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1
    )
    return (
        [10.0**exponent for exponent in exponents]
        if len(exponents) > 1
        else [low, high]
    )


def round_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Numbers people count in: 1, 2 or 5 times a power of ten."""
    rough = (high - low) / wanted
    if not SMALLEST < rough < math.inf:
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((f * power for f in (1, 2, 5) if f * power >= rough), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]
