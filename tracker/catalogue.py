"""Counting the catalogue: how many candidates use a key, and how many values it takes.

Logging only adds keys (recording.catalogue). The counts are filled in here, by a task,
soon after an experiment changed: columns, completion and "only differences" read them
and never the rows behind them.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, Model, Q
from django.utils import timezone

from tracker.liveness import NOTED_EVERY_MS
from tracker.models import (
    Candidate,
    Experiment,
    Key,
    Kind,
    Metric,
    Param,
    Recount,
    Status,
    Tag,
)
from tracker.models.states import now_ms

MAX_DISTINCT = 1000
MAX_ANSWERED = 5000  # wishes that one count grants

# Candidates, distinct values, whether all are numbers, whether nobody has it at all.
Counts = tuple[int, int, bool, bool]
NOBODY: Counts = (0, 0, False, True)

# Which candidates came or ended a short while ago is cheap to ask.
RECENT_MS = 15 * 60 * 1000
# A write is noted at most so often (liveness): what came since is counted with the next.
SETTLED = timedelta(milliseconds=2 * NOTED_EVERY_MS)
# Between two counts: a large experiment takes longer, and so rests longer.
REST_SECONDS = 30
REST_SECONDS_PER_THOUSAND = 5


def stale() -> list[Experiment]:
    """Experiments whose counts are behind, those first that have waited for longest.

    A new key, candidates that came or wrote since the count, or somebody who asked for it:
    by deleting, restoring, moving, or changing what had ended.
    """
    now = timezone.now()
    changed = changes(now_ms())
    asked = set(
        Recount.objects.filter(asked_at__lt=now - SETTLED).values_list(
            "experiment", flat=True
        )
    ) | set(Key.objects.filter(counted_at=None).values_list("experiment", flat=True))
    counted = (
        Experiment.objects.filter(pk__in=asked | changed.keys())
        .annotate(counted_at=Min("keys__counted_at"), size=Max("keys__candidates"))
        .order_by(F("counted_at").asc(nulls_first=True), "pk")
        .values_list("pk", "counted_at", "size")
    )
    waiting = [
        pk
        for pk, at, size in counted
        if at is None
        or (at + rest(size) < now and (pk in asked or at < changed[pk] + SETTLED))
    ]
    found = Experiment.objects.in_bulk(waiting)
    return [found[pk] for pk in waiting]


def changes(now: int) -> dict[int, datetime]:
    """When candidates of which experiments last came or wrote, of late."""
    since = now - RECENT_MS
    alive = Candidate.objects.alive().order_by()
    # The first 12 digits of an eid are its time in milliseconds (UUID version 7).
    made = Candidate.objects.order_by().filter(eid__gt=f"{since:012x}")
    newest = made.values_list("experiment").annotate(Max("eid"))
    found = {pk: int(eid[:12], 16) for pk, eid in newest}
    for wrote in (
        alive.filter(status=Status.RUNNING, written_ms__gt=since),
        alive.filter(ended_ms__gt=since),
    ):
        for pk, last in wrote.values_list("experiment").annotate(Max("written_ms")):
            found[pk] = max(found.get(pk, 0), last)
    return {pk: datetime.fromtimestamp(ms / 1000, UTC) for pk, ms in found.items()}


def rest(candidates: int | None) -> timedelta:
    thousands = (candidates or 0) / 1000
    return timedelta(seconds=REST_SECONDS + thousands * REST_SECONDS_PER_THOUSAND)


def count(experiment: Experiment) -> None:
    """Bring the counts of one experiment's keys up to date. Deleted candidates do not count."""
    asked = Recount.objects.filter(experiment=experiment).values_list("pk", flat=True)
    answered = list(asked[:MAX_ANSWERED])
    counted = {
        **of_params(experiment),
        **_counts(experiment, Kind.METRIC, Metric, numbers="value"),
        **_counts(experiment, Kind.TAG, Tag, numbers=None),
    }
    keys = Key.objects.filter(experiment=experiment).order_by("kind", "key")
    with transaction.atomic():
        _save(
            [
                (*counted.get((kind, key), NOBODY), pk)
                for pk, kind, key in keys.values_list("pk", "kind", "key")
            ]
        )
        Recount.objects.filter(pk__in=answered).delete()


def _save(counts: list[tuple[*Counts, int]]) -> None:
    """Save counts by the id of their key.

    Not `bulk_update`: of thousands of keys it makes CASEs for seconds, and on SQLite
    nobody can log meanwhile.
    """
    now = timezone.now()
    adapted = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.executemany(
            'UPDATE tracker_key SET candidates = %s, "distinct" = %s, is_numeric = %s,'
            " is_unused = %s, counted_at = %s WHERE id = %s",
            [(*found, adapted, pk) for *found, pk in counts],
        )


def of_params(experiment: Experiment) -> dict[tuple[str, str], Counts]:
    """What reads as a number has an index, and what does not another; no value is in both."""
    parts = [Q(number__isnull=True), Q(number__isnull=False)]
    return _counts(experiment, Kind.PARAM, Param, numbers="number", parts=parts)


def _counts(
    experiment: Experiment,
    kind: Kind,
    rows: type[Model],
    *,
    numbers: str | None,
    parts: Sequence[Q] = (Q(),),
) -> dict[tuple[str, str], Counts]:
    """The counts for each key of a kind."""
    alive = Q(candidate__deleted_at=None)
    sums: dict[str, Any] = {
        "used": Count("pk", filter=alive),
        "values_": Count("value", distinct=True, filter=alive),
    }
    if numbers:
        sums["numbers"] = Count(numbers, filter=alive)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for part in parts:
        of_keys = rows._default_manager.filter(part, experiment=experiment).values(
            "key"
        )
        for row in of_keys.order_by("key").annotate(**sums):
            found[row.pop("key")].update(row)
    return {
        (kind, key): (
            row["used"],
            min(row["values_"], MAX_DISTINCT),
            row["used"] > 0 and row["numbers"] == row["used"],
            False,
        )
        for key, row in found.items()
    }
