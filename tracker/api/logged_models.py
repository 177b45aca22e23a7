"""Logged models, as MLflow's client sees them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from tracker import logged_models
from tracker.api import pairs
from tracker.api.contents import grouped
from tracker.api.endpoint import Call, endpoint
from tracker.api.parts import in_parts
from tracker.api.wire import KeyValue, KeyValueItem, Message, Text, double, filled
from tracker.errors import Invalid
from tracker.keys import MAX_PARAM_CHARS, quoted
from tracker.models import (
    Experiment,
    LoggedModel,
    LoggedModelMetric,
    LoggedModelParam,
    LoggedModelStatus,
    LoggedModelTag,
    Role,
)
from tracker.search import logged_models as search

MAX_TAG_CHARS = 100_000
BAD_IN_NAMES = "/:.%\"'"
DEFAULT_RESULTS, MAX_RESULTS = 100, 50_000

# ---------------------------------------------------------------- on the wire


class WireStatus(StrEnum):
    """The contract's long names, in the order of its numbers."""

    PENDING = "LOGGED_MODEL_PENDING"
    READY = "LOGGED_MODEL_READY"
    UPLOAD_FAILED = "LOGGED_MODEL_UPLOAD_FAILED"


@in_parts
def models(rows: Sequence[LoggedModel]) -> list[dict[str, Any]]:
    """Whole models: one query for each kind of thing they hold, however many they are."""
    ids = [row.pk for row in rows]
    iids = dict(
        Experiment.objects.filter(
            pk__in={row.experiment_id for row in rows}
        ).values_list("pk", "iid")
    )
    tags = grouped(in_order(LoggedModelTag, ids, "key", "value"), KeyValueItem)
    params = grouped(in_order(LoggedModelParam, ids, "key", "value"), KeyValueItem)
    columns = (
        "key value is_nan timestamp step run_id dataset_name dataset_digest model__eid"
    ).split()
    metrics = grouped(in_order(LoggedModelMetric, ids, *columns), metric)
    return [
        {
            "info": filled(
                model_id=row.eid,
                experiment_id=str(iids[row.experiment_id]),
                name=row.name,
                creation_timestamp_ms=row.created_ms,
                last_updated_timestamp_ms=row.updated_ms,
                artifact_uri=row.artifact_uri,
                status=WireStatus[row.status],
                status_message=row.status_message,
                model_type=row.model_type,
                source_run_id=row.source_run_id,
                tags=tags.get(row.pk),
            ),
            "data": filled(params=params.get(row.pk), metrics=metrics.get(row.pk)),
        }
        for row in rows
    ]


def in_order(kind: Any, ids: Sequence[int], *columns: str) -> Any:
    rows = kind.objects.filter(model__in=ids).order_by("model_id", "key", "pk")
    return rows.values_list("model_id", *columns)


def metric(
    key: str,
    value: float,
    is_nan: bool,
    timestamp: int,
    step: int,
    run_id: str,
    dataset_name: str,
    dataset_digest: str,
    model_id: str,
) -> dict[str, Any]:
    return filled(
        key=key,
        value=double(value, is_nan),
        timestamp=timestamp,
        step=step,
        model_id=model_id,
        run_id=run_id,
        dataset_name=dataset_name or None,
        dataset_digest=dataset_digest or None,
    )


def one(row: LoggedModel) -> dict[str, Any]:
    return {"model": models([row])[0]}


# ---------------------------------------------------------------- endpoints


class Create(Message):
    experiment_id: Text
    # None and "" differ: without a name one is invented, an empty one is refused.
    name: Annotated[str, Meta(max_length=500)] | None = None
    model_type: Annotated[str, Meta(max_length=500)] = ""
    source_run_id: Annotated[str, Meta(max_length=256)] = ""
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


