"""Versions of registered models, as MLflow's client sees them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from msgspec import Meta

from tracker import keys, new_versions, registry
from tracker.api import pairs
from tracker.api.contents import grouped
from tracker.api.endpoint import Call, endpoint
from tracker.api.parts import in_parts
from tracker.api.wire import KeyValue, KeyValueItem, Message, Text, filled, missing
from tracker.errors import Invalid
from tracker.models import Alias, ModelVersion, ModelVersionTag, Role
from tracker.registry import MAX_TAG_CHARS
from tracker.search import registry as search

DEFAULT_RESULTS = MAX_RESULTS = 200_000

# ---------------------------------------------------------------- on the wire


@in_parts
def versions(
    rows: Sequence[ModelVersion], *, with_aliases: bool = True
) -> Iterator[dict[str, Any]]:
    """Whole versions, that came with their model: tags in one query, aliases in another."""
    ids = [row.pk for row in rows]
    tags = grouped(
        ModelVersionTag.objects.filter(version__in=ids)
        .order_by("version_id", "key")
        .values_list("version_id", "key", "value"),
        KeyValueItem,
    )
    aliases = (
        grouped(
            Alias.objects.filter(version__in=ids)
            .order_by("version_id", "alias")
            .values_list("version_id", "alias"),
            str,
        )
        if with_aliases
        else {}
    )
    for row in rows:
        yield filled(
            name=row.model.name,
            version=str(row.version),
            creation_timestamp=row.created_ms,
            last_updated_timestamp=row.updated_ms,
            user_id=row.user_id,
            current_stage=row.stage,
            description=row.description,
            source=row.source,
            run_id=row.run_id,
            run_link=row.run_link,
            model_id=row.model_eid or None,
            status="READY",
            tags=tags.get(row.pk),
            aliases=names_of(aliases.get(row.pk, []), tags.get(row.pk, [])),
        )


def names_of(aliases: list[str], tags: list[KeyValueItem]) -> list[str]:
    """The aliases; and a semantic version, which GitLab's clients look for among them."""
    known_as = [tag.value for tag in tags if tag.key == registry.SEMANTIC]
    return [*aliases, *known_as]


def one(row: ModelVersion) -> dict[str, Any]:
    return {"model_version": versions([row])[0]}


# ---------------------------------------------------------------- endpoints


class Create(Message):
    name: Text
    source: str = ""
    run_id: str = ""
    model_id: str = ""
    run_link: str = ""
    description: str = ""
    tags: list[KeyValue] = []


@endpoint("POST", Create, needs=Role.WRITER)
def create(call: Call, asked: Create) -> dict[str, Any]:
    if not asked.source and all(one.key != registry.SEMANTIC for one in asked.tags):
        raise Invalid(missing("source"))
    made = new_versions.add(
        registry.model(call.project, asked.name),
        asked.source,
        run_id=asked.run_id,
        model_id=asked.model_id,
        run_link=asked.run_link,
        description=asked.description,
        tags=pairs.read(asked.tags, "tags", limit=MAX_TAG_CHARS),
    )
    return one(made)


class One(Message):
    name: Text
    version: Text


def found(call: Call, asked: One) -> ModelVersion:
    return registry.version(call.project, asked.name, asked.version)


@endpoint("GET", One, needs=Role.READER)
def get(call: Call, asked: One) -> dict[str, Any]:
    return one(found(call, asked))


@endpoint("GET", One, needs=Role.READER)
def download_uri(call: Call, asked: One) -> dict[str, Any]:
    row = found(call, asked)
    return {"artifact_uri": row.files_uri or row.source}


class Update(One):
    description: str = ""


@endpoint("PATCH", Update, needs=Role.WRITER)
def update(call: Call, asked: Update) -> dict[str, Any]:
    return one(registry.describe_version(found(call, asked), asked.description))


class Move(One):
    stage: Text
    archive_existing_versions: bool = False


@endpoint("POST", Move, needs=Role.WRITER)
def transition_stage(call: Call, asked: Move) -> dict[str, Any]:
    stage = registry.stage(asked.stage)
    archive = asked.archive_existing_versions
    return one(registry.move(found(call, asked), stage, archive_others=archive))


@endpoint("DELETE", One, needs=Role.WRITER)
def delete(call: Call, asked: One) -> dict[str, Any]:
    registry.delete_version(found(call, asked))
    return {}


class SetTag(One):
    key: Text
    value: str = ""


@endpoint("POST", SetTag, needs=Role.WRITER)
def set_tag(call: Call, asked: SetTag) -> dict[str, Any]:
    keys.check(asked.key, "key")
    keys.check_length(asked.value, MAX_TAG_CHARS, "value")
    registry.set_version_tag(found(call, asked), asked.key, asked.value)
    return {}


class DeleteTag(One):
    key: Text


@endpoint("DELETE", DeleteTag, needs=Role.WRITER)
def delete_tag(call: Call, asked: DeleteTag) -> dict[str, Any]:
    registry.delete_version_tag(found(call, asked), asked.key)
    return {}


class Search(Message):
    filter: str = ""
    max_results: Annotated[int, Meta(ge=1, le=MAX_RESULTS)] = DEFAULT_RESULTS
    order_by: list[str] = []
    page_token: str = ""


@endpoint("GET", Search, needs=Role.READER)
def find(call: Call, asked: Search) -> dict[str, Any]:
    page = search.find_versions(
        call.project,
        text=asked.filter,
        order_by=asked.order_by,
        limit=asked.max_results,
        token=asked.page_token,
    )
    return filled(
        model_versions=versions(page.rows), next_page_token=page.next_token or None
    )
