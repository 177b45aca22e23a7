"""A verb in one transaction, tried again where the database itself asks for it."""

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS = 4
# PostgreSQL's "serialization failure" and "deadlock detected": nothing was changed.
AGAIN = frozenset({"40001", "40P01"})


def atomically(verb: Callable[P, T]) -> Callable[P, T]:
    """Run the verb whole or not at all; up to three times more after a deadlock.

    Inside another transaction it runs once, as a part that can be undone by itself.
    """

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with transaction.atomic():
            return verb(*args, **kwargs)

    return patiently(run)


def patiently(verb: Callable[P, T]) -> Callable[P, T]:
    """Run a verb that is one statement or one transaction; again after a deadlock."""

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        attempts = 1 if connection.in_atomic_block else ATTEMPTS
        for attempt in range(1, attempts + 1):
            try:
                return verb(*args, **kwargs)
            except OperationalError as problem:
                if attempt == attempts or not asks_for_another(problem):
                    raise
                # Those who collided must not meet again.
                time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311  (no secret)
        raise AssertionError("the last attempt returns or raises")

    return run


def asks_for_another(problem: OperationalError) -> bool:
    return getattr(problem.__cause__, "sqlstate", None) in AGAIN
