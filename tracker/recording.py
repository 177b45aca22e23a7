"""What a script reports: metrics, params and tags of a candidate, whole or not at all.

The one module that may speak SQL for each database: a request costs a handful of
statements whatever its size. Rows are always written in key order, under the
candidate's lock, so that concurrent writers queue instead of colliding.
"""

import math
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from django.db import connection, transaction

from tracker import ci
from tracker.errors import Invalid
from tracker.models import Candidate, Key, Kind, Metric, Param, Tag

EMPTY: Mapping[str, str] = MappingProxyType({})

MAX_PARAM_CHARS = 6000
MAX_TAG_CHARS = 8000
RUN_NAME = "mlflow.runName"
PARENT = "mlflow.parentRunId"


class Point(NamedTuple):
    """A value of a metric. `timestamp` is in milliseconds; `value` may be NaN or infinite."""

    key: str
    value: float
    timestamp: int
    step: int = 0


def log_batch(
    candidate: Candidate,
    *,
    metrics: Iterable[Point] = (),
    params: Mapping[str, str] = EMPTY,
    tags: Mapping[str, str] = EMPTY,
) -> None:
    """Record a batch whole or not at all. Sending it again changes nothing.

    Raises Invalid for a deleted candidate, and for a param that has another value.
    """
    points = list(metrics)
    with transaction.atomic():
        lock(candidate)
        if params:
            log_params(candidate, params)
        if points:
            log_metrics(candidate, points)
        if tags:
            set_tags(candidate, tags)
        catalogue(candidate, metrics=points, params=params, tags=tags)


def lock(candidate: Candidate) -> None:
    """Queue on the candidate's row, and make sure that it takes writes.

    Without it two workers logging the same new param would both see it missing, and the
    later one would fail on the constraint.
    """
    row = (
        Candidate.objects.select_for_update(no_key=True)
        .filter(pk=candidate.pk)
        .values_list("deleted_at", flat=True)
        .first()
    )
    if row is not None:
        raise Invalid(
            f"The run {candidate.eid} is deleted; it must be active to be changed."
        )


# ---------------------------------------------------------------- params


def log_params(candidate: Candidate, params: Mapping[str, str]) -> None:
    """Params are written once: the same value again is nothing, another is refused."""
    cut = {key: value[:MAX_PARAM_CHARS] for key, value in params.items()}
    stored = dict(
        Param.objects.filter(candidate=candidate, key__in=list(cut)).values_list(
            "key", "value"
        )
    )
    for key, value in stored.items():
        if value != cut[key]:
            raise Invalid(
                f"The param {key!r} of run {candidate.eid} is already {value[:200]!r}; params"
                f" are written once, so it cannot become {cut[key][:200]!r}."
            )
    Param.objects.bulk_create(
        Param(
            candidate=candidate,
            experiment_id=candidate.experiment_id,
            key=key,
            value=cut[key],
            number=as_number(cut[key]),
        )
        for key in sorted(cut.keys() - stored.keys())
    )


NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)