@endpoint("POST", Create, needs=Role.WRITER)
def create(call: Call, asked: Create) -> dict[str, Any]:
    name = asked.name or ""
    if any(character in BAD_IN_NAMES for character in name):
        raise Invalid(
            f"Invalid model name ({quoted(name)}) provided. Model name must be a non-empty"
            f" string and cannot contain the following characters: {BAD_IN_NAMES}"
        )
    made = logged_models.create(
        call.experiment(asked.experiment_id),
        name=name,
        model_type=asked.model_type,
        source_run_id=asked.source_run_id,
        params=params(asked.params),
        tags=pairs.read(asked.tags, "tags", limit=MAX_TAG_CHARS),
    )
    return one(made)


def params(asked: Sequence[KeyValue]) -> dict[str, str]:
    once = pairs.read_once(asked, "params")
    return {key: value[:MAX_PARAM_CHARS] for key, value in once.items()}


class Get(Message):
    allow_deleted: bool = False


@endpoint("GET", Get, needs=Role.READER)
def get(call: Call, asked: Get) -> dict[str, Any]:
    model_id = call.path["model_id"]
    return one(call.logged_model(model_id, with_deleted=asked.allow_deleted))


class Finish(Message):
    model_id: Text
    status: WireStatus


@endpoint("PATCH", Finish, needs=Role.WRITER)
def finish(call: Call, asked: Finish) -> dict[str, Any]:
    found = named(call, asked.model_id)
    logged_models.set_status(found, LoggedModelStatus[asked.status.name])
    return one(found)


def named(call: Call, model_id: str) -> LoggedModel:
    """The model that both the address and the body name."""
    if model_id != call.path["model_id"]:
        raise Invalid(f"The body names another model, {quoted(model_id)}.")
    return call.logged_model(model_id)


class Delete(Message):
    """The body says nothing that the address does not."""


@endpoint("DELETE", Delete, needs=Role.WRITER)
def delete(call: Call, asked: Delete) -> dict[str, Any]:
    logged_models.delete(call.logged_model(call.path["model_id"], with_deleted=True))
    return {}


class SetTags(Message):
    tags: list[KeyValue] = []


@endpoint("PATCH", SetTags, needs=Role.WRITER)
def set_tags(call: Call, asked: SetTags) -> dict[str, Any]:
    tags = pairs.read(asked.tags, "tags", limit=MAX_TAG_CHARS)
    logged_models.set_tags(call.logged_model(call.path["model_id"]), tags)
    return {}


@endpoint("DELETE", Delete, needs=Role.WRITER)
def delete_tag(call: Call, asked: Delete) -> dict[str, Any]:
    logged_models.delete_tag(
        call.logged_model(call.path["model_id"]), call.path["tag_key"]
    )
    return {}


class LogParams(Message):
    model_id: Text
    params: list[KeyValue] = []


@endpoint("POST", LogParams, needs=Role.WRITER)
def log_params(call: Call, asked: LogParams) -> dict[str, Any]:
    logged_models.log_params(named(call, asked.model_id), params(asked.params))
    return {}


class OfDataset(Message):
    dataset_name: Text
    dataset_digest: str = ""


class Order(Message):
    field_name: Text
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class Search(Message):
    experiment_ids: list[str]
    filter: str = ""
    datasets: list[OfDataset] = []
    # Any number may be asked for; a page holds no more than elsewhere.
    max_results: Annotated[int, Meta(ge=0)] = DEFAULT_RESULTS
    order_by: list[Order] = []
    page_token: str = ""


@endpoint("POST", Search, needs=Role.READER)
def find(call: Call, asked: Search) -> dict[str, Any]:
    page = search.find(
        call.experiments(asked.experiment_ids),
        text=asked.filter,
        datasets=[
            search.DatasetFilter(one.dataset_name, one.dataset_digest)
            for one in asked.datasets
        ],
        order_by=[
            search.OrderBy(
                one.field_name, one.ascending, one.dataset_name, one.dataset_digest
            )
            for one in asked.order_by
        ],
        limit=min(asked.max_results or DEFAULT_RESULTS, MAX_RESULTS),
        token=asked.page_token,
    )
    return filled(models=models(page.rows), next_page_token=page.next_token or None)
