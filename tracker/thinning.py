"""Series thinned out: in one statement, from one chosen point to the next.

A window function numbers every point to find the few that are wanted. To step over those
between by their key takes a sixth of the time.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import connection

from tracker import rows

COLUMNS = "step, timestamp, value, is_nan"
BACKWARDS = "step DESC, timestamp DESC, value DESC, is_nan DESC"

# A summary.Row without its names. Histories are long, and a plain tuple is made in a
# quarter of the time; for the same reason SQLite's 0 or 1 is not made a bool.
Kept = tuple[int, int, float, bool]


class Steps(NamedTuple):
    """A range of steps, both ends in it."""

    first: int
    last: int


EVERY_STEP = Steps(-(2**63), 2**63 - 1)


class Walk(NamedTuple):
    """The length of a series' shorter runs, and how many runs hold one point more."""

    metric_id: int
    short: int
    longer: int


def dealt(
    lengths: Mapping[int, int], at_most: int, steps: Steps
) -> dict[int, list[Kept]]:
    """The first point of each of `at_most` runs, and the last point of all, by metric.

    `lengths` says how many points each has in this range of steps: more than `at_most`.
    In order of steps they are dealt into runs of nearly equal length, the longer ones
    first, as NTILE deals. The last point stands in place of the last run's first.
    """
    found: dict[int, list[Kept]] = {metric: [] for metric in lengths}
    if not lengths:
        return found
    walks = [Walk(metric, *divmod(n, at_most)) for metric, n in lengths.items()]
    question = on_postgresql if connection.vendor == "postgresql" else on_sqlite
    with rows.planned() as asked:
        asked.execute(*question(walks, at_most, steps))
        for metric, _, *point in asked.fetchall():
            found[metric].append(tuple(point))
    for points in found.values():
        del points[-2:-1]
    return found


# ---------------------------------------------------------------- PostgreSQL


def on_postgresql(
    walks: list[Walk], at_most: int, steps: Steps
) -> tuple[str, list[Any]]:
    return POSTGRESQL, [
        *rows.integers(steps),
        *rows.by_column(Walk._fields, walks),
        *rows.integers([at_most, at_most]),
    ]


POSTGRESQL = f"""
    WITH RECURSIVE wanted (first_step, last_step, metric_id, short, longer) AS (
        SELECT %s::bigint, %s::bigint, *
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])
    ), picked (metric_id, short, longer, number, {COLUMNS}) AS (
        SELECT metric_id, short, longer, 1::bigint, first.*
          FROM wanted CROSS JOIN LATERAL (
            SELECT {COLUMNS} FROM tracker_point point
             WHERE point.metric_id = wanted.metric_id AND step >= first_step
             ORDER BY {COLUMNS} LIMIT 1
          ) first
         UNION ALL
        SELECT metric_id, short, longer, number + 1, following.*
          FROM picked CROSS JOIN LATERAL (
            SELECT {COLUMNS} FROM tracker_point point
             WHERE point.metric_id = picked.metric_id AND ({COLUMNS})
                >= (picked.step, picked.timestamp, picked.value, picked.is_nan)
             ORDER BY {COLUMNS} LIMIT 1
            OFFSET short + CASE WHEN number <= longer THEN 1 ELSE 0 END
          ) following
         WHERE number < %s
    )
    SELECT metric_id, number, step, timestamp, value, is_nan::int FROM picked
     UNION ALL
    SELECT metric_id, %s::bigint + 1, step, timestamp, value, is_nan::int
      FROM wanted CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM tracker_point point
         WHERE point.metric_id = wanted.metric_id AND step <= last_step
         ORDER BY {BACKWARDS} LIMIT 1
      ) last
     ORDER BY 1, 2
"""

# ---------------------------------------------------------------- SQLite


def on_sqlite(walks: list[Walk], at_most: int, steps: Steps) -> tuple[str, list[Any]]:
    lengths = {walk.short for walk in walks}
    names = [f"picked_{place}" for place in range(len(lengths))]
    statement = f"""
        WITH RECURSIVE wanted (metric_id, short, longer)
            AS (VALUES {", ".join(["(%s, %s, %s)"] * len(walks))}),
        {", ".join(SQLITE_WALK.format(name=name) for name in names)}
        {" UNION ALL ".join(f"SELECT {SQLITE_FOUND} FROM {name}" for name in names)}
         UNION ALL
        SELECT point.metric_id, %s + 1, {SQLITE_POINT} FROM wanted {SQLITE_LAST}
         ORDER BY 1, 2
    """
    values = [value for walk in walks for value in walk]
    for short in lengths:
        values += [steps.first, short, short + 1, short, at_most]
    return statement, [*values, at_most, steps.last]


# An OFFSET is one number for all rows of a query here: so one walk for each length of runs.
# The joins are there to carry four columns out of subqueries, of which each may have one.
# The plus signs take away the columns' types: with them the index is entered at the point
# itself, without them at the first of its step.
SQLITE_FOUND = f"metric_id, number, {COLUMNS}"
SQLITE_POINT = "point.step, point.timestamp, point.value, point.is_nan"
SQLITE_NEXT = f"""
    SELECT picked.metric_id, longer, number + 1, {SQLITE_POINT}
      FROM {{name}} picked CROSS JOIN tracker_point point
        ON point.metric_id = picked.metric_id AND ({SQLITE_POINT}) = (
            SELECT {COLUMNS} FROM tracker_point other
             WHERE other.metric_id = picked.metric_id
               AND (other.step, other.timestamp, other.value, other.is_nan) >= (
                   +picked.step, +picked.timestamp, +picked.value, +picked.is_nan)
             ORDER BY {COLUMNS} LIMIT 1 OFFSET %s)
"""
SQLITE_WALK = f"""
    {{name}} (metric_id, longer, number, {COLUMNS}) AS (
        SELECT point.metric_id, longer, 1, {SQLITE_POINT}
          FROM wanted CROSS JOIN tracker_point point
            ON point.metric_id = wanted.metric_id AND ({SQLITE_POINT}) = (
                SELECT {COLUMNS} FROM tracker_point other
                 WHERE other.metric_id = wanted.metric_id AND other.step >= %s
                 ORDER BY {COLUMNS} LIMIT 1)
         WHERE short = %s
         UNION ALL
        {SQLITE_NEXT} WHERE number <= longer
         UNION ALL
        {SQLITE_NEXT} WHERE number > longer AND number < %s
    )
"""
SQLITE_LAST = f"""
    CROSS JOIN tracker_point point
      ON point.metric_id = wanted.metric_id AND ({SQLITE_POINT}) = (
        SELECT {COLUMNS} FROM tracker_point other
         WHERE other.metric_id = wanted.metric_id AND other.step <= %s
         ORDER BY {BACKWARDS} LIMIT 1)
"""
