"""The metric each experiment is judged by, its best value, and what a short list shows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber

from dashboard import directions
from dashboard.directions import Direction, Used
from dashboard.directions import primary as weightiest
from dashboard.table.columns import Column, metric_column
from tracker.models import Candidate, Experiment, Key, Kind, Metric

# An experiment may have thousands of metric keys; the one to judge by is often logged.
KEYS_PER_EXPERIMENT = 40
EMPTY: Mapping[int, Any] = {}


def primaries(experiments: Collection[int]) -> dict[int, Column]:
    """The primary metric of each experiment that has metrics. One query."""
    rank = Window(
        RowNumber(),
        partition_by=F("experiment"),
        order_by=[
            F("candidates").desc(),
            # Before anyone counted, the name has to do.
            Case(When(looks_important(), then=0), default=1),
            F("key").asc(),
        ],
    )
    rows = (
        Key.objects.filter(experiment__in=experiments, kind=Kind.METRIC)
        .filter(is_unused=False)
        .exclude(key__startswith="system/")
        .annotate(rank=rank)
        .filter(rank__lte=KEYS_PER_EXPERIMENT)
        .values_list("experiment_id", "key", "candidates", "experiment__metric_rules")
    )
    used: dict[int, list[Used]] = {}
    rules: dict[int, Any] = {}
    for experiment, key, candidates, own in rows:
        used.setdefault(experiment, []).append(Used(key, candidates))
        rules[experiment] = own
    found = {}
    for experiment, metrics in used.items():
        with directions.within(rules[experiment]):
            if (main := weightiest(metrics)) is not None:
                found[experiment] = metric_column(main)
    return found


def looks_important() -> Q:
    return (
        Q(key__istartswith="val")
        | Q(key__istartswith="eval")
        | Q(key__istartswith="test")
        | Q(key__icontains="acc")
        | Q(key__icontains="loss")
    )


class Best(NamedTuple):
    value: float
    candidate: Candidate


def bests(
    columns: Mapping[int, Column], rules: Mapping[int, Any] = EMPTY
) -> dict[int, Best]:
    """The best value of each experiment's primary metric, and who has it.

    `rules` are those that experiments have of their own, by key. Three queries: the
    greatest of some, the least of others, the rows they name.
    """
    found: list[int] = []
    towards = {}
    for experiment, column in columns.items():
        with directions.within(rules.get(experiment)):
            towards[experiment] = column.direction
    for direction, name in (
        (Direction.MAX, "max_value"),
        (Direction.MIN, "min_value"),
    ):
        keys = {
            experiment: column.key
            for experiment, column in columns.items()
            if towards[experiment] is direction
        }
        if keys:
            found += extreme_metrics(keys, name, descending=direction is Direction.MAX)
    metrics = Metric.objects.filter(pk__in=found).select_related("candidate")
    return {
        metric.experiment_id: Best(value, metric.candidate)
        for metric in metrics
        if (value := value_of(metric, columns[metric.experiment_id])) is not None
    }


def extreme_metrics(
    keys: Mapping[int, str], name: str, *, descending: bool
) -> list[int]:
    """The ids of the metrics with the extreme value, one for each experiment."""
    order = F(name).desc() if descending else F(name).asc()
    extreme = (
        Metric.objects.filter(
            experiment=OuterRef("pk"),
            key=OuterRef("main"),
            candidate__deleted_at=None,
            **{f"{name}__isnull": False},
        )
        .order_by(order, "-started_ms")
        .values("pk")[:1]
    )
    main = Case(*(When(pk=pk, then=Value(key)) for pk, key in keys.items()))
    return list(
        Experiment.objects.filter(pk__in=keys)
        .annotate(main=main)
        .annotate(extreme=Subquery(extreme))
        .exclude(extreme=None)
        .values_list("extreme", flat=True)
    )


def value_of(metric: Metric, column: Column) -> float | None:
    """What a metric shows in a column without a table around it."""
    match column.aggregate:
        case "max":
            return metric.max_value
        case "min":
            return metric.min_value
        case "mean":
            return metric.mean
        case "first":
            return float("nan") if metric.first_is_nan else metric.first_value
    return float("nan") if metric.is_nan else metric.value


class Brief(NamedTuple):
    """A candidate in a short list: with its experiment's primary metric, if logged."""

    candidate: Candidate
    column: Column | None
    value: float | None
    metric: Metric | None = None


def briefs(candidates: Sequence[Candidate]) -> list[Brief]:
    """Two queries for any number of candidates."""
    columns = primaries({candidate.experiment_id for candidate in candidates})
    metrics = primary_metrics(candidates, columns)
    return [
        Brief(
            candidate,
            column := columns.get(candidate.experiment_id),
            value_of(metric, column) if metric and column else None,
            metric,
        )
        for candidate in candidates
        for metric in [metrics.get(candidate.pk)]
    ]


def primary_metrics(
    candidates: Iterable[Candidate], columns: Mapping[int, Column]
) -> dict[int, Metric]:
    keys = {column.key for column in columns.values()}
    metrics = Metric.objects.filter(
        candidate__in=[candidate.pk for candidate in candidates], key__in=keys
    )
    return {
        metric.candidate_id: metric
        for metric in metrics
        if (column := columns.get(metric.experiment_id)) and column.key == metric.key
    }
