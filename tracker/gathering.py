"""Requests of several scripts written together, each answered when it is on disk.

A commit waits for the disk. While one group of requests waits, the next ones gather, and
one of them writes for all: so sixteen scripts wait for one commit and not for sixteen.
Whatever a group cannot do, or fails to do, each of it does by itself, which also knows
what to tell whom.

On SQLite verbs run in one transaction, and a page of the database that all of them change
is written once. What PostgreSQL does together is in adding.
"""

import contextvars
import functools
import logging
import threading
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, cast

from django.db import (
    DEFAULT_DB_ALIAS,
    Error,
    OperationalError,
    connection,
    connections,
    transaction,
)

from tracker.database import vendor
from tracker.database.sqlite3 import writer
from tracker.transactions import atomically

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Of each request one point or a few: a group of so many is written within milliseconds.
MOST_AT_ONCE = 64


class Request(Generic[T]):
    """What is to be written, and the thread that waits for it."""

    def __init__(self) -> None:
        self.result: T | None = None
        self.is_done = False
        self.problem: Exception | None = None
        self.leads = False
        self.turn = threading.Lock()  # released when there is something to know
        self.turn.acquire()


R = TypeVar("R", bound=Request[Any])
Take = Callable[[], list[R]]


class Group(Generic[R]):
    """Those who wait, one of whom writes for all.

    `write` takes them when it can begin, and says of each whether it is done; those it
    has taken it also puts into the list that it is given. `settle` is what is left to do
    for them while the next group is written already.
    """

    def __init__(
        self,
        write: Callable[[Take[R], list[R]], None],
        settle: Callable[[list[R]], None] = lambda taken: None,
    ) -> None:
        self.write_all = write
        self.settle = settle
        self.lock = threading.Lock()
        self.waiting: list[R] = []
        self.has_leader = False

    def write(self, request: R) -> bool:
        """Whether it was done. Raises what it raised."""
        with self.lock:
            self.waiting.append(request)
            request.leads = not self.has_leader
            self.has_leader = True
        if not request.leads:
            request.turn.acquire()
        if request.leads:
            self.lead(request)
        if request.problem:
            raise request.problem
        return request.is_done

    def lead(self, leader: R) -> None:
        """Write for all who wait by the time it can be done, and name the next leader."""
        taken: list[R] = []
        try:
            self.write_all(self.take, taken)
        except Error as problem:
            leader.problem = problem
        finally:
            self.hand_over(leader)
            try:
                self.settle(taken)
            finally:
                for one in taken:
                    if one is not leader:
                        one.turn.release()

    def hand_over(self, leader: R) -> None:
        with self.lock:
            if leader in self.waiting:  # it was not even taken
                self.waiting.remove(leader)
            following = self.waiting[0] if self.waiting else None
            self.has_leader = following is not None
        if following:
            following.leads = True
            following.turn.release()

    def take(self) -> list[R]:
        with self.lock:
            taken = self.waiting[:MOST_AT_ONCE]
            del self.waiting[:MOST_AT_ONCE]
        return taken


# ---------------------------------------------------------------- verbs, on SQLite


class Verb(Request[T]):
    """Anything that changes the database."""

    def __init__(self, verb: Callable[[], T], *, is_plain: bool = False) -> None:
        super().__init__()
        self.verb = verb
        self.is_plain = is_plain  # it needs nothing of Django's transactions
        self.context = contextvars.copy_context()  # who asks: see audit

    def run(self) -> None:
        """On whoever's thread, in a transaction that is to be undone if this fails."""
        if self.is_plain:
            self.result = self.verb()
            return
        before = connection.connection.total_changes
        try:
            self.result = self.context.run(self.by, connections[DEFAULT_DB_ALIAS])
        except Exception as problem:
            if (
                connection.needs_rollback
                or connection.connection.total_changes > before
            ):
                raise
            self.problem = problem  # it is nobody else's

    def by(self, database: Any) -> T:
        """By a connection that was lent after the context began: in a thread with an event
        loop, Django keeps connections per context."""
        connections[DEFAULT_DB_ALIAS] = database
        return self.verb()


def write(take: Take[Verb[Any]], taken: list[Verb[Any]]) -> None:
    """One transaction. Who comes while it waits for others to finish theirs, comes along."""
    with writer.lent() as database:
        write_by(database, take, taken)


def write_by(database: Any, take: Take[Verb[Any]], taken: list[Verb[Any]]) -> None:
    is_committed = False

    def committed() -> None:
        nonlocal is_committed
        is_committed = True

    database.begin()
    taken += take()
    try:
        if all(one.is_plain for one in taken):
            plainly(database, taken)
            committed()
        else:
            with transaction.atomic():
                transaction.on_commit(committed)
                for one in taken:
                    one.run()
    except Exception as problem:
        if is_committed:  # and one of those who wanted to hear of it has failed
            log.exception("After a commit")
        else:
            log.warning("%d requests are written one by one: %s", len(taken), problem)
    finally:
        for one in taken:
            one.is_done = is_committed
            one.problem = one.problem if is_committed else None


def plainly(database: Any, taken: list[Verb[Any]]) -> None:
    """What the transaction around costs Django is a fifth of what a point takes."""
    try:
        for one in taken:
            one.run()
        database.commit_begun()
    except BaseException:
        database.undo_begun()
        raise


def settle(taken: list[Verb[Any]]) -> None:
    """Nobody is told of a write that is not on the disk."""
    if not any(one.is_done for one in taken):
        return
    try:
        writer.sync()
    except OSError as failure:
        log.exception("What was written may not be on the disk")
        for one in taken:
            one.problem = OperationalError(f"not on the disk: {failure}")


group: Group[Verb[Any]] = Group(write, settle)


def together(
    verb: Callable[P, T],
    *,
    alone: Callable[[Callable[P, T]], Callable[P, T]] = atomically,
    is_plain: bool = False,
) -> Callable[P, T]:
    """Run a verb whole or not at all: on SQLite in one transaction with others that come.

    `alone` is how it runs elsewhere.
    """
    by_itself = alone(verb)

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if vendor() == "sqlite" and not connection.in_atomic_block:
            request = Verb(lambda: verb(*args, **kwargs), is_plain=is_plain)
            if group.write(request):
                return cast(T, request.result)
        return by_itself(*args, **kwargs)

    return run


def quickly(verb: Callable[[], bool]) -> bool:
    """The same for a short way of SQLite's, which says whether it was one.

    Where it fails, nothing has changed, and the long way knows why.
    """
    if connection.in_atomic_block:  # it is somebody else's to commit
        return verb()
    request = Verb(verb, is_plain=True)
    return group.write(request) and bool(request.result)
