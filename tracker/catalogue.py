"""Counting the catalogue: how many candidates use a key, and how many values it takes.

Logging only adds keys (recording.catalogue). The counts are filled in here, by a task,
soon after an experiment changed: columns, completion and "only differences" read them
and never the rows behind them.
"""

import time
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, Model, Q
from django.utils import timezone

from tracker.models import Candidate, Experiment, Key, Kind, Metric, Param, Tag

MAX_DISTINCT = 1000

# An experiment counts as changed for this long after its newest candidate came.
RECENT_SECONDS = 15 * 60
# Between two counts: a large experiment takes longer, and so rests longer.
REST_SECONDS = 30
REST_SECONDS_PER_THOUSAND = 5


def stale() -> list[Experiment]:
    """Experiments whose counts are behind: a new key, or new candidates since the count."""
    uncounted = Key.objects.filter(counted_at=None).values("experiment")
    # The first 12 digits of an eid are its time in milliseconds (UUID version 7).
    since = f"{(time.time_ns() // 1_000_000 - RECENT_SECONDS * 1000):012x}"
    recent = Candidate.objects.filter(eid__gt=since).values("experiment")
    changed = (
        Experiment.objects.filter(Q(pk__in=uncounted) | Q(pk__in=recent))
        .annotate(counted_at=Min("keys__counted_at"), size=Max("keys__candidates"))
        .order_by(F("counted_at").asc(nulls_first=True), "pk")
        .values_list("pk", "counted_at", "size")
    )
    now = timezone.now()
    waiting = [
        pk for pk, counted, size in changed if not counted or counted + rest(size) < now
    ]
    found = Experiment.objects.in_bulk(waiting)
    return [found[pk] for pk in waiting]


def rest(candidates: int | None) -> timedelta:
    thousands = (candidates or 0) / 1000
    return timedelta(seconds=REST_SECONDS + thousands * REST_SECONDS_PER_THOUSAND)


def count(experiment: Experiment) -> None:
    """Bring the counts of one experiment's keys up to date. Deleted candidates do not count."""
    counted = {
        **_counts(experiment, Kind.PARAM, Param, numbers="number"),
        **_counts(experiment, Kind.METRIC, Metric, numbers="value"),
        **_counts(experiment, Kind.TAG, Tag, numbers=None),
    }
    keys = Key.objects.filter(experiment=experiment).order_by("kind", "key")
    _save(
        [
            (*counted.get((kind, key), (0, 0, False)), pk)
            for pk, kind, key in keys.values_list("pk", "kind", "key")
        ]
    )


def _save(counts: list[tuple[int, int, bool, int]]) -> None:
    """Save counts by the id of their key.

    Not `bulk_update`: of thousands of keys it makes CASEs for seconds, and on SQLite
    nobody can log meanwhile.
    """
    now = timezone.now()
    adapted = connection.ops.adapt_datetimefield_value(now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            'UPDATE tracker_key SET candidates = %s, "distinct" = %s, is_numeric = %s,'
            " counted_at = %s WHERE id = %s",
            [
                (used, values, numeric, adapted, pk)
                for used, values, numeric, pk in counts
            ],
        )


def _counts(
    experiment: Experiment, kind: Kind, rows: type[Model], *, numbers: str | None
) -> dict[tuple[str, str], tuple[int, int, bool]]:
    """(candidates, distinct values, whether all are numbers) for each key of a kind."""
    sums: dict[str, Any] = {
        "used": Count("pk"),
        "values_": Count("value", distinct=True),
    }
    if numbers:
        sums["numbers"] = Count(numbers)
    found = (
        rows._default_manager.filter(experiment=experiment, candidate__deleted_at=None)
        .values("key")
        .order_by("key")
        .annotate(**sums)
    )
    return {
        (kind, row["key"]): (
            row["used"],
            min(row["values_"], MAX_DISTINCT),
            row.get("numbers") == row["used"],
        )
        for row in found
    }
