"""The first batch of a candidate that this process has just created.

On PostgreSQL it is one statement, since each is a journey, and the long way takes ten of
them; on SQLite the few that write, since nothing is there that had to be asked about.
Whatever is special is left to the long way: see recording.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import DataError, IntegrityError, connection

from tracker import gathering, liveness, points, rows, summary
from tracker.database import vendor
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


CANDIDATE = ["candidate_id", "experiment_id"]
TAG = ["key", "value"]
SUMMARY = ["key", *summary.COLUMNS]
POINT = ["key", *Row._fields]
AGAIN = "(candidate_id, key) DO UPDATE SET value = excluded.value"
# Nothing was reported yet, nothing is to be noted of gaps, and nobody has changed it.
UNTOUCHED = """
    project_id = %s AND eid = %s AND experiment_id = %s AND status = %s
    AND deleted_at IS NULL AND locked_at IS NULL AND closed_ms IS NULL
    AND trained_ms IS NULL AND config = 0 AND written_ms > %s
    AND NOT EXISTS (SELECT 1 FROM tracker_param WHERE candidate_id = candidate.id)
    AND NOT EXISTS (SELECT 1 FROM tracker_metric WHERE candidate_id = candidate.id)
"""
NOTE = f"""
    UPDATE tracker_candidate AS candidate SET config = %s,
        written_ms = coalesce(%s, written_ms), trained_ms = %s
    WHERE {UNTOUCHED} RETURNING id, experiment_id, started_ms, eid
"""


def _store(series: str) -> str:
    """One statement; what it stores of metrics is said by `series`, whose rows end it."""
    return f"""
    WITH found AS ({NOTE}), params AS (
        INSERT INTO tracker_param ({", ".join([*CANDIDATE, *Param._fields])})
        SELECT found.id, experiment_id, new.*
        FROM found CROSS JOIN {rows.recordset("new", Param._fields, ["value"])}
    ), tags AS (
        INSERT INTO tracker_tag ({", ".join([*CANDIDATE, *TAG])})
        SELECT found.id, experiment_id, new.*
        FROM found CROSS JOIN {rows.recordset("new", TAG, ["value"])}
        ON CONFLICT {AGAIN}
    ), series AS (
        INSERT INTO tracker_metric ({", ".join(points.SERIES)})
        SELECT found.id, experiment_id, started_ms, eid, {series}
    )
    SELECT id FROM found
"""


ROW = ", ".join(Row._fields)
# Of one point each, as most are, the database makes the summaries itself.
STORE_ONES = _store(f"""
        key, {", ".join(source for source, _ in summary.OF_ONE)}
        FROM found CROSS JOIN {rows.recordset("new", POINT)}
        CROSS JOIN (SELECT %s::bigint AS logged_ms) AS clock
        RETURNING id, {ROW}
    ), stored AS (
        INSERT INTO tracker_point ({", ".join(points.POINT)}) SELECT id, {ROW} FROM series
""")
STORE_MORE = _store(f"""
        new.* FROM found CROSS JOIN {rows.recordset("new", SUMMARY)}
        RETURNING id, key
    ), stored AS (
        INSERT INTO tracker_point ({", ".join(points.POINT)})
        SELECT series.id, {", ".join(f"new.{name}" for name in Row._fields)}
        FROM series JOIN {rows.recordset("new", POINT)} USING (key)
""")


def store(named: Named, experiment: int, batch: Batch) -> bool:
    """Store it whole. False, with nothing changed, where the candidate is not untouched."""
    now = points.now_ms()
    noted = now if batch.is_training else None
    untouched = [
        *named,
        experiment,
        Status.RUNNING.value,
        now - liveness.NOTED_EVERY_MS,
    ]
    note = [batch.config, noted, noted, *untouched]
    if vendor() == "sqlite":
        made = _made(batch, now)
        return gathering.quickly(lambda: _stored(note, batch, made))
    return _stored_at_once(note, batch, now)


Made = Sequence[tuple[Any, ...]]  # the series, in the order of the batch


def _made(batch: Batch, now: int) -> Made:
    return [(key, *summary.of(new, now)) for key, new in batch.series.items()]


def _stored(note: Sequence[Any], batch: Batch, made: Made) -> bool:
    with rows.cursor() as cursor:
        cursor.execute(NOTE, note)
        found = cursor.fetchall()
    if not found:
        return False
    [(pk, experiment, started_ms, eid)] = found
    owner = (pk, experiment)
    rows.append(
        "tracker_param",
        [*CANDIDATE, *Param._fields],
        [owner + param for param in batch.params],
    )
    rows.append(
        "tracker_tag",
        [*CANDIDATE, *TAG],
        [owner + tag for tag in batch.tags.items()],
        conflict=AGAIN,
    )
    named = (*owner, started_ms, eid)
    last = rows.append(
        "tracker_metric", points.SERIES, [named + series for series in made]
    )
    if last is not None:
        ids = range(last - len(made) + 1, last + 1)
        points.append_points(dict(zip(ids, batch.series.values(), strict=True)))
    return True


@patiently
def _stored_at_once(note: Sequence[Any], batch: Batch, now: int) -> bool:
    each = [(key, *row) for key in batch.series for row in sorted(batch.series[key])]
    values = [
        *rows.sized(note),
        rows.records(Param._fields, batch.params),
        rows.records(TAG, batch.tags.items()),
    ]
    if len(each) == len(batch.series):
        statement = STORE_ONES
        values += [rows.records(POINT, each), *rows.sized([now])]
    else:
        statement = STORE_MORE
        made = rows.records(SUMMARY, _made(batch, now))
        values += [made, rows.records(POINT, each)]
    try:
        with rows.prepared() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone() is not None
    except (IntegrityError, DataError):  # the long way knows what to do, or to say
        return False


def is_possible() -> bool:
    """What fails undoes a transaction, and so has to be one by itself."""
    return not connection.in_atomic_block
