"""Finding candidates: the filter and the order of MLflow's `runs/search`, and of the pages."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import (
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Value,
)

from tracker.models import (
    Candidate,
    DatasetUse,
    DatasetUseTag,
    Experiment,
    Metric,
    Param,
    Tag,
)
from tracker.models.candidates import INDEXED_CHARS
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
)
from tracker.search.grammar import Comparison, Level
from tracker.search.lookups import Bytewise, Head, There
from tracker.search.ordering import Column, Order, Phase
from tracker.search.paging import Page, View, viewed

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
    asked = grammar.comparisons(text)
    terms = _terms(order_by)
    within = sorted(experiments.values_list("pk", flat=True))

    by_metric = _only_metric(terms)
    known = _about(by_metric.key, asked) if by_metric else []
    others = [part for part in asked if part not in known]
    few = _few(others, within)
    if few is None:
        rows = Candidate.objects.filter(experiment__in=within)
    else:
        rows = Candidate.objects.filter(pk__in=few)
    if by_metric:
        order = _metric_order(by_metric, known, within if few is None else [])
    else:
        order = _order(terms)
    return ordering.page(
        viewed(rows, view).filter(RUNS.conditions(others)),
        order,
        limit=limit,
        token=token,
        query=["runs", within, text, list(order_by), view],
    )


# ---------------------------------------------------------------- where to begin

# Finding this many along an index costs about a millisecond.
FEW = 1000


def _few(asked: Sequence[Comparison], within: Sequence[int]) -> list[int] | None:
    """The candidates that meet one of the conditions, if an index says that they are few.

    Then a page is made of them. If each condition is met by many, the first hundred that
    meet all are soon found by walking along the order. So neither case reads the whole
    experiment, whatever the database's planner believes of it.
    """
    for part in asked:
        rows = _indexed(part)
        if rows is not None:
            rows = rows.filter(experiment__in=within)
            found = list(rows.values_list("candidate", flat=True)[: FEW + 1])
            if len(found) <= FEW:
                return found
    return None


def _indexed(asked: Comparison) -> QuerySet[Any] | None:
    """Rows that an index finds, among them all that meet the condition."""
    field = RUNS.field(asked.name)
    if field is METRIC and asked.operator != "!=":
        test = field.tested(field.path, asked, Level.STRICT)
        # In the order of the index: PostgreSQL would look for a thousand in the table.
        return Metric.objects.filter(test, key=asked.name.key).order_by("value")
    if field in (PARAM, TAG) and asked.operator == "=":
        assert field.rows
        head = asked.values[0].text[:INDEXED_CHARS]
        rows = field.rows._default_manager.alias(head=Head("value"))
        # The value itself would be put in the place of the column, and hide the index
        # from SQLite. Rows that only begin alike fail when the condition is tested.
        return rows.filter(key=asked.name.key, head=head)
    return None


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
    terms: list[Term] = []
    for item in ordering.parsed(order_by):
        field, key = RUNS.field(item.name), item.name.key
        if field.rows is None:
            if key not in ORDERED:
                raise ordering.cannot(item)
            key = field.path
        elif field not in RELATIONS:
            raise ordering.cannot(item)
        if (field, key) in [(term.field, term.key) for term in terms]:
            raise ordering.twice(item)
        terms.append(Term(field, key, item.descending))
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
            series = F(f"{alias}__value"), F(f"{alias}__is_nan")
            columns += ordering.metric(*series, descending=descending)
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


# ---------------------------------------------------------------- order by one metric


def _only_metric(terms: Sequence[Term]) -> Term | None:
    """The metric, where the order is that metric's and otherwise the usual one."""
    if not terms or terms[0].field is not METRIC:
        return None
    rest = [(term.field, term.descending) for term in terms[1:]]
    return terms[0] if rest in ([], [(STARTED, True)]) else None


def _about(key: str, asked: Sequence[Comparison]) -> list[Comparison]:
    """The conditions on this metric."""
    return [
        part
        for part in asked
        if RUNS.field(part.name) is METRIC and part.name.key == key
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
    # Without the experiment there is no way along the index, only from the candidates.
    series = Q(*conditions, series__experiment__in=within) if within else Q(*conditions)
    tail = [Column(F("series__started_ms"), descending=True), Column(F("series__eid"))]
    value = Column(F("series__value"), term.descending)
    phases = [
        Phase([value, *tail], series & Q(series__is_nan=Value(False))),
        Phase(tail, series & Q(series__is_nan=Value(True))),
    ]
    if not known:
        rows = Metric.objects.filter(candidate=OuterRef("pk"), key=term.key)
        phases.append(Phase([NEWEST, LAST], ~Q(There(rows))))
    return Order(phases, {"series": _joined(METRIC, term.key)})
