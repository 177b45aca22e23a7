"""Regular expressions that people write: they get a limited time, on either database."""

import contextlib
import functools
import re
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import regex  # type: ignore[import-untyped]
from django.db import DataError, OperationalError, connection, transaction

from tracker.errors import Invalid
from tracker.search.grammar import BadFilter, Value

SECONDS = 2.0
MAX_CHARS = 1000
# What repeats a counted number of times is written out as often: ten bytes of pattern
# could become gigabytes.
MAX_PARTS = 50_000

TOO_SLOW = "The regular expression takes too long; make it simpler."


@dataclass(slots=True)
class Limit:
    until: float
    is_over: bool = False


_limit: ContextVar[Limit] = ContextVar("limit")


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Queries inside may match regular expressions, all together for SECONDS.

    Raises Invalid for one that takes longer, or that the database cannot read.
    """
    limit = _limited_sqlite if connection.vendor == "sqlite" else _limited_postgresql
    with limit():
        yield


@contextlib.contextmanager
def _limited_sqlite() -> Iterator[None]:
    limit = Limit(time.monotonic() + SECONDS)
    token = _limit.set(limit)
    try:
        yield
    except OperationalError:  # all that SQLite says of a function that raised
        if not limit.is_over:
            raise
        raise Invalid(TOO_SLOW) from None
    finally:
        _limit.reset(token)


def check(value: Value) -> None:
    """Raises BadFilter for a text that is no regular expression, or a monstrous one."""
    if problem := _problem(value.text):
        raise BadFilter(f"Not a regular expression: {problem}", value.position)


def _problem(pattern: str) -> str:
    if len(pattern) > MAX_CHARS:
        return f"it has more than {MAX_CHARS} characters"
    if ENDLESS.search(pattern):
        return "it calls itself, or changes how it is read"
    if parts(pattern) > MAX_PARTS:
        return "it repeats too much"
    try:
        _compiled(pattern)
    except regex.error as problem:
        return str(problem)
    except RecursionError:
        return "it is nested too deeply"
    return ""


# A pattern within itself: no limit of time holds the memory that takes. And the flags and
# comments under which it would not be what `parts` counts.
ENDLESS = re.compile(r"\(\?(?:R|&|P>|#|[+-]?\d|[\w-]*[xV])")
PARTS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d+)(?:,\d*)?\}|.", re.DOTALL)


def parts(pattern: str) -> int:
    """How many parts a pattern has when what it counts is written out."""
    groups = [0]
    last = 0  # the part that a count would repeat
    for part in PARTS.finditer(pattern):
        if part[1]:
            more = last * (max(1, int(part[1])) - 1)
            groups[-1] += more
            last += more
        elif part[0] == "(":
            groups.append(1)
        elif part[0] == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        elif part[0] not in ("?", "*", "+"):
            last = 1
            groups[-1] += 1
    return sum(groups)


@contextlib.contextmanager
def _limited_postgresql() -> Iterator[None]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {SECONDS * 1000:.0f}")
            yield
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError as problem:
        if getattr(problem.__cause__, "sqlstate", "") != "57014":  # query_canceled
            raise
        raise Invalid(TOO_SLOW) from None
    except DataError as problem:
        if getattr(problem.__cause__, "sqlstate", "") != "2201B":
            raise
        raise Invalid(f"Not a regular expression: {problem}".split("\n")[0]) from None


def matches(text: str | None, pattern: str) -> bool | None:
    """For SQLite: whether the pattern is found in the text."""
    if text is None:
        return None
    limit = _limit.get()
    left = limit.until - time.monotonic()
    try:
        if left <= 0:
            raise TimeoutError
        return _compiled(pattern).search(text, timeout=left) is not None
    except TimeoutError:
        limit.is_over = True
        raise


@functools.lru_cache(maxsize=16)
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern)
