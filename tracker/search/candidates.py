"""Finding candidates: the filter and the order of MLflow's `runs/search`, and of the pages."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IsNull

from tracker.errors import Invalid
from tracker.models import (
    Candidate,
    DatasetUse,
    DatasetUseTag,
    Experiment,
    Metric,
    Param,
    Tag,
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
    Number,
    NumberOrNaN,
    Table,
    Text,
    compiled,
)
from tracker.search.grammar import And, BadFilter, Comparison, Expression, Level
from tracker.search.lookups import Bytewise
from tracker.search.ordering import Column, Order, Phase
from tracker.search.paging import Page, View

MAX_ORDERINGS = 20

STARTED = Field("started_ms", Number(), EQUAL + RANGE)
ENDED = Field("ended_ms", Number(), EQUAL + RANGE)
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
METRIC = Field("value", NumberOrNaN(), EQUAL + RANGE, rows=Metric, owner="candidate")
PARAM = Field("value", Text(), EQUAL + LIKE + PRESENCE, rows=Param, owner="candidate")
TAG = Field("value", Text(), EQUAL + LIKE + PRESENCE, rows=Tag, owner="candidate")
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
    asked = grammar.parse(text, Level.STRICT).parts
    terms = _terms(order_by)
    within = sorted(experiments.values_list("pk", flat=True))

    if by_metric := _only_metric(terms):
        known = _about(by_metric.key, asked)
        asked = tuple(part for part in asked if part not in known)
        order = _metric_order(by_metric, known, within)
    else:
        order = _order(terms)
    rows = viewed(Candidate.objects.filter(experiment__in=within), view)
    return ordering.page(
        rows.filter(compiled(And(asked), _condition)),
        order,
        limit=limit,
        token=token,
        query=["runs", within, text, list(order_by), view],
    )


def viewed(rows: QuerySet[Candidate], view: View) -> QuerySet[Candidate]:
    match view:
        case View.ACTIVE_ONLY:
            return rows.filter(deleted_at=None)
        case View.DELETED_ONLY:
            return rows.filter(deleted_at__isnull=False)
        case View.ALL:
            return rows


def _condition(end: Expression) -> Q:
    assert isinstance(end, Comparison)  # MLflow's language has no plain words
    return RUNS.condition(end)


# ---------------------------------------------------------------- order

NEWEST = Column(F("started_ms"), descending=True)
LAST = Column(F("eid"))
ORDERED = frozenset(
    "start_time created Created end_time run_id run_name status user_id artifact_uri".split()
)
RELATIONS = {METRIC: "metrics", PARAM: "params", TAG: "tags"}


class Term(NamedTuple):
    field: Field
    key: str
    descending: bool


def _terms(order_by: Sequence[str]) -> list[Term]:
    """What `order_by` names. Raises Invalid, also for a field that is named twice."""
    if len(order_by) > MAX_ORDERINGS:
        raise Invalid(f"A list can be ordered by {MAX_ORDERINGS} fields, not by more.")
    terms: list[Term] = []
    for item in order_by:
        name, descending = grammar.parse_order(item)
        field = RUNS.entity(name).field(name)
        is_attribute = field.rows is None
        if not (name.key in ORDERED if is_attribute else field in RELATIONS):
            raise BadFilter(f"The list cannot be ordered by `{item[:60]}`", 1)
        if any(t.field == field and (is_attribute or t.key == name.key) for t in terms):
            raise BadFilter(f"The list is ordered by `{item[:60]}` twice", 1)
        terms.append(Term(field, name.key, descending))
    return terms


def _order(terms: Sequence[Term]) -> Order:
    """Any order; the newest first among equals."""
    columns: list[Column] = []
    joins: dict[str, FilteredRelation] = {}
    for place, (field, key, descending) in enumerate(terms):
        if field.rows is None:
            columns += _attribute(field, descending)
            continue
        alias = f"by_{place}"
        joins[alias] = _joined(field, key)
        if field is METRIC:
            columns += _metric(alias, descending)
        else:
            columns += ordering.texts(f"{alias}__{field.path}", descending)
    if not any(term.field is STARTED for term in terms):
        columns.append(NEWEST)
    return Order([Phase([*columns, LAST])], joins)


def _attribute(field: Field, descending: bool) -> list[Column]:
    if field is ENDED:
        return ordering.numbers(field.path, descending)
    if type(field.kind) is Text:
        return [Column(Bytewise(F(field.path)), descending)]
    return [Column(F(field.path), descending)]


def _joined(field: Field, key: str) -> FilteredRelation:
    """The one row, if any, that holds a candidate's value for this key."""
    relation = RELATIONS[field]
    return FilteredRelation(relation, condition=Q((f"{relation}__key", key)))


def _metric(alias: str, descending: bool) -> list[Column]:
    """Numbers, then NaN, then missing, in both directions."""
    rank = Case(
        When(IsNull(F(f"{alias}__value"), True), then=2),
        When(Exact(F(f"{alias}__is_nan"), Value(True)), then=1),
        default=0,
    )
    value = Coalesce(F(f"{alias}__value"), Value(0), output_field=FloatField())
    return [Column(rank), Column(value, descending)]


# ---------------------------------------------------------------- order by one metric


def _only_metric(terms: Sequence[Term]) -> Term | None:
    """The metric, where the order is that metric's and otherwise the usual one."""
    if not terms or terms[0].field is not METRIC:
        return None
    rest = [(term.field, term.descending) for term in terms[1:]]
    return terms[0] if rest in ([], [(STARTED, True)]) else None


def _about(key: str, parts: Sequence[Expression]) -> list[Comparison]:
    """The conditions on this metric."""
    return [
        part
        for part in parts
        if isinstance(part, Comparison)
        and RUNS.entity(part.name).fields is METRIC
        and part.name.key == key
    ]


def _metric_order(
    term: Term, known: Sequence[Comparison], within: Sequence[int]
) -> Order:
    """Three walks, two of them along the index `metric_latest`.

    What is asked about the same metric is asked of the index too.
    """
    conditions = [
        METRIC.condition(part, Level.STRICT, joined="series") for part in known
    ]
    series = Q(*conditions, series__experiment__in=within)
    tail = [Column(F("series__started_ms"), descending=True), Column(F("series__eid"))]
    value = Column(F("series__value"), term.descending)
    phases = [
        Phase([value, *tail], series & Q(series__is_nan=Value(False))),
        Phase(tail, series & Q(series__is_nan=Value(True))),
    ]
    if not known:
        rows = Metric.objects.filter(candidate=OuterRef("pk"), key=term.key)
        phases.append(Phase([NEWEST, LAST], ~Q(Exists(rows))))
    return Order(phases, {"series": _joined(METRIC, term.key)})
