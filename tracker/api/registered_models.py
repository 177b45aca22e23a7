"""Registered models and their aliases, as MLflow's client sees them."""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from tracker import keys, registry
from tracker.api import model_versions, pairs
from tracker.api.contents import grouped
from tracker.api.endpoint import Call, endpoint
from tracker.api.wire import KeyValue, KeyValueItem, Message, Text, filled
from tracker.models import Alias, RegisteredModel, RegisteredModelTag, Role
from tracker.registry import MAX_TAG_CHARS
from tracker.search import registry as search

DEFAULT_RESULTS, MAX_RESULTS = 100, 1000

# ---------------------------------------------------------------- on the wire


def models(rows: Sequence[RegisteredModel]) -> list[dict[str, Any]]:
    """Whole models: the same number of queries however many there are."""
    ids = [row.pk for row in rows]
    tags = grouped(
        RegisteredModelTag.objects.filter(model__in=ids)
        .order_by("model_id", "key")
        .values_list("model_id", "key", "value"),
        KeyValueItem,
    )
    aliases = grouped(
        Alias.objects.filter(model__in=ids)
        .order_by("model_id", "alias")
        .values_list("model_id", "alias", "version__version"),
        alias_item,
    )
    latest = latest_of(rows)
    return [
        filled(
            name=row.name,
            creation_timestamp=row.created_ms,
            last_updated_timestamp=row.updated_ms,
            description=row.description or None,
            latest_versions=latest[row.pk],
            tags=tags.get(row.pk),
            aliases=aliases.get(row.pk),
        )
        for row in rows
    ]


def latest_of(
    rows: Sequence[RegisteredModel], stages: Sequence[registry.Stage] = ()
) -> dict[int, list[dict[str, Any]]]:
    """The newest version of each stage, as the wire has them, by the model's key."""
    found = registry.latest(rows, stages)
    shapes = iter(
        model_versions.versions(
            (version for row in rows for version in found.get(row.pk, ())),
            with_aliases=False,
        )
    )
    return {row.pk: [next(shapes) for _ in found.get(row.pk, ())] for row in rows}


def alias_item(alias: str, version: int) -> dict[str, str]:
    return {"alias": alias, "version": str(version)}


def one(row: RegisteredModel) -> dict[str, Any]:
    return {"registered_model": models([row])[0]}


# ---------------------------------------------------------------- endpoints


class Create(Message):
    name: Text
    description: str = ""
    tags: list[KeyValue] = []


@endpoint("POST", Create, needs=Role.WRITER)
def create(call: Call, asked: Create) -> dict[str, Any]:
    made = registry.register(
        call.project,
        asked.name,
        description=asked.description,
        tags=pairs.read(asked.tags, "tags", limit=MAX_TAG_CHARS),
    )
    return one(made)


class One(Message):
    name: Text


def found(call: Call, asked: One) -> RegisteredModel:
    return registry.model(call.project, asked.name)


@endpoint("GET", One, needs=Role.READER)
def get(call: Call, asked: One) -> dict[str, Any]:
    return one(found(call, asked))


class Update(One):
    description: str = ""


@endpoint("PATCH", Update, needs=Role.WRITER)
def update(call: Call, asked: Update) -> dict[str, Any]:
    return one(registry.describe(found(call, asked), asked.description))


class Rename(One):
    new_name: Text


@endpoint("POST", Rename, needs=Role.WRITER)
def rename(call: Call, asked: Rename) -> dict[str, Any]:
    return one(registry.rename(found(call, asked), asked.new_name))


@endpoint("DELETE", One, needs=Role.WRITER)
def delete(call: Call, asked: One) -> dict[str, Any]:
    registry.delete(found(call, asked))
    return {}


class LatestVersions(One):
    stages: list[str] = []


@endpoint("GET POST", LatestVersions, needs=Role.READER)
def latest_versions(call: Call, asked: LatestVersions) -> dict[str, Any]:
    stages = [registry.stage(text) for text in dict.fromkeys(asked.stages)]
    row = found(call, asked)
    return filled(model_versions=latest_of([row], stages)[row.pk])


class SetTag(One):
    key: Text
    value: str = ""


@endpoint("POST", SetTag, needs=Role.WRITER)
def set_tag(call: Call, asked: SetTag) -> dict[str, Any]:
    keys.check(asked.key, "key")
    keys.check_length(asked.value, MAX_TAG_CHARS, "value")
    registry.set_tag(found(call, asked), asked.key, asked.value)
    return {}


class DeleteTag(One):
    key: Text


@endpoint("DELETE", DeleteTag, needs=Role.WRITER)
def delete_tag(call: Call, asked: DeleteTag) -> dict[str, Any]:
    registry.delete_tag(found(call, asked), asked.key)
    return {}


# ---------------------------------------------------------------- aliases


class OneAlias(One):
    alias: Text


class SetAlias(OneAlias):
    version: Text


@endpoint("POST", SetAlias, needs=Role.WRITER)
def set_alias(call: Call, asked: SetAlias) -> dict[str, Any]:
    registry.check_alias(asked.alias)
    version = registry.version(call.project, asked.name, asked.version)
    registry.set_alias(version, asked.alias)
    return {}


@endpoint("GET", OneAlias, needs=Role.READER)
def get_alias(call: Call, asked: OneAlias) -> dict[str, Any]:
    return model_versions.one(registry.aliased(found(call, asked), asked.alias))


@endpoint("DELETE", OneAlias, needs=Role.WRITER)
def delete_alias(call: Call, asked: OneAlias) -> dict[str, Any]:
    registry.delete_alias(found(call, asked), asked.alias)
    return {}


class Search(Message):
    filter: str = ""
    max_results: Annotated[int, Meta(ge=1, le=MAX_RESULTS)] = DEFAULT_RESULTS
    order_by: list[str] = []
    page_token: str = ""


@endpoint("GET", Search, needs=Role.READER)
def find(call: Call, asked: Search) -> dict[str, Any]:
    page = search.find(
        call.project,
        text=asked.filter,
        order_by=asked.order_by,
        limit=asked.max_results,
        token=asked.page_token,
    )
    return filled(
        registered_models=models(page.rows), next_page_token=page.next_token or None
    )
