"""How often one caller may ask: of the API, and with a wrong password.

A call costs no look-up elsewhere: each web process keeps its own buckets and gives out its
share of the limit. Failed sign-ins are counted in the cache, which Redis shares between
processes; whoever is signed in, or has a token, does not notice.
"""

import hashlib
import threading
import time
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache

from tracker.errors import TooMany

SIGN_IN_SECONDS = 300
MAX_BUCKETS = 10_000


class Rate(NamedTuple):
    """So many a minute, and so many at once."""

    per_minute: int
    burst: int


_buckets: dict[str, tuple[float, float]] = {}
_lock = threading.Lock()


def wait_for(caller: str, rate: Rate) -> float:
    """Seconds until the caller may ask; 0: now, and that is counted."""
    per_second = rate.per_minute / 60 / settings.WORKERS
    burst = max(1.0, rate.burst / settings.WORKERS)
    now = time.monotonic()
    with _lock:
        if len(_buckets) > MAX_BUCKETS:
            _buckets.clear()
        left, before = _buckets.get(caller, (burst, now))
        left = min(burst, left + (now - before) * per_second)
        if left < 1:
            return (1 - left) / per_second
        _buckets[caller] = (left - 1, now)
        return 0.0


def forget() -> None:
    """Between tests."""
    _buckets.clear()


# ---------------------------------------------------------------- passwords


def refuse_guessing(name: str, address: str) -> None:
    """Raises TooMany where the account or the address has failed too often of late."""
    failed = cache.get_many(_keys(name, address)).values()
    if settings.MODE == "team" and any(n >= settings.SIGN_INS for n in failed):
        raise TooMany(
            "Too many sign-ins have failed. Try again in a few minutes.",
            wait=SIGN_IN_SECONDS,
        )


def note_failure(name: str, address: str) -> None:
    for key in _keys(name, address):
        if not cache.add(key, 1, SIGN_IN_SECONDS):
            try:
                cache.incr(key)
            except ValueError:  # it has just run out
                cache.set(key, 1, SIGN_IN_SECONDS)


def _keys(name: str, address: str) -> list[str]:
    account = hashlib.sha256(name.encode(errors="replace")).hexdigest()
    return [f"failed:account:{account}", f"failed:address:{address}"]
