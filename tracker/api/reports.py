"""What a script reports of a run: metrics, params, tags, inputs and outputs."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tracker import inputs, keys, recording
from tracker.api import pairs
from tracker.api.endpoint import Call, endpoint
from tracker.api.wire import Int64, KeyValue, Message, Milliseconds, Text
from tracker.errors import Invalid
from tracker.inputs import DatasetInput, ModelOutput
from tracker.models import Role
from tracker.nesting import is_deep

MAX_METRICS = 1000
MAX_PARAMS = MAX_TAGS = 100
MAX_ITEMS = 1000
MAX_BATCH_BYTES = 4 * 1024**2
MAX_INPUTS_BYTES = 20 * 1024**2

RunId = Annotated[str, Meta(min_length=1, pattern=r"^[a-zA-Z0-9][\w-]{0,255}\Z")]
ModelId = Annotated[str, Meta(max_length=256)]
DatasetName = Annotated[str, Meta(max_length=500)]
DatasetDigest = Annotated[str, Meta(max_length=36)]


class OfRun(Message, kw_only=True):
    """A message that names its run; old clients say run_uuid."""

    run_id: str = ""
    run_uuid: str = ""


# ---------------------------------------------------------------- one at a time


class LogMetric(OfRun):
    key: Text
    value: float
    timestamp: Milliseconds
    step: Int64 = 0
    model_id: ModelId = ""
    dataset_name: DatasetName = ""
    dataset_digest: DatasetDigest = ""


@endpoint("POST", LogMetric, needs=Role.WRITER)
def log_metric(call: Call, asked: LogMetric) -> dict[str, Any]:
    keys.check(asked.key, "name")
    candidate = call.named(asked.run_id, asked.run_uuid)
    recording.log_batch(candidate, metrics=[asked])
    return {}


class LogParam(OfRun):
    key: Text
    value: str = ""


@endpoint("POST", LogParam, needs=Role.WRITER)
def log_parameter(call: Call, asked: LogParam) -> dict[str, Any]:
    keys.check(asked.key, "key")
    candidate = call.named(asked.run_id, asked.run_uuid)
    recording.log_batch(candidate, params={asked.key: asked.value})
    return {}


class SetTag(OfRun):
    key: Text
    value: str = ""


@endpoint("POST", SetTag, needs=Role.WRITER)
def set_tag(call: Call, asked: SetTag) -> dict[str, Any]:
    keys.check(asked.key, "key")
    candidate = call.named(asked.run_id, asked.run_uuid)
    recording.log_batch(candidate, tags={asked.key: asked.value})
    return {}


class DeleteTag(Message):
    run_id: Text
    key: Text


@endpoint("POST", DeleteTag, needs=Role.WRITER)
def delete_tag(call: Call, asked: DeleteTag) -> dict[str, Any]:
    recording.delete_tag(call.named(asked.run_id), asked.key)
    return {}


# ---------------------------------------------------------------- many at once


class Metric(Message):
    key: Text
    value: float
    timestamp: Milliseconds
    step: Int64 = 0
    model_id: ModelId = ""
    dataset_name: DatasetName = ""
    dataset_digest: DatasetDigest = ""
    run_id: str = ""  # clients repeat the batch's own


class LogBatch(Message):
    run_id: RunId
    metrics: list[Metric] = []
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


@endpoint("POST", LogBatch, needs=Role.WRITER, max_bytes=MAX_BATCH_BYTES)
def log_batch(call: Call, batch: LogBatch) -> dict[str, Any]:
    check_size("metrics", MAX_METRICS, batch.metrics)
    check_size("params", MAX_PARAMS, batch.params)
    check_size("tags", MAX_TAGS, batch.tags)
    check_size(
        "metrics, params, and tags", MAX_ITEMS, batch.metrics, batch.params, batch.tags
    )
    pairs.check_keys((metric.key for metric in batch.metrics), "metrics[%d].name")
    recording.log_batch(
        call.named(batch.run_id),
        metrics=batch.metrics,
        params=pairs.read_once(batch.params, "params"),
        tags=pairs.read(batch.tags, "tags"),
    )
    return {}


def check_size(what: str, limit: int, *lists: Sequence[Message]) -> None:
    size = sum(map(len, lists))
    if size > limit:
        raise Invalid(
            f"A batch logging request can contain at most {limit} {what}. Got {size} {what}."
            f" Please split up {what} across multiple requests and try again."
        )


# ---------------------------------------------------------------- inputs and outputs


class InputTag(Message):
    key: Annotated[str, Meta(min_length=1, max_length=255)]
    value: Annotated[str, Meta(max_length=500)] = ""


class Dataset(Message):
    name: Annotated[str, Meta(min_length=1, max_length=500)]
    digest: Annotated[str, Meta(min_length=1, max_length=36)]
    source_type: Annotated[str, Meta(min_length=1, max_length=36)]
    source: Annotated[str, Meta(min_length=1, max_length=65_535)]
    schema: Annotated[str, Meta(max_length=1_048_575)] = ""
    profile: Annotated[str, Meta(max_length=16_777_215)] = ""


class DatasetInputMessage(Message):
    dataset: Dataset
    tags: list[InputTag] = []


class ModelInput(Message):
    model_id: Annotated[str, Meta(min_length=1, max_length=256)]


class LogInputs(Message):
    run_id: RunId
    datasets: list[DatasetInputMessage] = []
    models: list[ModelInput] = []


@endpoint("POST", LogInputs, needs=Role.WRITER, max_bytes=MAX_INPUTS_BYTES)
def log_inputs(call: Call, asked: LogInputs) -> dict[str, Any]:
    inputs.log_inputs(
        call.named(asked.run_id),
        datasets=[dataset_input(one) for one in asked.datasets],
        model_eids=[model.model_id for model in asked.models],
    )
    return {}


def dataset_input(asked: DatasetInputMessage) -> DatasetInput:
    described = asked.dataset
    return DatasetInput(
        name=described.name,
        digest=described.digest,
        source_type=described.source_type,
        source=described.source,
        schema=described.schema,
        profile=described.profile,
        tags={tag.key: tag.value for tag in asked.tags},
    )


class Output(ModelInput):
    step: Int64 = 0


class LogOutputs(Message):
    run_id: Text
    models: list[Output]


@endpoint("POST", LogOutputs, needs=Role.WRITER)
def log_outputs(call: Call, asked: LogOutputs) -> dict[str, Any]:
    outputs = [ModelOutput(model.model_id, model.step) for model in asked.models]
    inputs.log_outputs(call.named(asked.run_id), outputs)
    return {}


class LogModel(Message):
    run_id: Text
    model_json: Text


@endpoint("POST", LogModel, needs=Role.WRITER)
def log_model(call: Call, asked: LogModel) -> dict[str, Any]:
    """How clients before 3.0 tell of a model they logged."""
    if len(asked.model_json) > recording.MAX_HISTORY_CHARS:
        raise Invalid("Malformed model info: model_json is too long.")
    if is_deep(asked.model_json.encode()):
        raise Invalid("Malformed model info: model_json is nested too deeply.")
    try:
        model = msgspec.json.decode(asked.model_json)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Invalid("Malformed model info: model_json is not valid JSON.") from None
    if not isinstance(model, dict):
        raise Invalid("Malformed model info: model_json must be a JSON object.")
    required = {"artifact_path", "flavors", "utc_time_created", "run_id"}
    if absent := sorted(required - model.keys()):
        raise Invalid(f"Model json is missing mandatory fields: {absent}")
    recording.log_model(call.named(asked.run_id), model)
    return {}
