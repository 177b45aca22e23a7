"""Finding candidates: the filter and the order of MLflow's `runs/search`, and of the pages."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Sum, Value

from tracker.models import (
    Candidate,
    DatasetUse,
    DatasetUseTag,
    Experiment,
    Metric,
    Param,
    Tag,
    Tally,
)
from tracker.search import grammar, ordering
from tracker.search.fields import (
    EQUAL,
    LIKE,
    LIST,
    PRESENCE,
    RANGE,
    Entity,
    Field,
    Narrowed,
    Table,
)
from tracker.search.grammar import Comparison
from tracker.search.kinds import Column, Number, NumberOrNaN, Text
from tracker.search.lookups import There
from tracker.search.ordering import Order, Phase
from tracker.search.paging import Page, View, viewed

STARTED = Field("started_ms", Number(), EQUAL + RANGE)
ENDED = Field("ended_ms", Number(), EQUAL + RANGE, is_optional=True)
ATTRIBUTES = {
    "run_id": Field("eid", Text(), EQUAL + LIKE + LIST),
    **dict.fromkeys(
        ("run_name", "run name", "Run name", "Run Name"),
        Field("name", Text(), EQUAL + LIKE),
    ),
    "status": Field("status", Text(), EQUAL + LIKE),
    "user_id": Field("user_id", Text(), EQUAL + LIKE),
    "artifact_uri": Field("artifact_uri", Text(), EQUAL + LIKE),
    **dict.fromkeys(("start_time", "created", "Created"), STARTED),
    "end_time": ENDED,
}
METRIC = Field(
    "value",
    NumberOrNaN(),
    EQUAL + RANGE,
    rows=Metric,
    owner="candidate",
    relation="metrics",
    is_indexed=True,
)
PARAM = Field(
    "value",
    Text(),
    EQUAL + LIKE + PRESENCE,
    rows=Param,
    owner="candidate",
    relation="params",
    is_indexed=True,
)
TAG = Field(
    "value",
    Text(),
    EQUAL + LIKE + PRESENCE,
    rows=Tag,
    owner="candidate",
    relation="tags",
    is_indexed=True,
)
DATASETS = {
    "name": Field(
        "dataset__name",
        Text(),
        EQUAL + LIKE + LIST,
        rows=DatasetUse,
        owner="candidate",
        key=None,
    ),
    "digest": Field(
        "dataset__digest",
        Text(),
        EQUAL + LIKE + LIST,
        rows=DatasetUse,
        owner="candidate",
        key=None,
    ),
    "context": Field(
        "value",
        Text(),
        EQUAL + LIKE + LIST,
        rows=DatasetUseTag,
        owner="use__candidate",
        key="mlflow.data.context",
    ),
}
RUNS = Table(
    [
        Entity(["attributes", "attribute", "attr", "run"], ATTRIBUTES),
        Entity(["metrics", "metric"], METRIC),
        Entity(["params", "param", "parameters", "parameter"], PARAM),
        Entity(["tags", "tag"], TAG),
        Entity(["datasets", "dataset"], DATASETS),
    ]
)


class Question(NamedTuple):
    """A comparison, and the field that it is about."""

    field: Field
    asked: Comparison


class Term(NamedTuple):
    """Something that candidates are ordered by."""

    field: Field
    key: str  # of a field with a row per key
    descending: bool


class Choice(NamedTuple):
    """Which candidates a list shows, and their order."""

    rows: QuerySet[Candidate]
    order: Order


def find(
    experiments: QuerySet[Experiment],
    *,
    text: str = "",
    order_by: Sequence[str] = (),
    view: View = View.ACTIVE_ONLY,
    limit: int = 1000,
    token: str = "",
) -> Page[Candidate]:
    """A page of the candidates of these experiments, as MLflow's `runs/search` finds them.

    Candidates come bare: prefetch what is shown. Raises Invalid.
    """
    asked = [Question(RUNS.field(one.name), one) for one in grammar.comparisons(text)]
    within = sorted(experiments.values_list("pk", flat=True))
    choice = choose(Candidate.objects.all(), within, asked, _terms(order_by))
    return ordering.page(
        viewed(choice.rows, view),
        choice.order,
        limit=limit,
        token=token,
        query=["runs", within, text, list(order_by), view],
    )


def choose(
    everyone: QuerySet[Candidate],
    within: Sequence[int],
    asked: Sequence[Question],
    terms: Sequence[Term],
    also: Q = Q(),  # noqa: B008  (never changed)
) -> Choice:
    """The candidates of these experiments that meet all conditions, in this order."""
    metric = _only_metric(terms)
    known = [one for one in asked if metric and _is_about(one, metric)]
    others = [one for one in asked if one not in known]
    conditions = [(one, one.field.condition(one.asked)) for one in others]
    few = _few(others, within)
    met = few.met if few else None
    rows = everyone.filter(also, *(each for one, each in conditions if one is not met))
    if few is None:
        rows = rows.filter(experiment__in=within)
    else:
        rows, within = rows.filter(pk__in=few.keys), []
    if metric is None:
        return Choice(rows, _order(terms, within))
    if _is_latest(metric.field):
        return Choice(rows, _metric_order(metric, known, within))
    return Choice(rows, _summary_order(metric, within))


# ---------------------------------------------------------------- where to begin

# Finding this many along an index costs about a millisecond.
FEW = 1000
# Of a very large experiment more are worth listing. A page of a hundred of those that m of
# n candidates meet is walked in 100 n / m rows, each about as dear as one that is listed
# and sorted: both take the same time where m² = 100 n.
BALANCE = 100
# As many experiments are walked one by one, and merged; more are sorted together.
MAX_PARTS = 100


class Few(NamedTuple):
    """Candidates that an index found, and the question they are the whole answer to."""

    keys: list[int]
    met: Question | None


def _few(asked: Sequence[Question], within: Sequence[int]) -> Few | None:
    """The candidates that meet one of the conditions, if an index says that they are few.

    Then a page is made of them. If each condition is met by many, the first hundred that
    meet all are soon found by walking along the order. So neither case reads the whole
    experiment, whatever the database's planner believes of it.
    """
    narrowed = [(one, one.field.narrowed(one.asked)) for one in asked]
    indexed = [(one, found) for one, found in narrowed if found]
    if not indexed:
        return None
    found = _listed(indexed, within, FEW)
    most = 0 if found else _worth_listing(within)
    return _listed(indexed, within, most) if most > FEW else found


def _listed(
    indexed: Sequence[tuple[Question, Narrowed]], within: Sequence[int], most: int
) -> Few | None:
    for one, (rows, is_exact) in indexed:
        found = rows.filter(experiment__in=within).values_list("candidate", flat=True)
        keys = list(found[: most + 1])
        if len(keys) <= most:
            return Few(keys, one if is_exact else None)
    return None


def _worth_listing(within: Sequence[int]) -> int:
    tallied = Tally.objects.filter(experiment__in=within)
    size = tallied.aggregate(size=Sum("candidates"))["size"]
    return math.isqrt(BALANCE * (size or 0))


# ---------------------------------------------------------------- order

NEWEST = Column(F("started_ms"), descending=True)
LAST = Column(F("eid"))
ORDERED = frozenset(
    "start_time created Created end_time run_id run_name status user_id artifact_uri".split()
)


def _terms(order_by: Sequence[str]) -> list[Term]:
    """What `order_by` names. Raises Invalid, also for a field that is named twice."""
    terms: list[Term] = []
    for item in ordering.parsed(order_by):
        field, key = RUNS.field(item.name), item.name.key
        if field.rows is None:
            if key not in ORDERED:
                raise ordering.cannot(item)
            key = field.path
        elif not field.relation:
            raise ordering.cannot(item)
        if (field, key) in [(term.field, term.key) for term in terms]:
            raise ordering.twice(item)
        terms.append(Term(field, key, item.descending))
    return terms


def _parts(path: str, within: Sequence[int]) -> list[Q]:
    """One part per experiment, while they are few enough for one statement."""
    return [Q((path, pk)) for pk in within] if len(within) <= MAX_PARTS else []


def _order(terms: Sequence[Term], within: Sequence[int]) -> Order:
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
    return Order([Phase([*columns, LAST], parts=parts)], joins)


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


def _only_metric(terms: Sequence[Term]) -> Term | None:
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


def _is_about(question: Question, metric: Term) -> bool:
    """Whether it compares this metric's value, so that whoever lacks it cannot match."""
    field, asked = question
    return (
        _is_latest(field)
        and _is_latest(metric.field)
        and asked.name.key == metric.key
        and asked.operator not in PRESENCE
    )


