"""The best value of each metric column, and the scale of the strip.

Over everything that matches, not over the page: so a bold value means the same on each.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import F, OuterRef, QuerySet, Subquery, Value

from dashboard.directions import Direction
from dashboard.table import strip
from dashboard.table.body import Extremes
from dashboard.table.columns import Column
from dashboard.table.facts import FIELDS, Facts, summed_up
from tracker.models import Candidate, Experiment, Metric
from tracker.search.lookups import There
from tracker.search.table import Count

UNKNOWN = Extremes({}, None)
# So many series are read whole; beyond, an index finds the best and the ends.
FEW = 5000
# The strip spans all but this share at either end.
CUT = 0.05
# Passing over more than this along an index takes longer than reading a sample, whose
# ends are as good.
FAR = 1000
SAMPLE = 1000


def of_all(
    experiment: Experiment,
    matching: QuerySet[Candidate] | None,
    columns: Sequence[Column],
    *,
    main: Column | None,
    total: Count,
    keys: Sequence[int],
) -> Extremes:
    """A statement or two, or none without metrics.

    `matching` is None where no filter narrows the experiment; `total` counts what
    matches, and `keys` are the primary keys of those, or of as many as are known.
    """
    judged = judgeable(columns)
    if not judged and not main:
        return UNKNOWN
    if matching is None:
        return of_many(experiment, None, judged, main, total.number)
    if judged and total.is_exact and total.number <= FEW:
        return of_few(keys, judged, main)
    sample = keys[:: max(1, len(keys) // SAMPLE)]
    scale = of_few(sample, [], main).scale if main else None
    if not total.is_exact and len(keys) < SAMPLE:
        return Extremes({}, scale)  # the best of the others may be very far away
    best = of_many(experiment, matching, judged, None, 0).best if judged else {}
    return Extremes(best, scale)


def judgeable(columns: Iterable[Column]) -> list[Column]:
    return [c for c in columns if c.direction is not Direction.NONE and c.step is None]


def of_shown(
    candidates: Sequence[Candidate],
    facts: Facts,
    columns: Sequence[Column],
    *,
    main: Column | None,
) -> Extremes:
    """Where everything that matches is on the page: no statement at all."""
    judged = judgeable(columns)
    values = {
        column: finite(facts.metric(candidate, column) for candidate in candidates)
        for column in {*judged, *([main] if main else [])}
    }
    return among(values, main)


def of_few(
    candidates: Sequence[int], judged: Sequence[Column], main: Column | None
) -> Extremes:
    wanted = {*judged, *([main] if main else [])}
    rows = Metric.objects.filter(
        candidate__listed=candidates,
        key__in={column.key for column in wanted},
    ).values(
        "key",
        *{FIELDS[column.aggregate] for column in wanted},
        "is_nan",
        "first_is_nan",
    )
    values: dict[Column, list[float]] = {column: [] for column in wanted}
    for row in rows:
        for column in wanted:
            if row["key"] == column.key:
                values[column].append(summed_up(row, column.aggregate))
    return among({c: finite(numbers) for c, numbers in values.items()}, main)


def among(values: Mapping[Column, Sequence[float]], main: Column | None) -> Extremes:
    best = {
        column: max(numbers) if column.direction is Direction.MAX else min(numbers)
        for column, numbers in values.items()
        if numbers and column.direction is not Direction.NONE
    }
    ordered = sorted(values[main]) if main else []
    if not ordered:
        return Extremes(best, None)
    cut = int(len(ordered) * CUT)
    return Extremes(best, strip.scale(ordered[cut], ordered[-1 - cut]))


def holding(scale: strip.Scale | None, value: float | None) -> strip.Scale | None:
    """A scale that has this value inside."""
    if scale is None or value is None or not math.isfinite(value):
        return scale
    return strip.scale(min(scale.low, value), max(scale.high, value)) or scale


def finite(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def of_many(
    experiment: Experiment,
    matching: QuerySet[Candidate] | None,
    judged: Sequence[Column],
    main: Column | None,
    total: int,
) -> Extremes:
    """Scalar sub-queries, each served by an index."""
    parts: list[Subquery] = [
        nth(experiment, matching, column, descending=column.direction == Direction.MAX)
        for column in judged
    ]
    cut = int(total * CUT)
    if main and cut > FAR:
        return of_sample(experiment, judged, main)
    if main:
        parts.append(nth(experiment, matching, main, descending=False, place=cut))
        parts.append(nth(experiment, matching, main, descending=True, place=cut))
    row = Experiment.objects.filter(pk=experiment.pk).values_list(*parts).get()
    best = {c: v for c, v in zip(judged, row, strict=False) if v is not None}
    low, high = row[len(judged) :] if main else (None, None)
    return Extremes(best, strip.scale(low, high))


def of_sample(
    experiment: Experiment, judged: Sequence[Column], main: Column
) -> Extremes:
    """The best of all, but the strip of the newest: its ends lie far from an index's."""
    alive = experiment.candidates.filter(deleted_at=None)
    newest = alive.order_by("-started_ms", "eid").values_list("pk", flat=True)
    sample = list(newest[:SAMPLE])
    best = of_many(experiment, None, judged, None, 0).best if judged else {}
    return Extremes(best, of_few(sample, [], main).scale)


def nth(
    experiment: Experiment,
    matching: QuerySet[Candidate] | None,
    column: Column,
    *,
    descending: bool,
    place: int = 0,
) -> Subquery:
    """The value at a place of the order, over the finite ones."""
    name = FIELDS[column.aggregate]
    metrics = Metric.objects.filter(experiment=experiment, key=column.key)
    if matching is None:
        metrics = metrics.filter(candidate__deleted_at=None)
    else:
        # Asked of one row after the other: the walk along the index ends soon.
        match = matching.order_by().filter(pk=OuterRef("candidate_id"))
        metrics = metrics.filter(There(match))
    if column.aggregate in ("last", "first"):
        flag = "is_nan" if column.aggregate == "last" else "first_is_nan"
        # As a comparison: SQLite walks no index for a bare NOT.
        metrics = metrics.filter(**{flag: Value(False)})
    else:
        metrics = metrics.filter(**{f"{name}__isnull": False})
    ordered = metrics.order_by(F(name).desc() if descending else F(name).asc())
    return Subquery(ordered.values(name)[place : place + 1])
