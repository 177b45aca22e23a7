"""The summary of a series, kept by every write: first, latest, extremes, mean, count.

Pages sort and show candidates by these columns and never read the points for it. Here
new points are summed up, and MERGED says in SQL how that is taken into what is kept: so
nobody reads a summary in order to change it, and no two writers can lose one's change.
"""

import functools
import math
from collections.abc import Collection, Mapping
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from tracker.models.candidates import TILED_FROM

LARGEST = "1.7976931348623157e308"  # above it there is only infinity


class Row(NamedTuple):
    """A point as it is kept: NaN is 0.0 with a flag. Compares as MLflow's latest does."""

    step: int
    timestamp: int
    value: float
    is_nan: bool


def kept(step: int, timestamp: int, value: float) -> Row:
    is_nan = value != value
    # 0.0 and -0.0 are one key on one database and two on the other. A whole number that
    # is no float would make a list of mixed types, which psycopg refuses.
    return Row(step, timestamp, 0.0 if is_nan or value == 0 else float(value), is_nan)


class Summary(NamedTuple):
    """The columns of a metric's row that its points decide: see models.Metric."""

    step: int
    timestamp: int
    value: float
    is_nan: bool
    first_step: int
    first_timestamp: int
    first_value: float
    first_is_nan: bool
    in_order: bool
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs
    finite: int
    mean: float | None
    min_value: float | None
    min_step: int | None
    max_value: float | None
    max_step: int | None
    logged_ms: int


COLUMNS = Summary._fields


def of(rows: Collection[Row], logged_ms: int) -> Summary:
    """The summary of some points."""
    if len(rows) == 1:
        [only] = rows
        return of_one(only, logged_ms)
    ordered = sorted(rows)
    finite = [row for row in ordered if not row.is_nan and math.isfinite(row.value)]
    # Where several steps share the extreme value, the first of them is named.
    lowest = min(finite, key=attrgetter("value"), default=None)
    highest = max(finite, key=attrgetter("value"), default=None)
    return Summary(
        *ordered[-1],
        *ordered[0],
        all(one.timestamp <= next.timestamp for one, next in pairwise(ordered)),
        len(ordered),
        len(finite),
        # A mean of shares, not a sum: a sum of large numbers would overflow to infinity.
        math.fsum(row.value / len(finite) for row in finite) if finite else None,
        lowest.value if lowest else None,
        lowest.step if lowest else None,
        highest.value if highest else None,
        highest.step if highest else None,
        logged_ms,
    )


def of_one(row: Row, logged_ms: int) -> Summary:
    """The same of a single point, as most series begin."""
    is_finite = not row.is_nan and math.isfinite(row.value)
    value, step = (row.value, row.step) if is_finite else (None, None)
    return Summary(
        *row, *row, True, 1, int(is_finite), value, value, step, value, step, logged_ms
    )


# ---------------------------------------------------------------- in SQL

# `kept` is the row of the series, `fresh` the summary of points that were not there yet.
# What is said here means the same on SQLite and on PostgreSQL.


def _these(table: str, prefix: str = "") -> str:
    return "(" + ", ".join(f"{table}.{prefix}{name}" for name in Row._fields) + ")"


_LATER = f"{_these('fresh')} > {_these('kept')}"
_EARLIER = f"{_these('fresh', 'first_')} < {_these('kept', 'first_')}"
_FOLLOWS = (
    f"({_these('fresh', 'first_')} > {_these('kept')}"
    " AND fresh.first_timestamp >= kept.timestamp)"
)
_LOWER = (
    "(kept.min_value IS NULL OR fresh.min_value < kept.min_value"
    " OR fresh.min_value = kept.min_value AND fresh.min_step < kept.min_step)"
)
_HIGHER = (
    "(kept.max_value IS NULL OR fresh.max_value > kept.max_value"
    " OR fresh.max_value = kept.max_value AND fresh.max_step < kept.max_step)"
)
# Not behind all others: tiles may cover the place already.
_PLACE = "(fresh.first_step, fresh.first_timestamp)"
_LATE = (
    f"(kept.count >= {TILED_FROM} AND {_PLACE} <= (kept.step, kept.timestamp) AND"
    f" (kept.dirty_step IS NULL OR {_PLACE} < (kept.dirty_step, kept.dirty_timestamp)))"
)
# Each mean by its share of the points; what is nearly zero counts as zero, since
# PostgreSQL refuses a product that is too small to be a number.
_MEAN = (
    "CASE WHEN fresh.finite = 0 THEN kept.mean WHEN kept.finite = 0 THEN fresh.mean"
    " ELSE CASE WHEN abs(kept.mean) < 1e-280 THEN 0 ELSE kept.mean"
    " * (kept.finite * 1e0 / (kept.finite + fresh.finite)) END"
    " + CASE WHEN abs(fresh.mean) < 1e-280 THEN 0 ELSE fresh.mean"
    " * (fresh.finite * 1e0 / (kept.finite + fresh.finite)) END END"
)


