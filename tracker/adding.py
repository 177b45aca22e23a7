"""The short way for what training loops send: one more point for series that are there.

Requests that come together are answered together (see gathering): on SQLite they share a
commit, on PostgreSQL they are one statement, and so one journey and one commit too.
"""

import logging
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import OperationalError, connection

from tracker import gathering, liveness, points, rows, summary
from tracker.database import vendor
from tracker.gathering import Group, Request, Take
from tracker.points import Named
from tracker.summary import Row

log = logging.getLogger(__name__)


def add(named: Named, new: Mapping[str, Row]) -> bool:
    """Store one more point for each of some series of a candidate.

    Returns False, having changed nothing, where a series is missing or somebody else is
    just writing it, where it has later points on SQLite, the candidate takes no reports,
    or a sign of life is due: the long way knows what to do.
    """
    if vendor() == "sqlite":
        return gathering.quickly(lambda: added(named, new))
    request = Points(named, new)
    if connection.in_atomic_block:
        store([request])
    else:
        group.write(request)
    return bool(request.result)


# ---------------------------------------------------------------- SQLite

FIND = f"""
    SELECT metric.key, metric.id, metric.min_value, metric.max_value,
    {", ".join(f"metric.{name}" for name in Row._fields)} FROM tracker_candidate AS candidate
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
    lowest: float | None
    highest: float | None
    latest: Row

    def change(self, new: Row) -> str:
        """The statement that takes a later point in."""
        is_finite = not new.is_nan and math.isfinite(new.value)
        return summary.appended(
            is_finite=is_finite,
            is_lowest=is_finite and (self.lowest is None or new.value < self.lowest),
            is_highest=is_finite and (self.highest is None or new.value > self.highest),
        )


def added(named: Named, new: Mapping[str, Row]) -> bool:
    keys = sorted(new)
    with rows.cursor() as cursor:
        cursor.execute(
            f"{FIND}{rows.places(len(keys))})",
            [*named, *liveness.nothing_due(is_training=liveness.trains(keys)), *keys],
        )
        found = {
            key: Series(pk, lowest, highest, Row(*latest))
            for key, pk, lowest, highest, *latest in cursor.fetchall()
        }
        if len(found) < len(keys):
            return False
        if any(new[key] <= found[key].latest for key in keys):
            return False
        now = points.now_ms()
        cursor.executemany(POINT, [(found[key].id, *new[key]) for key in keys])
        changes: dict[str, list[Any]] = {}
        for key in keys:
            values = (*summary.of_one(new[key], now), found[key].id)
            changes.setdefault(found[key].change(new[key]), []).append(values)
        for statement, rows_of_it in changes.items():
            cursor.executemany(statement, rows_of_it)
    return True


# ---------------------------------------------------------------- PostgreSQL


class Points(Request[bool]):
    """What one request wants to add."""

    def __init__(self, named: Named, new: Mapping[str, Row]) -> None:
        super().__init__()
        self.named = named
        self.new = new
        self.series = {(named, key) for key in new}


# A row that is asked for: which request it belongs to, and how many that one has.
ASKED = ["request", "size", *Named._fields, "is_training", "key", *Row._fields]
# A limit that is not known beforehand: PostgreSQL then expects ten rows of JSON and not a
# hundred, for which it would read whole tables while these are small.
# The series are found and locked, the points stored where all series of their request are
# there, and the summaries of those updated that were new. Nobody waits here for a series
# that another writes: one request could hold up all others.
ADD = f"""
    WITH asked AS (
        SELECT * FROM {rows.recordset("asked", ASKED)} LIMIT (SELECT 1000000)
    ), series AS MATERIALIZED (
        SELECT metric.id, request, size, {", ".join(f"asked.{name}" for name in Row._fields)}
        FROM asked
        JOIN tracker_candidate AS candidate
        ON candidate.eid = asked.eid AND candidate.project_id = asked.project_id
        JOIN tracker_metric AS metric
        ON metric.candidate_id = candidate.id AND metric.key = asked.key
        WHERE candidate.deleted_at IS NULL AND candidate.locked_at IS NULL
        AND {liveness.NOTHING_DUE % ("%s", "%s", "asked.is_training")}
        FOR NO KEY UPDATE OF metric SKIP LOCKED
    ), whole AS (
        SELECT request FROM series GROUP BY request HAVING count(*) = max(size)
    ), stored AS (
        INSERT INTO tracker_point ({", ".join(points.POINT)})
        SELECT series.id, {", ".join(Row._fields)} FROM series JOIN whole USING (request)
        ON CONFLICT DO NOTHING RETURNING {", ".join(points.POINT)}
    ), fresh AS (
        SELECT metric_id AS id, {", ".join(map(" AS ".join, summary.OF_ONE))}
        FROM stored CROSS JOIN (SELECT %s::bigint AS logged_ms) AS clock
    ), merged AS (
        {summary.MERGE} FROM fresh WHERE kept.id = fresh.id
    )
    SELECT request FROM whole
