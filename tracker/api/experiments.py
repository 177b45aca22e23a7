"""Experiments, as MLflow's client sees them."""

from collections.abc import Sequence
from typing import Annotated, Any

from django.db.models import CharField, F, FilteredRelation, Q, Value
from django.db.models.functions import Coalesce
from msgspec import Meta

from tracker import keys, lifecycle, locations
from tracker.api import pairs
from tracker.api.endpoint import Call, endpoint
from tracker.api.parts import in_parts
from tracker.api.wire import KeyValue, KeyValueItem, Message, Text, filled, missing
from tracker.errors import Invalid, NotFound
from tracker.keys import MAX_EXPERIMENT_TAG_CHARS
from tracker.models import Dataset, Experiment, ExperimentTag, Role
from tracker.search import experiments as search
from tracker.search.paging import View

CONTEXT = "mlflow.data.context"
MAX_SUMMARIES = 1000
MAX_SUMMARISED = 20

Name = Annotated[str, Meta(min_length=1, max_length=500)]


def experiment(row: Experiment, tags: list[KeyValueItem]) -> dict[str, Any]:
    return filled(
        experiment_id=str(row.iid),
        name=row.name,
        artifact_location=row.artifact_location or lifecycle.artifact_root(row),
        lifecycle_stage="deleted" if row.is_deleted else "active",
        creation_time=row.created_ms,
        last_update_time=row.updated_ms,
        tags=tags,
    )


@in_parts
def experiments(rows: Sequence[Experiment]) -> list[dict[str, Any]]:
    """Whole experiments; their tags in one query."""
    tags: dict[int, list[KeyValueItem]] = {row.pk: [] for row in rows}
    found = ExperimentTag.objects.filter(experiment__in=list(tags)).order_by("key")
    for pk, key, value in found.values_list("experiment_id", "key", "value"):
        tags[pk].append(KeyValueItem(key, value))
    return [experiment(row, tags[row.pk]) for row in rows]


class Create(Message):
    name: Name
    artifact_location: str = ""
    tags: list[KeyValue] = []


@endpoint("POST", Create, needs=Role.WRITER)
def create(call: Call, asked: Create) -> dict[str, Any]:
    refuse_blank(asked.name, "name")
    made = lifecycle.create_experiment(
        call.project,
        asked.name,
        artifact_location=locations.check(asked.artifact_location, "artifact_location"),
        tags=pairs.read(asked.tags, "tags", limit=MAX_EXPERIMENT_TAG_CHARS),
    )
    return {"experiment_id": str(made.iid)}


def refuse_blank(name: str, parameter: str) -> None:
    if not name.strip():
        raise Invalid(missing(parameter))


class One(Message):
    experiment_id: Text


@endpoint("GET", One, needs=Role.READER)
def get(call: Call, asked: One) -> dict[str, Any]:
    return {"experiment": experiments([call.experiment(asked.experiment_id)])[0]}


class ByName(Message):
    experiment_name: Text


@endpoint("GET", ByName, needs=Role.READER)
def get_by_name(call: Call, asked: ByName) -> dict[str, Any]:
    found = Experiment.objects.filter(project=call.project, name=asked.experiment_name)
    if not (row := found.first()):
        raise NotFound(
            f"Could not find experiment with name {keys.quoted(asked.experiment_name)}"
        )
    return {"experiment": experiments([row])[0]}


class Search(Message):
    # Required, as in the contract: there an absent one counts as 0.
    max_results: Annotated[int, Meta(ge=1, le=50_000)]
    filter: str = ""
    order_by: list[str] = []
    view_type: View = View.ACTIVE_ONLY
    page_token: str = ""


@endpoint("GET POST", Search, needs=Role.READER)
def find(call: Call, asked: Search) -> dict[str, Any]:
    page = search.find(
        call.project,
        text=asked.filter,
        order_by=asked.order_by,
        view=asked.view_type,
        limit=asked.max_results,
        token=asked.page_token,
    )
    return filled(
        experiments=experiments(page.rows), next_page_token=page.next_token or None
    )


class Update(Message):
    experiment_id: Text
    new_name: Name


@endpoint("POST", Update, needs=Role.WRITER)
def update(call: Call, asked: Update) -> dict[str, Any]:
    refuse_blank(asked.new_name, "new_name")
    lifecycle.rename_experiment(call.experiment(asked.experiment_id), asked.new_name)
    return {}


@endpoint("POST", One, needs=Role.WRITER)
def delete(call: Call, asked: One) -> dict[str, Any]:
    lifecycle.delete_experiment(call.experiment(asked.experiment_id))
    return {}


@endpoint("POST", One, needs=Role.WRITER)
def restore(call: Call, asked: One) -> dict[str, Any]:
    lifecycle.restore_experiment(call.experiment(asked.experiment_id))
    return {}


class SetTag(Message):
    experiment_id: Text
    key: Text
    value: str = ""


@endpoint("POST", SetTag, needs=Role.WRITER)
def set_tag(call: Call, asked: SetTag) -> dict[str, Any]:
    keys.check(asked.key, "key")
    keys.check_length(asked.value, MAX_EXPERIMENT_TAG_CHARS, "value")
    found = call.experiment(asked.experiment_id)
    lifecycle.set_experiment_tag(found, asked.key, asked.value)
    return {}


class DeleteTag(Message):
    experiment_id: Text
    key: Text


@endpoint("POST", DeleteTag, needs=Role.WRITER)
def delete_tag(call: Call, asked: DeleteTag) -> dict[str, Any]:
    lifecycle.delete_experiment_tag(call.experiment(asked.experiment_id), asked.key)
    return {}


class SearchDatasets(Message):
    experiment_ids: list[str] = []


@endpoint("POST", SearchDatasets, needs=Role.READER)
def search_datasets(call: Call, asked: SearchDatasets) -> dict[str, Any]:
    """Which datasets the experiments' runs read, and what for."""
    request = "SearchDatasets request"
    if not asked.experiment_ids:
        raise Invalid(f"{request} must specify at least one experiment_id.")
    if len(asked.experiment_ids) > MAX_SUMMARISED:
        raise Invalid(
            f"{request} cannot specify more than {MAX_SUMMARISED} experiment_ids."
            f" Received {len(asked.experiment_ids)} experiment_ids."
        )
    return {"dataset_summaries": dataset_summaries(call, asked.experiment_ids)}


def dataset_summaries(
    call: Call, experiment_ids: Sequence[str]
) -> list[dict[str, Any]]:
    rows = (
        Dataset.objects.filter(
            experiment__in=call.experiments(experiment_ids).filter(deleted_at=None),
            uses__isnull=False,
        )
        .annotate(
            tagged=FilteredRelation("uses__tags", condition=Q(uses__tags__key=CONTEXT)),
            context=Coalesce(F("tagged__value"), Value(""), output_field=CharField()),
        )
        .values_list("experiment__iid", "name", "digest", "context")
        .order_by("experiment__iid", "name", "digest", "context")
        .distinct()
    )
    return [
        filled(
            experiment_id=str(iid), name=name, digest=digest, context=context or None
        )
        for iid, name, digest, context in rows[:MAX_SUMMARIES]
    ]
