"""Points of several requests in one transaction of SQLite, each answered when it is on disk.

A commit waits for the disk. While one group of requests waits, the next ones gather, and
one of them writes for all: so sixteen scripts wait for one commit and not for sixteen.
Whatever a group cannot do, or fails to do, each of it does by itself the long way, which
also knows what to tell whom.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import Error, connection

from tracker import liveness, points, rows, summary
from tracker.database.sqlite3.base import in_lane, translated
from tracker.points import Named
from tracker.summary import Row

log = logging.getLogger(__name__)

# Of each request one point or a few: a group of so many is written within milliseconds.
MOST_AT_ONCE = 64


class Request:
    """Points to be written, and the thread that waits for it."""

    def __init__(self, named: Named, points: Mapping[str, Row]) -> None:
        self.named = named
        self.points = points
        self.is_written = False
        self.problem: Error | None = None
        self.leads = False
        self.turn = threading.Lock()  # released when there is something to know
        self.turn.acquire()


class Group:
    """Those who wait, one of whom writes for all."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[Request] = []
        self.has_leader = False

    def write(self, request: Request) -> bool:
        with self.lock:
            self.waiting.append(request)
            request.leads = not self.has_leader
            self.has_leader = True
        if not request.leads:
            request.turn.acquire()
        if request.leads:
            self.lead(request)
        if request.problem:
            raise type(request.problem)(*request.problem.args) from request.problem
        return request.is_written

    def lead(self, leader: Request) -> None:
        """Write for all who wait by the time it can be done, and name the next leader."""
        taken: list[Request] = []
        try:
            with connection.wrap_database_errors:
                write(self.take, taken)
        except Error as problem:
            for one in taken or [leader]:
                one.problem = problem
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

    def take(self) -> list[Request]:
        with self.lock:
            taken = self.waiting[:MOST_AT_ONCE]
            del self.waiting[:MOST_AT_ONCE]
        return taken


group = Group()


def add(named: Named, new: Mapping[str, Row]) -> bool:
    """Store one more point for each of some series, if all are there and go on after it.

    Returns False, having changed nothing, where a series is missing or has later points,
    the candidate takes no reports, or a sign of life is due.
    """
    if connection.in_atomic_block:  # it is somebody else's to commit
        with connection.cursor() as cursor:
            return added(cursor, named, new, points.now_ms())
    return group.write(Request(named, new))


def write(take: Any, taken: list[Request]) -> None:
    """One transaction. Who comes while it waits for others to finish theirs, comes along."""
    connection.ensure_connection()
    cursor = Plain(connection.connection)
    with in_lane(connection):
        cursor.execute("BEGIN IMMEDIATE")
        try:
            taken += take()
            now = points.now_ms()
            for one in taken:
                one.is_written = added(cursor, one.named, one.points, now)
            cursor.execute("COMMIT")
        except Exception as problem:
            log.warning("%d requests are written one by one: %s", len(taken), problem)
            for one in taken:
                one.is_written = False
            if connection.connection.in_transaction:
                cursor.execute("ROLLBACK")


class Plain:
    """A cursor without Django's wrappers: they take longer than what is done here."""

    def __init__(self, connected: Any) -> None:
        self.connected = connected
        self.rows: Any = None

    def execute(self, query: str, values: Sequence[Any] = ()) -> None:
        self.rows = self.connected.execute(translated(query), values)

    def executemany(self, query: str, values: Sequence[Sequence[Any]]) -> None:
        self.connected.executemany(translated(query), values)

    def fetchall(self) -> Any:
        return self.rows.fetchall()


FIND = f"""
    SELECT metric.key, metric.id, {", ".join(f"metric.{name}" for name in Row._fields)}
    FROM tracker_candidate AS candidate
    JOIN tracker_metric AS metric ON metric.candidate_id = candidate.id
    WHERE candidate.project_id = %s AND candidate.eid = %s
    AND candidate.deleted_at IS NULL AND candidate.locked_at IS NULL
    AND {liveness.NOTHING_DUE} AND metric.key IN (
"""
POINT = (
    f"INSERT INTO tracker_point ({', '.join(points.POINT)})"
    f" VALUES ({rows.places(len(points.POINT))})"
)


class Series(NamedTuple):
    id: int
    latest: Row


def added(cursor: Any, named: Named, new: Mapping[str, Row], now: int) -> bool:
    keys = sorted(new)
    cursor.execute(
        f"{FIND}{rows.places(len(keys))})",
        [*named, *liveness.nothing_due(is_training=liveness.trains(keys)), *keys],
    )
    found = {key: Series(pk, Row(*latest)) for key, pk, *latest in cursor.fetchall()}
    if len(found) < len(keys):
        return False
    if any(new[key] <= found[key].latest for key in keys):
        return False
    cursor.executemany(POINT, [(found[key].id, *new[key]) for key in keys])
    cursor.executemany(
        points.UPDATE_ONE,
        [(found[key].id, *summary.of([new[key]], now)) for key in keys],
    )
    return True
