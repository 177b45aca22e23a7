"""Runs, as MLflow's client sees our candidates: their lives, and finding them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

from msgspec import Meta

from tracker import lifecycle, rows
from tracker.api import pairs
from tracker.api.endpoint import Call, endpoint
from tracker.api.parts import in_parts
from tracker.api.wire import (
    Int64,
    KeyValue,
    KeyValueItem,
    Message,
    MetricItem,
    Text,
    double,
    filled,
)
from tracker.errors import Invalid
from tracker.keys import MAX_TAG_CHARS, quoted
from tracker.models import (
    Candidate,
    DatasetUse,
    DatasetUseTag,
    Experiment,
    Metric,
    ModelUse,
    Param,
    Role,
    Status,
    Tag,
)
from tracker.recording import MAX_NAME_CHARS, RUN_NAME
from tracker.search import candidates as search
from tracker.search.paging import View

Items = list[Any]

# ---------------------------------------------------------------- on the wire


def run(
    candidate: Candidate,
    experiment_iid: int,
    *,
    metrics: Items | None = None,
    params: Items | None = None,
    tags: Items | None = None,
    dataset_inputs: Items | None = None,
    model_inputs: Items | None = None,
    model_outputs: Items | None = None,
) -> dict[str, Any]:
    return {
        "info": info(candidate, experiment_iid),
        "data": filled(metrics=metrics, params=params, tags=tags),
        "inputs": filled(dataset_inputs=dataset_inputs, model_inputs=model_inputs),
        "outputs": filled(model_outputs=model_outputs),
    }


def info(candidate: Candidate, experiment_iid: int) -> dict[str, Any]:
    return filled(
        run_id=candidate.eid,
        run_uuid=candidate.eid,
        run_name=candidate.name,
        experiment_id=str(experiment_iid),
        user_id=candidate.user_id,
        status=candidate.status,
        start_time=candidate.started_ms,
        end_time=candidate.ended_ms,
        artifact_uri=candidate.artifact_uri,
        lifecycle_stage="deleted" if candidate.is_deleted else "active",
    )


@in_parts
def runs(candidates: Sequence[Candidate], *, with_model_inputs: bool = False) -> Items:
    """Whole runs: one query for each kind of thing they hold, however many they are.

    Plain tuples, not model instances: a page of a hundred runs holds thousands of rows.
    """
    ids = [candidate.pk for candidate in candidates]
    iids = dict(
        Experiment.objects.filter(
            pk__in={candidate.experiment_id for candidate in candidates}
        ).values_list("pk", "iid")
    )
    metrics, params, tags = latest_metrics(ids), params_of(ids), tags_of(ids)
    datasets, models = dataset_inputs(ids), model_uses(ids)
    return [
        run(
            candidate,
            iids[candidate.experiment_id],
            metrics=metrics.get(candidate.pk),
            params=params.get(candidate.pk),
            tags=tags.get(candidate.pk),
            dataset_inputs=datasets.get(candidate.pk),
            model_inputs=models.get((candidate.pk, ModelUse.Direction.INPUT))
            if with_model_inputs
            else None,
            model_outputs=models.get((candidate.pk, ModelUse.Direction.OUTPUT)),
        )
        for candidate in candidates
    ]


def grouped(
    rows: Iterable[tuple[Any, ...]], shape: Callable[..., Any]
) -> dict[Any, Items]:
    """Shapes of rows, by their first column."""
    found: dict[Any, Items] = defaultdict(list)
    for first, *rest in rows:
        found[first].append(shape(*rest))
    return found


def metric(
    key: str, value: float, is_nan: bool, timestamp: int, step: int
) -> MetricItem:
    return MetricItem(key, double(value, is_nan), timestamp, step)


def latest_metrics(ids: Sequence[int]) -> dict[int, Items]:
    rows = Metric.objects.filter(candidate__in=ids).order_by("candidate_id", "key")
    columns = ("candidate_id", "key", "value", "is_nan", "timestamp", "step")
    return grouped(rows.values_list(*columns), metric)


def params_of(ids: Sequence[int]) -> dict[int, Items]:
    rows = Param.objects.filter(candidate__in=ids).order_by("candidate_id", "key")
    return grouped(rows.values_list("candidate_id", "key", "value"), KeyValueItem)


def tags_of(ids: Sequence[int]) -> dict[int, Items]:
    rows = Tag.objects.filter(candidate__in=ids).order_by("candidate_id", "key")
    return grouped(rows.values_list("candidate_id", "key", "value"), KeyValueItem)


def dataset_inputs(ids: Sequence[int]) -> dict[int, Items]:
    uses = DatasetUse.objects.filter(candidate__in=ids).order_by("pk")
    columns = ("name", "digest", "source_type", "source", "schema", "profile")
    rows = list(
        uses.values_list(
            "candidate_id", "pk", *(f"dataset__{name}" for name in columns)
        )
    )
    if not rows:
        return {}
    marks = grouped(
        DatasetUseTag.objects.filter(use__candidate__in=ids)
        .order_by("use_id", "key")
        .values_list("use_id", "key", "value"),
        KeyValueItem,
    )

    def dataset_input(use: int, *values: str) -> dict[str, Any]:
        # Schema and profile may be missing; the others are never empty.
        texts = [value or None for value in values]
        dataset = filled(**dict(zip(columns, texts, strict=True)))
        return filled(tags=marks.get(use), dataset=dataset)

    return grouped(rows, dataset_input)


def model_uses(ids: Sequence[int]) -> dict[tuple[int, str], Items]:
    uses = ModelUse.objects.filter(candidate__in=ids).order_by("pk")
    found: dict[tuple[int, str], Items] = defaultdict(list)
    for candidate, direction, model_id, step in uses.values_list(
        "candidate_id", "direction", "model_eid", "step"
    ):
        use: dict[str, Any] = {"model_id": model_id}
        if direction == ModelUse.Direction.OUTPUT:
            use["step"] = step
        found[candidate, direction].append(use)
    return found


# ---------------------------------------------------------------- endpoints

RunName = Annotated[str, Meta(max_length=MAX_NAME_CHARS)]


class Create(Message):
    experiment_id: str = "0"
    user_id: Annotated[str, Meta(max_length=256)] = ""
    run_name: RunName = ""
    start_time: Int64 | None = None
    tags: list[KeyValue] = []


@endpoint("POST", Create, needs=Role.WRITER)
def create(call: Call, asked: Create) -> dict[str, Any]:
    experiment = call.experiment(asked.experiment_id or "0")
    tags = pairs.read(asked.tags, "tags")
    tagged = tags.get(RUN_NAME, "")
    if asked.run_name and tagged and asked.run_name != tagged:
        raise Invalid(
            f"Both 'run_name' argument and '{RUN_NAME}' tag are specified, but with different"
            f" values (run_name={quoted(asked.run_name)}, {RUN_NAME}={quoted(tagged)})."
        )
    candidate = lifecycle.create_candidate(
        experiment,
        name=asked.run_name,
        user_id=asked.user_id,
        started_ms=asked.start_time,
        tags=tags,
    )
    kept = {**tags, RUN_NAME: asked.run_name or tagged or candidate.name}
    written = [
        KeyValueItem(key, value[:MAX_TAG_CHARS]) for key, value in sorted(kept.items())
    ]
    return {"run": run(candidate, experiment.iid, tags=written)}


class Get(Message):
    run_id: str = ""
    run_uuid: str = ""


@endpoint("GET", Get, needs=Role.READER)
def get(call: Call, asked: Get) -> dict[str, Any]:
    candidate = call.candidate(asked.run_id, asked.run_uuid)
    return {"run": runs([candidate], with_model_inputs=True)[0]}


class Update(Message):
    run_id: str = ""
    run_uuid: str = ""
    status: Status | None = None
    end_time: Int64 | None = None
    run_name: RunName = ""


@endpoint("POST", Update, needs=Role.WRITER)
def update(call: Call, asked: Update) -> dict[str, Any]:
    candidate = lifecycle.update_candidate(
        call.named(asked.run_id, asked.run_uuid),
        status=asked.status,
        ended_ms=asked.end_time,
        name=asked.run_name,
    )
    experiment = rows.one(Experiment, "id = %s", [candidate.experiment_id])
    assert experiment
    return {"run_info": info(candidate, experiment.iid)}


class One(Message):
    run_id: Text


@endpoint("POST", One, needs=Role.WRITER)
def delete(call: Call, asked: One) -> dict[str, Any]:
    lifecycle.delete_candidate(call.candidate(asked.run_id))
    return {}


@endpoint("POST", One, needs=Role.WRITER)
def restore(call: Call, asked: One) -> dict[str, Any]:
    lifecycle.restore_candidate(call.candidate(asked.run_id))
    return {}


class Search(Message):
    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: View = View.ACTIVE_ONLY
    max_results: Annotated[int, Meta(ge=1, le=50_000)] = 1000
    order_by: list[str] = []
    page_token: str = ""


@endpoint("POST", Search, needs=Role.READER)
def find(call: Call, asked: Search) -> dict[str, Any]:
    page = search.find(
        call.experiments(asked.experiment_ids),
        text=asked.filter,
        order_by=asked.order_by,
        view=asked.run_view_type,
        limit=asked.max_results,
        token=asked.page_token,
    )
    return filled(runs=runs(page.rows), next_page_token=page.next_token or None)