def _choice(condition: str, *columns: str) -> dict[str, str]:
    """These columns come from `fresh` where the condition is true."""
    return {
        name: f"CASE WHEN {condition} THEN fresh.{name} ELSE kept.{name} END"
        for name in columns
    }


MERGED = {
    **_choice(_LATER, "step", "timestamp", "value", "is_nan"),
    **_choice(_EARLIER, "first_step", "first_timestamp", "first_value", "first_is_nan"),
    "in_order": f"kept.in_order AND fresh.in_order AND {_FOLLOWS}",
    "count": "kept.count + fresh.count",
    "finite": "kept.finite + fresh.finite",
    "mean": _MEAN,
    **_choice(_LOWER, "min_value", "min_step"),
    **_choice(_HIGHER, "max_value", "max_step"),
    "logged_ms": "fresh.logged_ms",
    # From here tiles will have to be built anew.
    "dirty_step": f"CASE WHEN {_LATE} THEN fresh.first_step ELSE kept.dirty_step END",
    "dirty_timestamp": (
        f"CASE WHEN {_LATE} THEN fresh.first_timestamp ELSE kept.dirty_timestamp END"
    ),
}


def _changed(changes: Mapping[str, str]) -> str:
    return "UPDATE tracker_metric AS kept SET " + ", ".join(
        f"{name} = {change}" for name, change in changes.items()
    )


MERGE = _changed(MERGED)


@functools.cache
def appended(*, is_finite: bool, is_lowest: bool, is_highest: bool) -> str:
    """MERGE on SQLite, of one point that is later than all others.

    Takes its summary, then the series' id. It names only what changes: SQLite writes an
    index anew whose columns a statement sets, also to what they were.
    """
    place = {name: f"?{number}" for number, name in enumerate(COLUMNS, 1)}
    taken = ["min_value", "min_step"] if is_lowest else []
    taken += ["max_value", "max_step"] if is_highest else []
    changes = _of_the_next(place, is_finite=is_finite)
    changes |= {name: place[name] for name in taken}
    return f"{_changed(changes)} WHERE id = ?{len(COLUMNS) + 1}"


def next_one(*, step: str, timestamp: str, value: str, logged_ms: str) -> str:
    """MERGE on PostgreSQL, of one finite point that is later than all others, which stands
    at these places. Half of what the other takes is to prepare its expressions."""
    place = {
        **{"step": step, "timestamp": timestamp, "value": value, "is_nan": "FALSE"},
        **{"mean": value, "logged_ms": logged_ms},
    }
    lower = f"kept.min_value IS NULL OR {value} < kept.min_value"
    higher = f"kept.max_value IS NULL OR {value} > kept.max_value"
    changes = _of_the_next(place, is_finite=True)
    for extreme, condition in (("min", lower), ("max", higher)):
        for name, new in ((f"{extreme}_value", value), (f"{extreme}_step", step)):
            changes[name] = f"CASE WHEN {condition} THEN {new} ELSE kept.{name} END"
    return _changed(changes)


def _of_the_next(place: Mapping[str, str], *, is_finite: bool) -> dict[str, str]:
    """What a point that is later than all others changes, but for minimum and maximum."""
    changes = {name: place[name] for name in (*Row._fields, "logged_ms")}
    changes["in_order"] = f"kept.in_order AND {place['timestamp']} >= kept.timestamp"
    changes["count"] = "kept.count + 1"
    if is_finite:
        changes["finite"] = "kept.finite + 1"
        changes["mean"] = _MEAN.replace("fresh.finite", "1").replace(
            "fresh.mean", place["mean"]
        )
    return changes


_IS_FINITE = f"NOT is_nan AND abs(value) <= {LARGEST}"


def _if_finite(column: str) -> str:
    return f"CASE WHEN {_IS_FINITE} THEN {column} END"


# What `of` says of a single point, of its columns and `logged_ms`: value AS column.
OF_ONE = [
    ("step", "step"),
    ("timestamp", "timestamp"),
    ("value", "value"),
    ("is_nan", "is_nan"),
    ("step", "first_step"),
    ("timestamp", "first_timestamp"),
    ("value", "first_value"),
    ("is_nan", "first_is_nan"),
    ("TRUE", "in_order"),
    ("1", "count"),
    (f"CASE WHEN {_IS_FINITE} THEN 1 ELSE 0 END", "finite"),
    (_if_finite("value"), "mean"),
    (_if_finite("value"), "min_value"),
    (_if_finite("step"), "min_step"),
    (_if_finite("value"), "max_value"),
    (_if_finite("step"), "max_step"),
    ("logged_ms", "logged_ms"),
]
