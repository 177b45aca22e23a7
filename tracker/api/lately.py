"""What every call asks for and seldom changes: a process believes for a moment what it found.

Whoever depends on more than that asks the database once more.
"""

import time
from collections.abc import Hashable
from typing import Generic, TypeVar

V = TypeVar("V")

SECONDS = 5
MOST = 1000


class Lately(Generic[V]):
    def __init__(self) -> None:
        self.found: dict[Hashable, tuple[float, V]] = {}

    def get(self, key: Hashable) -> V | None:
        until, value = self.found.get(key, (0.0, None))
        return value if until >= time.monotonic() else None

    def keep(self, key: Hashable, value: V) -> None:
        if len(self.found) >= MOST:
            self.found.clear()
        self.found[key] = (time.monotonic() + SECONDS, value)

    def forget(self) -> None:
        self.found.clear()