def as_number(text: str) -> float | None:
    """The number a param's text reads as, for sorting and ranges; None for any other text."""
    text = text.strip()
    if len(text) > 40 or not NUMBER.match(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


# ---------------------------------------------------------------- tags


def set_tags(candidate: Candidate, tags: Mapping[str, str]) -> None:
    """The last write wins. Some keys mean something to us: name, parent, CI."""
    Tag.objects.bulk_create(
        [
            Tag(
                candidate=candidate,
                experiment_id=candidate.experiment_id,
                key=key,
                value=tags[key][:MAX_TAG_CHARS],
            )
            for key in sorted(tags)
        ],
        update_conflicts=True,
        unique_fields=["candidate", "key"],
        update_fields=["value"],
    )
    mirror(candidate, tags)


def mirror(candidate: Candidate, tags: Mapping[str, str]) -> None:
    """Carry what tags say over to the columns that pages and trees read."""
    changed = []
    if tags.get(RUN_NAME):
        candidate.name = tags[RUN_NAME][:500]
        changed.append("name")
    if PARENT in tags:
        candidate.parent_eid = tags[PARENT] if len(tags[PARENT]) == 32 else ""
        changed.append("parent_eid")
    if changed:
        candidate.save(update_fields=changed)
    if ci.concerns(tags):
        ci.fill(candidate)


# ---------------------------------------------------------------- metrics


class Row(NamedTuple):
    """A point as it is kept: NaN is 0.0 with a flag. Compares as MLflow's latest does."""

    step: int
    timestamp: int
    value: float
    is_nan: bool


def log_metrics(candidate: Candidate, points: Sequence[Point]) -> None:
    """Store the points that are new, and bring the summaries of their series up to date."""
    series: dict[str, set[Row]] = defaultdict(set)
    for point in points:
        is_nan = math.isnan(point.value)
        # 0.0 and -0.0 are one key on one database and two on the other.
        value = 0.0 if is_nan or point.value == 0 else point.value
        series[point.key].add(Row(point.step, point.timestamp, value, is_nan))

    known = {
        metric.key: metric
        for metric in Metric.objects.filter(candidate=candidate, key__in=list(series))
    }
    missing = sorted(series.keys() - known.keys())
    known |= {
        metric.key: metric for metric in create_metrics(candidate, missing, series)
    }

    fresh = insert_points({known[key].pk: series[key] for key in sorted(series)})
    now = time.time_ns() // 1_000_000
    changed = []
    for key in sorted(series):
        metric = known[key]
        if rows := fresh.get(metric.pk):
            summarise(metric, rows)
            metric.logged_ms = now
            changed.append(metric)
    save_summaries(changed)


def create_metrics(
    candidate: Candidate, keys: Sequence[str], series: Mapping[str, set[Row]]
) -> list[Metric]:
    """Rows for new series, empty as yet: the points will be counted as they are stored."""
    if not keys:
        return []
    return Metric.objects.bulk_create(
        Metric(
            candidate=candidate,
            experiment_id=candidate.experiment_id,
            started_ms=candidate.started_ms,
            eid=candidate.eid,
            key=key,
            count=0,
            finite=0,
            logged_ms=0,
            **first_and_latest(min(series[key])),
        )
        for key in keys
    )


def first_and_latest(row: Row) -> dict[str, Any]:
    return {
        "step": row.step,
        "timestamp": row.timestamp,
        "value": row.value,
        "is_nan": row.is_nan,
        "first_step": row.step,
        "first_timestamp": row.timestamp,
        "first_value": row.value,
        "first_is_nan": row.is_nan,
    }


def summarise(metric: Metric, rows: Iterable[Row]) -> None:
    """Take new points into a series' summary."""
    ordered = sorted(rows)
    first, latest = ordered[0], ordered[-1]
    if metric.count == 0 or latest > latest_of(metric):
        metric.step, metric.timestamp, metric.value, metric.is_nan = latest
    if metric.count == 0 or first < first_of(metric):
        (
            metric.first_step,
            metric.first_timestamp,
            metric.first_value,
            metric.first_is_nan,
        ) = first
    metric.count += len(ordered)

    finite = [row for row in ordered if not row.is_nan and math.isfinite(row.value)]
    if not finite:
        return
    # Where several steps share the extreme value, the first of them is named.
    lowest = min(finite, key=lambda row: (row.value, row.step))
    highest = max(finite, key=lambda row: (row.value, -row.step))
    if metric.min_value is None or (lowest.value, lowest.step) < (
        metric.min_value,
        metric.min_step,
    ):
        metric.min_value, metric.min_step = lowest.value, lowest.step
    if metric.max_value is None or (highest.value, -highest.step) > (
        metric.max_value,
        -(metric.max_step or 0),
    ):
        metric.max_value, metric.max_step = highest.value, highest.step
    # A weighted mean, not a sum: a sum of large numbers would overflow to infinity.
    before, metric.finite = metric.finite, metric.finite + len(finite)
    share = len(finite) / metric.finite
    mean = math.fsum(row.value / len(finite) for row in finite)
    metric.mean = (
        mean if before == 0 else (metric.mean or 0.0) * (1 - share) + mean * share
    )


def latest_of(metric: Metric) -> Row:
    return Row(metric.step, metric.timestamp, metric.value, metric.is_nan)


def first_of(metric: Metric) -> Row:
    return Row(
        metric.first_step,
        metric.first_timestamp,
        metric.first_value,
        metric.first_is_nan,
    )


SUMMARY = (
    "step timestamp value is_nan count finite mean min_value min_step max_value max_step"
    " first_step first_timestamp first_value first_is_nan logged_ms"
).split()


def insert_points(series: Mapping[int, set[Row]]) -> dict[int, list[Row]]:
    """Store points, by the id of their metric. Returns those that were not there yet."""
    rows = [
        (metric, *row) for metric, points in series.items() for row in sorted(points)
    ]
    insert = (
        _insert_points_postgresql
        if connection.vendor == "postgresql"
        else _insert_points_sqlite
    )
    fresh: dict[int, list[Row]] = defaultdict(list)
    for metric, step, timestamp, value, is_nan in insert(rows):
        fresh[metric].append(Row(step, timestamp, value, bool(is_nan)))
    return fresh


COLUMNS = "(metric_id, step, timestamp, value, is_nan)"


def _insert_points_postgresql(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO tracker_point {COLUMNS}"
            " SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[],"
            " %s::double precision[], %s::boolean[])"
            " ON CONFLICT DO NOTHING"
            " RETURNING metric_id, step, timestamp, value, is_nan",
            columns,
        )
        return cursor.fetchall()


# SQLite takes 32,766 variables in one statement; five make a row.
SQLITE_CHUNK = 500


def _insert_points_sqlite(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        for chunk in chunks(rows, SQLITE_CHUNK):
            places = ", ".join(["(%s, %s, %s, %s, %s)"] * len(chunk))
            cursor.execute(
                f"INSERT INTO tracker_point {COLUMNS} VALUES {places}"
                " ON CONFLICT DO NOTHING"
                " RETURNING metric_id, step, timestamp, value, is_nan",
                [value for row in chunk for value in row],
            )
            yield from cursor.fetchall()


def save_summaries(metrics: Sequence[Metric]) -> None:
    if not metrics:
        return
    if len(metrics) == 1:
        metrics[0].save(update_fields=SUMMARY)
    else:
        _save_summaries(metrics)


def _save_summaries(metrics: Sequence[Metric]) -> None:
    settings = ", ".join(f"{name} = %s" for name in SUMMARY)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(
                f"UPDATE tracker_metric SET {settings} WHERE id = %s",
                [
                    [getattr(metric, name) for name in SUMMARY] + [metric.pk]
                    for metric in metrics
                ],
            )
            return
        types = {
            "value": "double precision",
            "mean": "double precision",
            "min_value": "double precision",
            "max_value": "double precision",
            "first_value": "double precision",
            "is_nan": "boolean",
            "first_is_nan": "boolean",
        }
        arrays = ", ".join(
            f"%s::{types.get(name, 'bigint')}[]" for name in ["id", *SUMMARY]
        )
        cursor.execute(
            "UPDATE tracker_metric SET "
            + ", ".join(f"{name} = fresh.{name}" for name in SUMMARY)
            + f" FROM unnest({arrays}) AS fresh (id, {', '.join(SUMMARY)})"
            " WHERE tracker_metric.id = fresh.id",
            [[metric.pk for metric in metrics]]
            + [[getattr(metric, name) for metric in metrics] for name in SUMMARY],
        )


T = TypeVar("T")


def chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    walk = iter(items)
    while chunk := list(islice(walk, size)):
        yield chunk


# ---------------------------------------------------------------- the catalogue

# Keys this process has seen committed: logging the same keys again costs no statement.
_seen: set[tuple[int, str, str]] = set()
MAX_SEEN = 200_000


def catalogue(
    candidate: Candidate,
    *,
    metrics: Iterable[Point],
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> None:
    """Make sure that the experiment's catalogue names every key that was used."""
    used = {(Kind.METRIC, point.key) for point in metrics}
    used |= {(Kind.PARAM, key) for key in params}
    used |= {(Kind.TAG, key) for key in tags}
    experiment = candidate.experiment_id
    new = sorted(
        (kind, key) for kind, key in used if (experiment, kind, key) not in _seen
    )
    if not new:
        return
    Key.objects.bulk_create(
        [Key(experiment_id=experiment, kind=kind, key=key) for kind, key in new],
        ignore_conflicts=True,
    )
    transaction.on_commit(
        lambda: _remember((experiment, kind, key) for kind, key in new)
    )


def _remember(keys: Iterable[tuple[int, str, str]]) -> None:
    if len(_seen) > MAX_SEEN:
        _seen.clear()
    _seen.update(keys)


def forget_keys() -> None:
    """Empty this process's memory of the catalogue: after a purge, and between tests."""
    _seen.clear()
