"""Finding registered models and their versions, as MLflow's registry searches do.

Prompts are kept as registered models with a tag. They stay out of both lists unless the
filter asks for them.
"""

from collections.abc import Sequence

from django.db.models import F, OuterRef, Q
from django.db.models.expressions import Combinable

from tracker.models import (
    ModelVersion,
    ModelVersionTag,
    Project,
    RegisteredModel,
    RegisteredModelTag,
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
from tracker.search.kinds import Column, Number, Text
from tracker.search.lookups import Bytewise, There
from tracker.search.paging import Page

IS_PROMPT = "mlflow.prompt.is_prompt"

MODELS = Table(
    [
        Entity(["attribute"], {"name": Field("name", Text(), EQUAL + LIKE + LIST)}),
        Entity(
            ["tags", "tag"],
            Field(
                "value", Text(), EQUAL + LIKE, rows=RegisteredModelTag, owner="model"
            ),
        ),
    ]
)
UPDATED = F("updated_ms")
ORDERED_MODELS: dict[str, Combinable] = {
    "name": Bytewise(F("name")),
    "timestamp": UPDATED,
    "last_updated_timestamp": UPDATED,
}

VERSIONS = Table(
    [
        Entity(
            ["attribute"],
            {
                "name": Field("model__name", Text(), EQUAL + LIKE + LIST),
                "run_id": Field("run_id", Text(), EQUAL + LIKE + LIST),
                "source_path": Field("source", Text(), EQUAL + LIKE),
                "version_number": Field("version", Number(), EQUAL + RANGE),
            },
        ),
        Entity(
            ["tags", "tag"],
            Field("value", Text(), EQUAL + LIKE, rows=ModelVersionTag, owner="version"),
        ),
    ]
)
ORDERED_VERSIONS: dict[str, Combinable] = {
    "name": Bytewise(F("model__name")),
    "version_number": F("version"),
    "creation_timestamp": F("created_ms"),
    "last_updated_timestamp": UPDATED,
}


def no_prompts() -> Q:
    """Of registered models: those that are what their name says."""
    prompts = RegisteredModelTag.objects.filter(
        model=OuterRef("pk"), key=IS_PROMPT, value="true"
    )
    return ~Q(There(prompts))


def find(
    project: Project,
    *,
    text: str = "",
    order_by: Sequence[str] = (),
    limit: int = 100,
    token: str = "",
) -> Page[RegisteredModel]:
    """A page of a project's registered models, by name. Raises Invalid."""
    order = ordering.by_attributes(
        order_by, ORDERED_MODELS, tail=[Column(ORDERED_MODELS["name"])]
    )
    return ordering.page(
        RegisteredModel.objects.filter(_condition(text, MODELS), project=project),
        order,
        limit=limit,
        token=token,
        query=["registered models", project.pk, text, list(order_by)],
    )


def find_versions(
    project: Project,
    *,
    text: str = "",
    order_by: Sequence[str] = (),
    limit: int = 10_000,
    token: str = "",
) -> Page[ModelVersion]:
    """A page of the versions of a project's models, the last touched first.

    They come with their model. Raises Invalid.
    """
    order = ordering.by_attributes(
        order_by,
        ORDERED_VERSIONS,
        default=[Column(UPDATED, descending=True)],
        tail=[
            Column(ORDERED_VERSIONS["name"]),
            Column(ORDERED_VERSIONS["version_number"], descending=True),
        ],
    )
    versions = ModelVersion.objects.filter(model__project=project)
    return ordering.page(
        versions.filter(_condition(text, VERSIONS)).select_related("model"),
        order,
        limit=limit,
        token=token,
        query=["model versions", project.pk, text, list(order_by)],
    )


def _condition(text: str, table: Table) -> Q:
    """What the filter asks, and that it is no prompt unless one is asked for."""
    asked = grammar.comparisons(text)
    wanted = [part for part in asked if _is_about_prompts(part, "=")]
    # Elsewhere `!=` passes over what lacks the tag. MLflow's client adds this very
    # comparison to its searches, and means all that is no prompt.
    unwanted = [part for part in asked if _is_about_prompts(part, "!=")]
    condition = table.conditions(part for part in asked if part not in unwanted)
    if wanted and not unwanted:
        return condition
    tags = table.entities[1].fields
    assert isinstance(tags, Field) and tags.rows
    prompts = tags.rows._default_manager.filter(
        **{tags.owner: OuterRef("pk")}, key=IS_PROMPT, value="true"
    )
    return condition & ~Q(There(prompts))


def _is_about_prompts(asked: Comparison, operator: str) -> bool:
    return (
        asked.name.entity in ("tags", "tag")
        and asked.name.key == IS_PROMPT
        and asked.operator == operator
        and asked.values[0].is_quoted
        and asked.values[0].text == "true"
    )
