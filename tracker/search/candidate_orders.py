"""The orders of candidates, each as far as it can be a walk along an index."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from django.db.models import F, FilteredRelation, OuterRef, Q, Value

from tracker.models import Candidate, Metric
from tracker.search.candidate_fields import METRIC, STARTED, Question, Term
from tracker.search.fields import PRESENCE, Field
from tracker.search.kinds import Column
from tracker.search.lookups import There
from tracker.search.ordering import Order, Phase, Walk

# As many experiments are walked one by one, and merged; more are sorted together.
MAX_PARTS = 100


NEWEST = Column(F("started_ms"), descending=True)
LAST = Column(F("eid"))


def _parts(path: str, within: Sequence[int]) -> list[Q]:
    """One part per experiment, while they are few enough for one statement."""
    return [Q((path, pk)) for pk in within] if len(within) <= MAX_PARTS else []


def order(
    terms: Sequence[Term],
    metric: Term | None,
    known: Sequence[Question],
    within: Sequence[int],
    walks: "Walks",
) -> Order:
    if metric is None:
        return _any_order(terms, within, walks)
    if _is_latest(metric.field):
        return _metric_order(metric, known, within, walks)
    return _summary_order(metric, within, walks)


def _any_order(terms: Sequence[Term], within: Sequence[int], walks: "Walks") -> Order:
    """Any order; the newest first among equals."""
    columns: list[Column] = []
    joins: dict[str, FilteredRelation] = {}
    for place, (field, key, descending) in enumerate(terms):
        path, optional = field.path, field.is_optional
        if field.rows:
            joins[f"by_{place}"] = _joined(field, key)
            path, optional = f"by_{place}__{path}", True
        columns += field.kind.columns(path, descending, optional=optional)
    if not any(term.field.path == STARTED.path for term in terms):
        columns.append(NEWEST)
    is_by_start = all(term.field.path == STARTED.path for term in terms)
    parts = _parts("experiment", within) if is_by_start else []
    return Order([Phase([*columns, LAST], parts=parts, walk=walks.first)], joins)


def _joined(field: Field, key: str) -> FilteredRelation:
    """The one row, if any, that holds a candidate's value for this key."""
    return FilteredRelation(
        field.relation, condition=Q((f"{field.relation}__key", key))
    )


# ---------------------------------------------------------------- order by one metric

# The summaries with an index of their own, best first.
SUMMARIES = ("max_value", "min_value")
# The newest first among equals, from the copies in the series' row.
SERIES_TAIL = [
    Column(F("series__started_ms"), descending=True),
    Column(F("series__eid")),
]


def only_metric(terms: Sequence[Term]) -> Term | None:
    """The metric, where the order is that metric's and otherwise the usual one."""
    if not terms or not _has_index(terms[0].field):
        return None
    rest = [(term.field.path, term.descending) for term in terms[1:]]
    return terms[0] if rest in ([], [(STARTED.path, True)]) else None


def _has_index(field: Field) -> bool:
    """Whether an index holds an experiment's series in the order of this field."""
    return field.rows is Metric and field.path in (METRIC.path, *SUMMARIES)


def _is_latest(field: Field) -> bool:
    return field.rows is Metric and field.path == METRIC.path


def is_about(question: Question, metric: Term) -> bool:
    """Whether it compares this metric's value, so that whoever lacks it cannot match."""
    field, asked = question
    return (
        _is_latest(field)
        and _is_latest(metric.field)
        and asked.name.key == metric.key
        and asked.operator not in PRESENCE
    )


def _summary_order(metric: Term, within: Sequence[int], walks: "Walks") -> Order:
    """Two walks: the numbers, along an index; then what has none, or no such series."""
    path = metric.field.path
    has_number = Q((f"series__{path}__isnull", False))
    if within:
        has_number &= Q(series__experiment__in=within)
    value = Column(F(f"series__{path}"), metric.descending)
    rows = Metric.objects.filter(
        Q((f"{path}__isnull", False)), candidate=OuterRef("pk"), key=metric.key
    )
    parts = _parts("series__experiment", within)
    phases = [
        Phase([value, *SERIES_TAIL], has_number, parts, walks.first),
        Phase(
            [NEWEST, LAST], ~Q(There(rows)), _parts("experiment", within), walks.last
        ),
    ]
    return Order(phases, {"series": _joined(metric.field, metric.key)})


def _metric_order(
    metric: Term,
    known: Sequence[Question],
    within: Sequence[int],
    walks: "Walks",
) -> Order:
    """Three walks, two of them along an index: numbers, then NaN, then missing.

    What is asked about the same metric is asked of the index too.
    """
    series = Q(*(field.joined(one, "series") for field, one in known))
    if within:  # else there is no way along the index, only from the candidates
        series &= Q(series__experiment__in=within)
    value = Column(F("series__value"), metric.descending)
    parts = _parts("series__experiment", within)
    numbers, nan = (Q(series__is_nan=Value(flag)) for flag in (False, True))
    phases = [
        Phase([value, *SERIES_TAIL], series & numbers, parts, walks.first),
        Phase(SERIES_TAIL, series & nan, parts),
    ]
    if not known:
        rows = Metric.objects.filter(candidate=OuterRef("pk"), key=metric.key)
        parts = _parts("experiment", within)
        phases.append(Phase([NEWEST, LAST], ~Q(There(rows)), parts, walks.last))
    return Order(phases, {"series": _joined(METRIC, metric.key)})


# ---------------------------------------------------------------- walks

WALKED_TAIL = [Column(F("started_ms"), descending=True), Column(F("eid"))]


class Walks(NamedTuple):
    """The first phase of an order along an index, and the phase of what has no value."""

    first: Walk | None = None
    last: Walk | None = None

    def picking(self, picked: Q) -> "Walks":
        return Walks(*(walk and replace(walk, picked=picked) for walk in self))


NONE = Walks()


def walks(
    terms: Sequence[Term],
    metric: Term | None,
    known: Sequence[Question],
    experiment: int,
) -> Walks:
    last = newest(experiment).walk
    if metric is None:
        by_start = [(STARTED.path, True)]
        is_newest = [(one.field.path, one.descending) for one in terms] in (
            [],
            by_start,
        )
        return Walks(last if is_newest else None)
    path = metric.field.path
    series = Metric.objects.filter(experiment=experiment, key=metric.key)
    if _is_latest(metric.field):
        asked = Q(*(field.tested(path, one) for field, one in known))
        series = series.filter(asked, is_nan=Value(False))
    else:
        series = series.filter(Q((f"{path}__isnull", False)))
    by_value = Walk(series, [Column(F(path), metric.descending), *WALKED_TAIL])
    return Walks(by_value, last)


def newest(experiment: int) -> Phase:
    """All that are alive, in their usual order."""
    alive = Candidate.objects.alive().filter(experiment=experiment)
    return Phase([NEWEST, LAST], walk=Walk(alive, WALKED_TAIL))