def _summary_order(metric: Term, within: Sequence[int]) -> Order:
    """Two walks: the numbers, along an index; then what has none, or no such series."""
    path = metric.field.path
    has_number = Q((f"series__{path}__isnull", False))
    if within:
        has_number &= Q(series__experiment__in=within)
    value = Column(F(f"series__{path}"), metric.descending)
    rows = Metric.objects.filter(
        Q((f"{path}__isnull", False)), candidate=OuterRef("pk"), key=metric.key
    )
    phases = [
        Phase([value, *SERIES_TAIL], has_number, _parts("series__experiment", within)),
        Phase([NEWEST, LAST], ~Q(There(rows)), _parts("experiment", within)),
    ]
    return Order(phases, {"series": _joined(metric.field, metric.key)})


def _metric_order(
    metric: Term, known: Sequence[Question], within: Sequence[int]
) -> Order:
    """Three walks, two of them along an index: numbers, then NaN, then missing.

    What is asked about the same metric is asked of the index too.
    """
    series = Q(*(field.joined(one, "series") for field, one in known))
    if within:  # else there is no way along the index, only from the candidates
        series &= Q(series__experiment__in=within)
    value = Column(F("series__value"), metric.descending)
    parts = _parts("series__experiment", within)
    phases = [
        Phase([value, *SERIES_TAIL], series & Q(series__is_nan=Value(False)), parts),
        Phase(SERIES_TAIL, series & Q(series__is_nan=Value(True)), parts),
    ]
    if not known:
        rows = Metric.objects.filter(candidate=OuterRef("pk"), key=metric.key)
        parts = _parts("experiment", within)
        phases.append(Phase([NEWEST, LAST], ~Q(There(rows)), parts))
    return Order(phases, {"series": _joined(METRIC, metric.key)})
