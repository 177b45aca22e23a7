"""How often one caller may ask: of the API, and with a wrong password.

Calls are counted in buckets. With Redis there is one bucket for each caller, shared by all
processes and machines; each process takes some calls out of it at a time, so that most
cost nothing. Without Redis, or while it is away, each web process of this machine has a
bucket with its share.

Failed sign-ins are rare and matter more, so they are rows in the database. Whoever is
signed in, or has a token, does not notice.
"""

import hashlib
import ipaddress
import logging
import threading
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from redis import RedisError

from tracker import memory
from tracker.errors import TooMany
from tracker.models import FailedSignIn

log = logging.getLogger(__name__)

SIGN_IN_SECONDS = 300
MAX_CALLERS = 10_000
# Calls taken from the shared bucket at a time: this part of what it holds, but not more.
PART, MOST_AT_ONCE = 50, 20
# How long a Redis that did not answer is left alone.
AWAY_SECONDS = 5


class Rate(NamedTuple):
    """So many a minute, and so many at once."""

    per_minute: int
    burst: int


_buckets: dict[str, tuple[float, float]] = {}
_taken: dict[str, int] = {}  # out of shared buckets, and not used yet
_away_until = 0.0
_lock = threading.Lock()


def wait_for(caller: str, rate: Rate) -> float:
    """Seconds until the caller may ask; 0: now, and that is counted."""
    if settings.REDIS_URL and time.monotonic() >= _away_until:
        try:
            return _shared_wait(caller, rate)
        except RedisError as problem:
            _leave_alone(problem)
    return _own_wait(caller, rate)


def neighbourhood(address: str) -> str:
    """What counts as one address: of IPv6, the network that a single customer has."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return address
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))


def forget() -> None:
    """Between tests."""
    global _away_until
    _buckets.clear()
    _taken.clear()
    _away_until = 0.0


# ---------------------------------------------------------------- one bucket for all

# Redis runs it whole, by its own clock: those of machines differ.
TAKE = """
local rate, burst, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = burst
if kept[1] then
    left = math.min(burst, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * rate)
end
local given = math.min(want, math.floor(left))
redis.call('HSET', KEYS[1], 'left', tostring(left - given), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 1)
return {given, tostring((1 - left) / rate)}
"""


def _shared_wait(caller: str, rate: Rate) -> float:
    with _lock:
        if left := _taken.get(caller, 0):
            _taken[caller] = left - 1
            return 0.0
    want = max(1, min(MOST_AT_ONCE, rate.burst // PART))
    redis = memory.redis_at(settings.REDIS_URL)
    given, wait = redis.eval(
        *(TAKE, 1, f"tracker:calls:{caller}"),
        *(str(rate.per_minute / 60), str(rate.burst), str(want)),
    )
    if not given:
        return float(wait)
    with _lock:
        if len(_taken) > MAX_CALLERS:
            _taken.clear()
        _taken[caller] = _taken.get(caller, 0) + given - 1
    return 0.0


def _leave_alone(problem: RedisError) -> None:
    global _away_until
    log.warning("Calls are counted in this process alone: %s", problem)
    _away_until = time.monotonic() + AWAY_SECONDS


# ---------------------------------------------------------------- a bucket of one's own


def _own_wait(caller: str, rate: Rate) -> float:
    per_second = rate.per_minute / 60 / settings.WORKERS
    burst = max(1.0, rate.burst / settings.WORKERS)
    now = time.monotonic()
    with _lock:
        if len(_buckets) > MAX_CALLERS:
            _buckets.clear()
        left, before = _buckets.get(caller, (burst, now))
        left = min(burst, left + (now - before) * per_second)
        if left < 1:
            return (1 - left) / per_second
        _buckets[caller] = (left - 1, now)
        return 0.0


# ---------------------------------------------------------------- passwords


def refuse_guessing(name: str, address: str) -> None:
    """Raises TooMany where the account or the address has failed too often of late."""
    if settings.MODE != "team":
        return
    failed = (
        FailedSignIn.objects.filter(key__in=_keys(name, address), at__gt=_lately())
        .values("key")
        .annotate(number=Count("pk"))
        .values_list("number", flat=True)
    )
    if any(number >= settings.SIGN_INS for number in failed):
        raise TooMany(
            "Too many sign-ins have failed. Try again in a few minutes.",
            wait=SIGN_IN_SECONDS,
        )


def note_failure(name: str, address: str) -> None:
    FailedSignIn.objects.bulk_create(
        FailedSignIn(key=key) for key in _keys(name, address)
    )


def forget_failures() -> None:
    """Those that count no more."""
    FailedSignIn.objects.filter(at__lte=_lately()).delete()


def _lately() -> datetime:
    return timezone.now() - timedelta(seconds=SIGN_IN_SECONDS)


def _keys(name: str, address: str) -> list[str]:
    """Digests: names that were tried may be passwords in the wrong field."""
    return [
        hashlib.sha256(text.encode(errors="replace")).hexdigest()
        for text in (f"account:{name}", f"address:{neighbourhood(address)}")
    ]
