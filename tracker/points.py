"""Points and the series they make: stored once, and summarised by the same write.

Speaks SQL for each database, as recording does. What comes after a series' latest point
cannot be there yet, so most points are written the quickest way there is; of the others
the insert says which were new.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from tracker import rows as table
from tracker import summary
from tracker.database import vendor
from tracker.models import Candidate
from tracker.summary import Row, Summary

POINT = ["metric_id", *Row._fields]
POINT_LINE = "%d\t%d\t%d\t%r\t%s\n"  # as COPY reads it
# COPY asks twice; for fewer points it is not worth it.
MANY = 50


class Named(NamedTuple):
    """A candidate that nobody has looked up yet: finding and locking it are one statement."""

    project_id: int
    eid: str


def store(candidate: Candidate, rows: Mapping[str, set[Row]]) -> None:
    """Store the points of some series that are new, and bring their summaries up to date.

    Call it under the candidate's lock.
    """
    now = now_ms()
    known = known_series(candidate, sorted(rows))
    made = {key: summary.of(rows[key], now) for key in sorted(rows) if key not in known}
    ids = {key: pk for key, (pk, _) in known.items()}
    ids |= insert_series(candidate, made)

    sure: dict[int, set[Row]] = {ids[key]: rows[key] for key in made}
    doubtful: dict[int, set[Row]] = {}
    for key, (pk, latest) in known.items():
        sure[pk] = {row for row in rows[key] if row > latest}
        doubtful[pk] = rows[key] - sure[pk]
    append_points(sure)
    fresh = insert_points(doubtful)

    changed = {pk: sure[pk] | fresh.get(pk, set()) for pk, _ in known.values()}
    update_series({pk: summary.of(new, now) for pk, new in changed.items() if new})


def now_ms() -> int:
    return time.time_ns() // 1_000_000


# ---------------------------------------------------------------- series


def known_series(
    candidate: Candidate, keys: Sequence[str]
) -> dict[str, tuple[int, Row]]:
    """The id and the latest point of the series that are there, by key, and lock them."""
    values: list[Any] = [*keys]
    among, lock = f"IN ({table.places(len(keys))})", ""
    if vendor() == "postgresql":
        # Whoever adds a point the short way has only the lock of its series.
        among, lock, values = "= ANY(%s)", " FOR NO KEY UPDATE", [values]
    with table.planned() as cursor:
        cursor.execute(
            f"SELECT key, id, {', '.join(Row._fields)} FROM tracker_metric"
            f" WHERE candidate_id = %s AND key {among} ORDER BY key{lock}",
            table.sized([candidate.pk, *values]),
        )
        return {key: (pk, Row(*latest)) for key, pk, *latest in cursor.fetchall()}


# What a row of a series holds beside its summary: the candidate's columns serve its index.
SERIES = ["candidate_id", "experiment_id", "started_ms", "eid", "key", *summary.COLUMNS]


def insert_series(candidate: Candidate, made: Mapping[str, Summary]) -> dict[str, int]:
    """New series with the summary of their first points. Returns their ids."""
    owner = (candidate.pk, candidate.experiment_id, candidate.started_ms, candidate.eid)
    rows = [(*owner, key, *one) for key, one in made.items()]
    inserted = table.insert("tracker_metric", SERIES, rows, returning="key, id")
    return dict(inserted)


UPDATE_ONE = (
    f"{summary.MERGE} FROM (SELECT %s AS id, "
    + ", ".join(f"%s AS {name}" for name in summary.COLUMNS)
    + ") AS fresh WHERE kept.id = fresh.id"
)
UPDATE_MANY = (
    f"{summary.MERGE} FROM unnest({table.arrays(['id', *summary.COLUMNS])})"
    f" AS fresh (id, {', '.join(summary.COLUMNS)}) WHERE kept.id = fresh.id"
)


def update_series(changed: Mapping[int, Summary]) -> None:
    """Take the summaries of points that are new into those of their series."""
    rows = [(pk, *one) for pk, one in changed.items()]
    if not rows:
        return
    with table.planned() as cursor:
        if vendor() == "postgresql":
            cursor.execute(UPDATE_MANY, table.by_column(["id", *summary.COLUMNS], rows))
        else:
            cursor.executemany(UPDATE_ONE, rows)


# ---------------------------------------------------------------- points


def append_points(series: Mapping[int, set[Row]]) -> None:
    """Store points that cannot be there yet, by the id of their metric."""
    rows = [
        (metric, *row) for metric, points in series.items() for row in sorted(points)
    ]
    if not rows:
        return
    if vendor() == "sqlite":
        table.append("tracker_point", POINT, rows)
    elif len(rows) < MANY:
        table.insert("tracker_point", POINT, rows, returning="1")
    else:
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY tracker_point ({', '.join(POINT)}) FROM STDIN") as copy,
        ):
            copy.write("".join(map(POINT_LINE.__mod__, rows)))


def insert_points(series: Mapping[int, set[Row]]) -> dict[int, set[Row]]:
    """Store points, by the id of their metric. Returns those that were not there yet."""
    rows = [
        (metric, *row) for metric, points in series.items() for row in sorted(points)
    ]
    fresh: dict[int, set[Row]] = {}
    returned = table.insert("tracker_point", POINT, rows, returning=", ".join(POINT))
    for metric, *row in returned:
        fresh.setdefault(metric, set()).add(Row(*row))
    return fresh
