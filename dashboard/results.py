"""The key results of a candidate: its best values, and where they stand among the others."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString

from dashboard import svg
from dashboard.directions import Direction, Used, by_weight, direction
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker.models import Candidate, Metric

# Beside these a reader sees the rank; more would make the page as slow as the sweep is long.
MAX_COMPARED = 400
MAX_RESULTS = 3

AGGREGATES = {Direction.MAX: "max", Direction.MIN: "min", Direction.NONE: "last"}


class Value(NamedTuple):
    """A metric in one number, by the way it gets better."""

    number: float | None
    step: int | None


def value_of(metric: Metric, towards: Direction) -> Value:
    if towards is Direction.MAX:
        return Value(metric.max_value, metric.max_step)
    if towards is Direction.MIN:
        return Value(metric.min_value, metric.min_step)
    return Value(float("nan") if metric.is_nan else metric.value, metric.step)


class Result(NamedTuple):
    key: str
    aggregate: str  # empty where there is but one value
    value: float | None
    step: int | None
    rank: int | None  # None where better and worse are not known
    among: int
    is_newest: bool  # the others are only the newest ones
    rug: SafeString

    @property
    def standing(self) -> str:
        if self.rank is None or self.among < 2:
            return ""
        newest = "the newest " if self.is_newest else ""
        return f"rank {grouped(self.rank)} of {newest}{grouped(self.among)}"


def ordered_keys(metrics: Iterable[Metric], first: str | None) -> list[str]:
    """A candidate's metrics, the one its experiment is judged by in front."""
    keys = by_weight(Used(metric.key) for metric in metrics)
    return sorted(keys, key=lambda key: key != first)


def results(
    candidate: Candidate, metrics: Sequence[Metric], keys: Sequence[str]
) -> list[Result]:
    """One query, whatever the size of the experiment."""
    by_key = {metric.key: metric for metric in metrics}
    chosen = [key for key in keys if key in by_key][:MAX_RESULTS]
    if not chosen:
        return []
    others = values_of_others(candidate, chosen)
    return [
        result(candidate, by_key[key], others.get(key, []), with_rug=not index)
        for index, key in enumerate(chosen)
    ]


def values_of_others(
    candidate: Candidate, keys: Sequence[str]
) -> dict[str, list[float]]:
    newest = (
        Candidate.objects.alive()
        .filter(experiment=candidate.experiment_id)
        .order_by("-started_ms", "eid")
        .values("pk")[:MAX_COMPARED]
    )
    rows = (
        Metric.objects.filter(candidate__in=newest, key__in=keys)
        .exclude(candidate=candidate)
        .only("key", "min_value", "max_value", "value", "is_nan", "step")
    )
    found: dict[str, list[float]] = {}
    for metric in rows:
        number = value_of(metric, direction(metric.key)).number
        if number is not None and math.isfinite(number):
            found.setdefault(metric.key, []).append(number)
    return found


def result(
    candidate: Candidate, metric: Metric, others: Sequence[float], *, with_rug: bool
) -> Result:
    towards = direction(metric.key)
    mine = value_of(metric, towards)
    rank = None
    if mine.number is not None and towards is not Direction.NONE:
        sign = 1 if towards is Direction.MAX else -1
        rank = 1 + sum(1 for other in others if sign * other > sign * mine.number)
    rug = SafeString("")
    if with_rug and mine.number is not None and others:
        rug = svg.rug(
            others,
            mine.number,
            slot=candidate.iid % 8,
            label=(
                f"{metric.key} of {len(others) + 1} candidates; this one has"
                f" {shown(mine.number)}"
            ),
        )
    return Result(
        key=metric.key,
        aggregate="" if metric.count == 1 else AGGREGATES[towards],
        value=mine.number,
        step=mine.step,
        rank=rank,
        among=len(others) + 1,
        is_newest=len(others) >= MAX_COMPARED - 1,
        rug=rug,
    )
