"""Text that reads as a number."""

import math
import re

NUMBER = re.compile(r"[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)


def as_number(text: str) -> float | None:
    """The number a param's text reads as, for sorting and ranges; None for any other text.

    It is kept beside the text, and an index holds a param by the one or by the other: what
    this says of a text must never change without a migration.
    """
    text = text.strip()
    if len(text) > 40 or not NUMBER.match(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None
