"""Points and the series they make: stored once, and summarised by the same write.

Speaks SQL for each database, as recording does: the ORM would write a thousand points in
as many statements or without saying which of them were new.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection

from tracker import summary
from tracker.models import Candidate
from tracker.summary import Row, Summary

T = TypeVar("T")


def store(candidate: Candidate, rows: Mapping[str, set[Row]]) -> None:
    """Store the points of some series that are new, and bring their summaries up to date.

    Call it under the candidate's lock.
    """
    keys = sorted(rows)
    now = time.time_ns() // 1_000_000

    known = known_series(candidate, keys)
    # The points of a new series cannot be there yet; of the others, the insert says which.
    made = {key: Summary.of(rows[key]) for key in keys if key not in known}
    for one in made.values():
        one.logged_ms = now
    ids = {key: pk for key, (pk, _) in known.items()}
    ids |= insert_series(candidate, made)
    fresh = insert_points({ids[key]: rows[key] for key in keys})

    changed = {}
    for key in keys:
        if key in known and (new := fresh.get(ids[key])):
            pk, kept = known[key]
            kept.include(new)
            kept.logged_ms = now
            changed[pk] = kept
    update_series(changed)


def known_series(
    candidate: Candidate, keys: Sequence[str]
) -> dict[str, tuple[int, Summary]]:
    """The id and the summary of the series that are there, by key."""
    values: list[Any] = [*keys]
    among = f"IN ({places(len(keys))})"
    if connection.vendor == "postgresql":
        among, values = "= ANY(%s)", [values]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key, id, {', '.join(summary.COLUMNS)} FROM tracker_metric"
            f" WHERE candidate_id = %s AND key {among}",
            [candidate.pk, *values],
        )
        return {key: (pk, Summary(*row)) for key, pk, *row in cursor.fetchall()}


# What a row of a series holds beside its summary: the candidate's columns serve its index.
SERIES = ["candidate_id", "experiment_id", "started_ms", "eid", "key", *summary.COLUMNS]


def insert_series(candidate: Candidate, made: Mapping[str, Summary]) -> dict[str, int]:
    """New series with the summary of their first points. Returns their ids."""
    owner = (candidate.pk, candidate.experiment_id, candidate.started_ms, candidate.eid)
    rows = [(*owner, key, *columns_of(one)) for key, one in made.items()]
    return dict(insert("tracker_metric", SERIES, rows, returning="key, id"))


def update_series(changed: Mapping[int, Summary]) -> None:
    if not changed:
        return
    names = summary.COLUMNS
    with connection.cursor() as cursor:
        if len(changed) == 1 or connection.vendor == "sqlite":
            cursor.executemany(
                f"UPDATE tracker_metric SET {', '.join(f'{name} = %s' for name in names)}"
                " WHERE id = %s",
                [(*columns_of(one), pk) for pk, one in changed.items()],
            )
        else:
            cursor.execute(
                "UPDATE tracker_metric SET "
                + ", ".join(f"{name} = fresh.{name}" for name in names)
                + f" FROM unnest({arrays(['id', *names])}) AS fresh (id, {', '.join(names)})"
                " WHERE tracker_metric.id = fresh.id",
                [list(changed), *transposed(map(columns_of, changed.values()))],
            )


columns_of = attrgetter(*summary.COLUMNS)


POINT = ["metric_id", "step", "timestamp", "value", "is_nan"]


def insert_points(series: Mapping[int, set[Row]]) -> dict[int, list[Row]]:
    """Store points, by the id of their metric. Returns those that were not there yet."""
    rows = [
        (metric, *row) for metric, points in series.items() for row in sorted(points)
    ]
    fresh: dict[int, list[Row]] = defaultdict(list)
    for metric, *row in insert(
        "tracker_point", POINT, rows, returning=", ".join(POINT)
    ):
        fresh[metric].append(Row(*row))
    return fresh


# ---------------------------------------------------------------- many rows at once

DOUBLE = frozenset("value first_value mean min_value max_value".split())
BOOLEAN = frozenset("is_nan first_is_nan in_order".split())
TEXT = frozenset("key eid".split())

# SQLite takes 32,766 variables in one statement.
SQLITE_VARIABLES = 30_000


def insert(
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    *,
    returning: str,
) -> Iterator[tuple[Any, ...]]:
    """Insert what is not there yet, and yield something of each row that was inserted."""
    head = f"INSERT INTO {table} ({', '.join(columns)})"
    tail = f" ON CONFLICT DO NOTHING RETURNING {returning}"
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"{head} SELECT * FROM unnest({arrays(columns)}){tail}",
                transposed(rows),
            )
            yield from cursor.fetchall()
            return
        row = f"({places(len(columns))})"
        for chunk in chunks(rows, SQLITE_VARIABLES // len(columns)):
            cursor.execute(
                f"{head} VALUES {', '.join([row] * len(chunk))}{tail}",
                [value for values in chunk for value in values],
            )
            yield from cursor.fetchall()


def places(number: int) -> str:
    return ", ".join(["%s"] * number)


def arrays(columns: Iterable[str]) -> str:
    """Places for one array of each column, with PostgreSQL's types."""
    return ", ".join(f"%s::{type_of(name)}[]" for name in columns)


def type_of(column: str) -> str:
    if column in DOUBLE:
        return "double precision"
    if column in BOOLEAN:
        return "boolean"
    return "text" if column in TEXT else "bigint"


def transposed(rows: Iterable[Iterable[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def chunks(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
