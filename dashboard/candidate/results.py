"""The key results of a candidate: its best values, and where they stand among the others."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, Q
from django.utils.safestring import SafeString

from dashboard.charts import svg
from dashboard.directions import Direction, Used, by_weight, direction
from dashboard.templatetags.tracker_tags import MINUS, grouped, shown
from tracker.models import Candidate, Key, Kind, Metric

# The picture of the others shows the newest; more ticks would run into one another.
MAX_COMPARED = 400
# Among more a rank says little, and counting them would make every page wait.
MAX_RANKED = 20_000
MAX_RESULTS = 3

AGGREGATES = {Direction.MAX: "max", Direction.MIN: "min", Direction.NONE: "last"}


class Value(NamedTuple):
    """A metric in one number, by the way it gets better."""

    number: float | None
    step: int | None


class Ends(NamedTuple):
    """As much of a metric as `value_of` needs: where there are a thousand, no models."""

    key: str
    value: float
    is_nan: bool
    step: int
    min_value: float | None
    min_step: int | None
    max_value: float | None
    max_step: int | None


def value_of(metric: Metric | Ends, towards: Direction) -> Value:
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
    delta: str = ""  # against the baseline
    verdict: str = ""  # good, worse, or nothing where the direction is not known

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


NOBODY: Mapping[str, Metric] = {}


def results(
    candidate: Candidate,
    metrics: Sequence[Metric],
    keys: Sequence[str],
    baseline: Mapping[str, Metric] = NOBODY,
) -> list[Result]:
    """At most five queries, whatever the size of the experiment."""
    by_key = {metric.key: metric for metric in metrics}
    chosen = [key for key in keys if key in by_key][:MAX_RESULTS]
    if not chosen:
        return []
    others = values_of_others(candidate, chosen)
    counted = countable(candidate, chosen)
    return [
        result(
            candidate,
            by_key[key],
            others.get(key, []),
            baseline.get(key),
            is_counted=key in counted,
            with_rug=not index,
        )
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
        .values_list(*Ends._fields)
    )
    found: dict[str, list[float]] = {}
    for metric in map(Ends._make, rows):
        number = value_of(metric, direction(metric.key)).number
        if number is not None and math.isfinite(number):
            found.setdefault(metric.key, []).append(number)
    return found


def countable(candidate: Candidate, keys: Sequence[str]) -> set[str]:
    """The keys that few enough candidates have for a rank among all of them."""
    rows = Key.objects.filter(
        experiment=candidate.experiment_id, kind=Kind.METRIC, key__in=keys
    )
    known = dict(rows.values_list("key", "candidates"))
    return {key for key in keys if (known.get(key) or 0) <= MAX_RANKED}


class Standing(NamedTuple):
    rank: int | None
    among: int
    is_newest: bool


def standing(
    metric: Metric, mine: float | None, others: Sequence[float], *, is_counted: bool
) -> Standing:
    """The place among all candidates of the experiment, else among the newest."""
    towards = direction(metric.key)
    if mine is None or towards is Direction.NONE:
        return Standing(None, len(others) + 1, is_newest=False)
    if not is_counted:
        sign = 1 if towards is Direction.MAX else -1
        better = sum(1 for other in others if sign * other > sign * mine)
        return Standing(
            1 + better, len(others) + 1, is_newest=len(others) >= MAX_COMPARED - 1
        )
    column, beats = (
        ("max_value", "gt") if towards is Direction.MAX else ("min_value", "lt")
    )
    counted = Metric.objects.filter(
        experiment=metric.experiment_id, key=metric.key, candidate__deleted_at=None
    ).aggregate(
        among=Count(column),
        better=Count(column, filter=Q(**{f"{column}__{beats}": mine})),
    )
    return Standing(1 + counted["better"], counted["among"], is_newest=False)


def result(
    candidate: Candidate,
    metric: Metric,
    others: Sequence[float],
    base: Metric | None,
    *,
    is_counted: bool,
    with_rug: bool,
) -> Result:
    towards = direction(metric.key)
    mine = value_of(metric, towards)
    place = standing(metric, mine.number, others, is_counted=is_counted)
    measure = value_of(base, towards).number if base else None
    rug = SafeString("")
    if with_rug and mine.number is not None and others:
        rug = svg.rug(
            others,
            mine.number,
            base=measure,
            slot=candidate.iid % 8,
            label=(
                f"{metric.key} of {len(others) + 1} candidates; this one has"
                f" {shown(mine.number)}"
            ),
        )
    delta = ""
    if mine.number is not None and measure is not None:
        delta = written_delta(mine.number, measure)
    return Result(
        key=metric.key,
        aggregate="" if metric.count == 1 else AGGREGATES[towards],
        value=mine.number,
        step=mine.step,
        rank=place.rank,
        among=place.among,
        is_newest=place.is_newest,
        rug=rug,
        delta=delta,
        verdict=verdict(mine.number, measure, towards) if delta else "",
    )


# ---------------------------------------------------------------- against a baseline


def written_delta(number: float, base: float) -> str:
    """With as many places as the numbers beside it; nothing where they look the same."""
    distance = number - base
    if not math.isfinite(distance) or shown(number) == shown(base):
        return ""
    places = max(decimals(shown(number)), decimals(shown(base)))
    text = f"{abs(distance):.{places}f}"
    if not text.strip("0."):
        text = shown(abs(distance))
    return f"{'+' if distance > 0 else MINUS}{text}"


def decimals(text: str) -> int:
    if "e" in text:
        return 0
    return len(text.partition(".")[2])


def verdict(number: float | None, base: float | None, towards: Direction) -> str:
    if number is None or base is None or towards is Direction.NONE or number == base:
        return ""
    return "good" if (number > base) == (towards is Direction.MAX) else "worse"
