"""How many candidates a very large experiment has, remembered for a moment.

No database counts a million rows at once, and of so many nobody misses the last few.
"""

import time

from django.db.models import Expression, Value

MANY = 50_000
SECONDS = 30.0
MOST_EXPERIMENTS = 1000

_totals: dict[tuple[int, int], tuple[float, int]] = {}


def recalled(project: int, iid: int) -> Expression | None:
    """What was counted a moment ago, as a column, where it was many."""
    until, total = _totals.get((project, iid), (0.0, 0))
    return Value(total) if until > time.monotonic() else None


def remember(project: int, iid: int, total: int) -> None:
    if total < MANY or recalled(project, iid):
        return
    if len(_totals) >= MOST_EXPERIMENTS:
        _totals.clear()
    _totals[project, iid] = (time.monotonic() + SECONDS, total)


def forget() -> None:
    """Between tests."""
    _totals.clear()
