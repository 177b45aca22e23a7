"""How deep JSON is nested, found out before anything is made of it."""

import itertools
import re

MAX_DEPTH = 64

# Also one without an end: else each quote in it would be tried as a beginning.
TEXTS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
# Up and down, as signed bytes.
STEPS = bytes.maketrans(b"{[]}", b"\x01\x01\xff\xff")
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def is_deep(body: bytes) -> bool:
    """Whether JSON has more levels of lists and objects than are allowed.

    Of what is no JSON it says nothing.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    steps = TEXTS.sub(b"", body).translate(STEPS, NO_BRACKETS)
    return max(itertools.accumulate(memoryview(steps).cast("b")), default=0) > MAX_DEPTH
