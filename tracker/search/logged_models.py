"""Finding logged models: the filter and the order of MLflow's `logged-models/search`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import (
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from tracker.errors import Invalid
from tracker.models import (
    Experiment,
    LoggedModel,
    LoggedModelMetric,
    LoggedModelParam,
    LoggedModelStatus,
    LoggedModelTag,
)
from tracker.search import grammar, ordering
from tracker.search.fields import (
    EQUAL,
    LIKE,
    LIST,
    RANGE,
    Entity,
    Field,
    Table,
)
from tracker.search.grammar import Comparison
from tracker.search.kinds import (
    Choice,
    Column,
    Number,
    NumberOrNaN,
    PlainText,
    Text,
    numbers_first,
)
from tracker.search.lookups import Bytewise
from tracker.search.ordering import Order, Phase
from tracker.search.paging import Page

MAX_DATASETS = 100


class DatasetFilter(NamedTuple):
    """Points that were logged with this dataset; without a digest, with any of that name."""

    name: str
    digest: str = ""


class OrderBy(NamedTuple):
    """A column of the order; a metric may be taken from one dataset's points alone."""

    field_name: str
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


ANY_TEXT = EQUAL + LIKE + LIST
CREATED = Field("created_ms", Number(), EQUAL + RANGE)
CHANGED = Field("updated_ms", Number(), EQUAL + RANGE)
ATTRIBUTES = {
    "name": Field("name", Text(), ANY_TEXT),
    "model_id": Field("eid", Text(), ANY_TEXT),
    "model_type": Field("model_type", Text(), ANY_TEXT),
    "status": Field("status", Choice(LoggedModelStatus.values), EQUAL + LIST),
    "source_run_id": Field("source_run_id", Text(), ANY_TEXT),
    "experiment_id": Field("wire_experiment", Text(), ANY_TEXT),
    "artifact_location": Field("artifact_uri", Text(), ANY_TEXT),
    "creation_timestamp": CREATED,
    "creation_time": CREATED,
    "creation_timestamp_ms": CREATED,
    "last_updated_timestamp": CHANGED,
    "last_updated_timestamp_ms": CHANGED,
}


@dataclass(frozen=True)
class LatestMetric(Field):
    """The latest of a model's points, or of those logged with one of these datasets."""

    among: Q = Q()

    def condition(self, asked: Comparison) -> Q:
        self.check(asked)
        latest = latest_point(asked.name.key, self.among, OuterRef(OuterRef("pk")))
        points = LoggedModelMetric.objects.filter(pk=Subquery(latest.values("pk")[:1]))
        return Q(Exists(points.filter(self.tested(self.path, asked))))


def latest_point(key: str, among: Q, model: OuterRef) -> QuerySet[LoggedModelMetric]:
    """A metric's points, the latest first."""
    points = LoggedModelMetric.objects.filter(among, model=model, key=key)
    return points.order_by("-step", "-timestamp", "-value", "-pk")


def table(among: Q) -> Table:
    """All that can be asked; what is asked about metrics, of these points alone."""
    return Table(
        [
            Entity(["attributes"], ATTRIBUTES),
            Entity(
                ["metrics"],
                LatestMetric("value", NumberOrNaN(), EQUAL + RANGE, among=among),
            ),
            Entity(
                ["params"],
                Field("value", PlainText(), ANY_TEXT, LoggedModelParam, "model"),
            ),
            Entity(["tags"], Field("value", Text(), ANY_TEXT, LoggedModelTag, "model")),
        ]
    )


def find(
    experiments: QuerySet[Experiment],
    *,
    text: str = "",
    datasets: Sequence[DatasetFilter] = (),
    order_by: Sequence[OrderBy] = (),
    limit: int = 100,
    token: str = "",
) -> Page[LoggedModel]:
    """A page of the models that these experiments logged, the newest first. Raises Invalid."""
    asked = grammar.comparisons(text)
    if len(datasets) > MAX_DATASETS:
        raise Invalid(f"A search can name at most {MAX_DATASETS} datasets.")
    among = Q(*(_logged_with(dataset) for dataset in datasets), _connector=Q.OR)
    within = sorted(experiments.values_list("pk", flat=True))
    models = LoggedModel.objects.alive().filter(experiment__in=within)
    if datasets and not any(part.name.entity == "metrics" for part in asked):
        points = LoggedModelMetric.objects.filter(among, model=OuterRef("pk"))
        models = models.filter(Exists(points))
    return ordering.page(
        models.alias(wire_experiment=Cast("experiment__iid", CharField())).filter(
            table(among).conditions(asked)
        ),
        _order(order_by),
        limit=limit,
        token=token,
        query=["logged models", within, text, datasets, order_by],
    )


def _logged_with(dataset: DatasetFilter) -> Q:
    digest = Q(dataset_digest=dataset.digest) if dataset.digest else Q()
    return Q(dataset_name=dataset.name) & digest


# ---------------------------------------------------------------- order

NEWEST = F("created_ms")
BY_ID = F("eid")
ORDERED: dict[str, Combinable] = {
    "name": Bytewise(F("name")),
    "model_id": BY_ID,
    "model_type": Bytewise(F("model_type")),
    "status": Bytewise(F("status")),
    "source_run_id": Bytewise(F("source_run_id")),
    "experiment_id": F("experiment__iid"),
    "artifact_location": Bytewise(F("artifact_uri")),
    **dict.fromkeys(
        ("creation_timestamp", "creation_time", "creation_timestamp_ms"), NEWEST
    ),
    **dict.fromkeys(
        ("last_updated_timestamp", "last_updated_timestamp_ms"), F("updated_ms")
    ),
}


def _order(order_by: Sequence[OrderBy]) -> Order:
    if len(order_by) > ordering.MAX_ORDERINGS:
        raise Invalid(f"A list can be ordered by {ordering.MAX_ORDERINGS} fields.")
    columns: list[Column] = []
    seen: list[object] = []
    for item in order_by:
        entity, dot, key = item.field_name.partition(".")
        if dot and entity == "metrics" and key:
            term: object = (key, item.dataset_name, item.dataset_digest)
            columns += _metric(key, item)
        elif item.field_name in ORDERED:
            term = ORDERED[item.field_name]
            columns.append(Column(ORDERED[item.field_name], not item.ascending))
        else:
            raise Invalid(
                f"No order by {item.field_name[:60]!r} here: name an attribute or a"
                " metric."
            )
        if term in seen:
            raise Invalid(f"The list is ordered by {item.field_name[:60]!r} twice.")
        seen.append(term)
    tail = [Column(NEWEST, descending=True), Column(BY_ID)]
    return Order(
        [Phase([*columns, *(last for last in tail if last.value not in seen)])]
    )


def _metric(key: str, item: OrderBy) -> list[Column]:
    """Numbers, then NaN, then missing, in both directions."""
    dataset = DatasetFilter(item.dataset_name, item.dataset_digest)
    among = _logged_with(dataset) if dataset.name else Q()
    latest = latest_point(key, among, OuterRef("pk"))
    value = Subquery(latest.values("value")[:1])
    is_nan = Subquery(latest.values("is_nan")[:1])
    return numbers_first(value, is_nan, descending=not item.ascending)
