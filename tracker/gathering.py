"""Requests of several scripts in one transaction of SQLite, each answered when it is on disk.

A commit waits for the disk. While one group of requests waits, the next ones gather, and
one of them writes for all: so sixteen scripts wait for one commit and not for sixteen, and
a page of the database that all of them change is written once. Whatever a group cannot
do, or fails to do, each of it does by itself, which also knows what to tell whom.
"""

import contextvars
import functools
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

from django.db import Error, connection, transaction

from tracker import liveness, points, rows, summary
from tracker.points import Named
from tracker.summary import Row
from tracker.transactions import atomically

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Of each request one point or a few: a group of so many is written within milliseconds.
MOST_AT_ONCE = 64


class Request(Generic[T]):
    """What is to be written, and the thread that waits for it."""

    def __init__(self, verb: Callable[[], T]) -> None:
        self.verb = verb
        self.context = contextvars.copy_context()  # who asks: see audit
        self.result: T | None = None
        self.is_done = False
        self.problem: Exception | None = None
        self.leads = False
        self.turn = threading.Lock()  # released when there is something to know
        self.turn.acquire()

    def run(self) -> None:
        """On whoever's thread, in a transaction that is to be undone if this fails."""
        before = connection.connection.total_changes
        try:
            self.result = self.context.run(self.verb)
        except Exception as problem:
            if (
                connection.needs_rollback
                or connection.connection.total_changes > before
            ):
                raise
            self.problem = problem  # it is nobody else's


class Group:
    """Those who wait, one of whom writes for all."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[Request[Any]] = []
        self.has_leader = False

    def write(self, request: Request[Any]) -> bool:
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

    def lead(self, leader: Request[Any]) -> None:
        """Write for all who wait by the time it can be done, and name the next leader."""
        taken: list[Request[Any]] = []
        try:
            write(self.take, taken)
        except Error as problem:
            leader.problem = problem
        finally:
            with self.lock:
                if leader in self.waiting:  # it was not even taken
                    self.waiting.remove(leader)
                following = self.waiting[0] if self.waiting else None
                self.has_leader = following is not None
            for one in taken:
                if one is not leader:
                    one.turn.release()
            if following:
                following.leads = True
                following.turn.release()

    def take(self) -> list[Request[Any]]:
        with self.lock:
            taken = self.waiting[:MOST_AT_ONCE]
            del self.waiting[:MOST_AT_ONCE]
        return taken


group = Group()


def write(take: Callable[[], list[Request[Any]]], taken: list[Request[Any]]) -> None:
    """One transaction. Who comes while it waits for others to finish theirs, comes along."""
    is_committed = False

    def committed() -> None:
        nonlocal is_committed
        is_committed = True

    try:
        with transaction.atomic():
            transaction.on_commit(committed)
            taken += take()
            for one in taken:
                one.run()
    except Exception as problem:
        if not taken:
            raise
        if is_committed:  # and one of those who wanted to hear of it has failed
            log.exception("After a commit")
        else:
            log.warning("%d requests are written one by one: %s", len(taken), problem)
    finally:
        for one in taken:
            one.is_done = is_committed
            one.problem = one.problem if is_committed else None


def together(verb: Callable[P, T]) -> Callable[P, T]:
    """Run a verb whole or not at all: on SQLite in one transaction with others that come."""
    alone = atomically(verb)

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.vendor == "sqlite" and not connection.in_atomic_block:
            request: Request[T] = Request(lambda: verb(*args, **kwargs))
            if group.write(request):
                return request.result  # type: ignore[return-value]
        return alone(*args, **kwargs)

    return run


def add(named: Named, new: Mapping[str, Row]) -> bool:
    """Store one more point for each of some series, if all are there and go on after it.

    Returns False, having changed nothing, where a series is missing or has later points,
    the candidate takes no reports, or a sign of life is due.
    """
    request = Request(lambda: added(named, new))
    if connection.in_atomic_block:  # it is somebody else's to commit
        return request.verb()
    return group.write(request) and bool(request.result)


FIND = f"""
    SELECT metric.key, metric.id, {", ".join(f"metric.{name}" for name in Row._fields)}
    FROM tracker_candidate AS candidate
    JOIN tracker_metric AS metric ON metric.candidate_id = candidate.id
    WHERE candidate.project_id = %s AND candidate.eid = %s
    AND candidate.deleted_at IS NULL AND candidate.locked_at IS NULL
    AND {liveness.NOTHING_DUE} AND metric.key IN (
"""


class Series(NamedTuple):
    id: int
    latest: Row


def added(named: Named, new: Mapping[str, Row]) -> bool:
    keys = sorted(new)
    with rows.cursor() as cursor:
        cursor.execute(
            f"{FIND}{rows.places(len(keys))})",
            [*named, *liveness.nothing_due(is_training=liveness.trains(keys)), *keys],
        )
        found = {
            key: Series(pk, Row(*latest)) for key, pk, *latest in cursor.fetchall()
        }
        if len(found) < len(keys):
            return False
        if any(new[key] <= found[key].latest for key in keys):
            return False
        now = points.now_ms()
        rows.append(
            "tracker_point", points.POINT, [(found[key].id, *new[key]) for key in keys]
        )
        cursor.executemany(
            points.UPDATE_ONE,
            [(found[key].id, *summary.of([new[key]], now)) for key in keys],
        )
    return True