"""


# The same for one request that comes alone with one point, as those of a single script do.
# It takes two thirds of the time, and does nothing where the point is not the latest.
TAKEN_IN = summary.next_one(
    step="$7", timestamp="$8", value="$9::double precision", logged_ms="$10"
)
NEXT = f"""
    WITH series AS MATERIALIZED (
        SELECT metric.id FROM tracker_candidate AS candidate
        JOIN tracker_metric AS metric ON metric.candidate_id = candidate.id
        WHERE candidate.project_id = $1 AND candidate.eid = $2 AND metric.key = $3
        AND candidate.deleted_at IS NULL AND candidate.locked_at IS NULL
        AND {liveness.NOTHING_DUE % ("$4", "$5", "$6")}
        AND ($7::bigint, $8::bigint, $9::double precision, FALSE)
        > ({", ".join(f"metric.{name}" for name in Row._fields)})
        FOR NO KEY UPDATE OF metric SKIP LOCKED
    ), stored AS (
        INSERT INTO tracker_point ({", ".join(points.POINT)})
        SELECT id, $7, $8, $9, FALSE FROM series
    )
    {TAKEN_IN} FROM series WHERE kept.id = series.id RETURNING kept.id
"""


def write(take: Take[Points], taken: list[Points]) -> None:
    """A statement for all, and another for those who write the same series once more."""
    taken += take()
    left = [*taken]
    while left:
        series: set[tuple[Named, str]] = set()
        now: list[Points] = []
        later: list[Points] = []
        for one in left:
            (now if series.isdisjoint(one.series) else later).append(one)
            series |= one.series
        try:
            store(now)
        except OperationalError as problem:  # it is everybody's
            for one in left:
                one.problem = problem
            return
        except Exception as problem:
            log.warning("%d requests are written one by one: %s", len(now), problem)
        left = later


group = Group(write)


def store(requests: list[Points]) -> None:
    """Their points in one statement; those of different requests name different series."""
    if len(requests) == 1 and follows(requests[0]):
        return
    asked: list[tuple[Any, ...]] = []
    for place, one in enumerate(requests):
        trains = liveness.trains(one.new)
        asked += [
            (place, len(one.new), *one.named, trains, key, *row)
            for key, row in one.new.items()
        ]
    noted, _, _ = liveness.nothing_due(is_training=True)
    with rows.prepared() as cursor:
        cursor.execute(
            ADD,
            [rows.records(ASKED, asked), *rows.sized([noted, noted, points.now_ms()])],
        )
        for (place,) in cursor.fetchall():
            requests[place].result = True
    for one in requests:
        one.is_done = True


def follows(request: Points) -> bool:
    """Whether it was one finite point after all others, and is stored."""
    [(key, row), *more] = request.new.items()
    if more or row.is_nan or not math.isfinite(row.value):
        return False
    due = liveness.nothing_due(is_training=liveness.trains(request.new))
    values = [*request.named, key, *due, row.step, row.timestamp, row.value]
    with rows.prepared() as cursor:
        cursor.execute(NEXT, rows.sized([*values, points.now_ms()]))
        request.is_done = request.result = cursor.fetchone() is not None
    return request.is_done
