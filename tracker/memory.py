"""The cache in Redis, which every process and machine shares.

It holds JSON, so that whoever can write to Redis cannot run code here, and it is only a
memory: while Redis is away, nothing is remembered and everything works.
"""

import functools
import json
import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis, RedisError

log = logging.getLogger(__name__)

# A request waits no longer for a Redis that does not answer.
PATIENCE_SECONDS = 0.5


class Json:
    """What the cache keeps, as Redis sees it. Numbers stay numbers, for INCR."""

    def dumps(self, value: Any) -> bytes | int:
        if type(value) is int:
            return value
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: Any) -> Any:
        return json.loads(data)


class Client(RedisCacheClient):
    def __init__(self, servers: list[str]) -> None:
        serializer: Any = Json  # loads takes what Redis gives, which is never a number
        super().__init__(
            servers,
            serializer=serializer,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
        )

    def get(self, *asked: Any, **named: Any) -> Any:
        return forgiving(asked[1], super().get, *asked, **named)  # the default

    def get_many(self, *asked: Any, **named: Any) -> Any:
        return forgiving({}, super().get_many, *asked, **named)

    def set(self, *asked: Any, **named: Any) -> Any:
        return forgiving(None, super().set, *asked, **named)

    def add(self, *asked: Any, **named: Any) -> Any:
        return forgiving(True, super().add, *asked, **named)

    def delete(self, *asked: Any, **named: Any) -> Any:
        return forgiving(False, super().delete, *asked, **named)


class Memory(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = Client


@functools.cache
def redis_at(url: str) -> Redis:
    """For what the cache's own words cannot say: one pool for all threads."""
    return Redis.from_url(
        url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
    )


def forgiving(
    otherwise: Any, ask: Callable[..., Any], *asked: Any, **named: Any
) -> Any:
    """What Redis says, or something harmless while it says nothing."""
    try:
        return ask(*asked, **named)
    except RedisError as problem:
        log.warning("Redis does not answer: %s", problem)
        return otherwise
