"""Runs, as MLflow's client sees our candidates: their lives, and finding them."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from tracker import lifecycle, rows
from tracker.api import contents, pairs
from tracker.api.contents import Items
from tracker.api.endpoint import Call, endpoint
from tracker.api.parts import in_parts
from tracker.api.wire import (
    Int64,
    KeyValue,
    KeyValueItem,
    Message,
    Text,
    filled,
)
from tracker.errors import Invalid
from tracker.keys import MAX_TAG_CHARS, quoted
from tracker.models import (
    Candidate,
    Experiment,
    ModelUse,
    Role,
    Status,
)
from tracker.recording import MAX_NAME_CHARS, RUN_NAME
from tracker.search import candidates as search
from tracker.search.paging import View

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
    """Whole runs: one query for each kind of thing they hold, however many they are."""
    held = contents.of(
        [candidate.pk for candidate in candidates],
        [candidate.experiment_id for candidate in candidates],
    )
    return [
        run(
            candidate,
            held.experiment_iids[candidate.experiment_id],
            metrics=held.metrics.get(candidate.pk),
            params=held.params.get(candidate.pk),
            tags=held.tags.get(candidate.pk),
            dataset_inputs=held.datasets.get(candidate.pk),
            model_inputs=held.models.get((candidate.pk, ModelUse.Direction.INPUT))
            if with_model_inputs
            else None,
            model_outputs=held.models.get((candidate.pk, ModelUse.Direction.OUTPUT)),
        )
        for candidate in candidates
    ]


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
    experiment = call.experiment_of_late(asked.experiment_id or "0")
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
    iid = vars(candidate).get("experiment_iid") or experiment_iid(candidate)
    return {"run_info": info(candidate, iid)}


def experiment_iid(candidate: Candidate) -> int:
    found = rows.one(Experiment, "id = %s", [candidate.experiment_id])
    assert found
    return found.iid


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
