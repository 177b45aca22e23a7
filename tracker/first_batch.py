"""The first batch of a candidate that this process has just created: one statement.

PostgreSQL only, where each statement is a journey, and the long way takes ten of them.
Whatever is special is left to that way: see recording.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import DataError, IntegrityError, connection

from tracker import liveness, points, rows, summary
from tracker.models import Candidate, Status
from tracker.points import Named
from tracker.summary import Row
from tracker.transactions import patiently

MOST_POINTS = 100  # more are quicker by COPY

# ---------------------------------------------------------------- who is new

MOST_EXPECTED = 10_000
_expected: dict[Named, int] = {}
_lock = threading.Lock()


def expect(candidate: Candidate) -> None:
    """It was just created; what it reports first may come this way."""
    with _lock:
        if len(_expected) >= MOST_EXPECTED:
            _expected.clear()
        named = Named(candidate.project_id, candidate.eid)
        _expected[named] = candidate.experiment_id


def experiment_of(named: Named) -> int | None:
    """The experiment where it was created, once; then it is no longer new."""
    with _lock:
        return _expected.pop(named, None)


# ---------------------------------------------------------------- the statement


class Param(NamedTuple):
    key: str
    value: str
    number: float | None


class Batch(NamedTuple):
    """What is reported, cut to what is kept, in the order of keys."""

    series: Mapping[str, set[Row]]
    params: Sequence[Param]
    tags: Mapping[str, str]
    config: int  # what the params make of the configuration
    is_training: bool


TAG = ["key", "value"]
SUMMARY = ["key", *summary.COLUMNS]
POINT = ["key", *Row._fields]
# Nothing was reported yet, nothing is to be noted of gaps, and nobody has changed it.
UNTOUCHED = """
    project_id = %s AND eid = %s AND experiment_id = %s AND status = %s
    AND deleted_at IS NULL AND locked_at IS NULL AND closed_ms IS NULL
    AND trained_ms IS NULL AND config = 0 AND written_ms > %s
    AND NOT EXISTS (SELECT FROM tracker_param WHERE candidate_id = candidate.id)
    AND NOT EXISTS (SELECT FROM tracker_metric WHERE candidate_id = candidate.id)
"""
STORE = f"""
    WITH found AS (
        UPDATE tracker_candidate AS candidate SET config = %s,
            written_ms = coalesce(%s, written_ms), trained_ms = %s
        WHERE {UNTOUCHED} RETURNING id, experiment_id, started_ms, eid
    ), params AS (
        INSERT INTO tracker_param (candidate_id, experiment_id, key, value, number)
        SELECT found.id, experiment_id, new.*
        FROM found CROSS JOIN {rows.recordset("new", Param._fields, ["value"])}
    ), tags AS (
        INSERT INTO tracker_tag (candidate_id, experiment_id, key, value)
        SELECT found.id, experiment_id, new.*
        FROM found CROSS JOIN {rows.recordset("new", TAG, ["value"])}
        ON CONFLICT (candidate_id, key) DO UPDATE SET value = excluded.value
    ), series AS (
        INSERT INTO tracker_metric ({", ".join(points.SERIES)})
        SELECT found.id, experiment_id, started_ms, eid, new.*
        FROM found CROSS JOIN {rows.recordset("new", SUMMARY)}
        RETURNING id, key
    ), stored AS (
        INSERT INTO tracker_point ({", ".join(points.POINT)})
        SELECT series.id, {", ".join(f"new.{name}" for name in Row._fields)}
        FROM series JOIN {rows.recordset("new", POINT)} USING (key)
    )
    SELECT id FROM found
"""


@patiently
def store(named: Named, experiment: int, batch: Batch) -> bool:
    """Store it whole. False, with nothing changed, where the candidate is not untouched."""
    now = points.now_ms()
    noted = now if batch.is_training else None
    made = [(key, *summary.of(batch.series[key], now)) for key in batch.series]
    each = [(key, *row) for key in batch.series for row in sorted(batch.series[key])]
    values = [
        *rows.sized([batch.config]),
        rows.wide(noted),
        rows.wide(noted),
        *rows.sized([*named, experiment, Status.RUNNING]),
        *rows.sized([now - liveness.NOTED_EVERY_MS]),
        rows.records(Param._fields, batch.params),
        rows.records(TAG, batch.tags.items()),
        rows.records(SUMMARY, made),
        rows.records(POINT, each),
    ]
    try:
        with rows.prepared() as cursor:
            cursor.execute(STORE, values)
            return cursor.fetchone() is not None
    except (IntegrityError, DataError):  # the long way knows what to do, or to say
        return False


def is_possible() -> bool:
    """What fails undoes a transaction, and so has to be one by itself."""
    return connection.vendor == "postgresql" and not connection.in_atomic_block
