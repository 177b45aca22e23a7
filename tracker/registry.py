"""The registry: models get a name, numbered versions, stages, tags and aliases.

Everything that changes a model, its versions or its aliases queues on the model's row, so
that numbers are given once and an alias never points at what was deleted meanwhile.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from tracker import audit
from tracker.errors import AlreadyExists, Invalid, NotFound
from tracker.keys import check_length, echoed, quoted
from tracker.lifecycle import now_ms
from tracker.models import (
    Alias,
    ModelVersion,
    ModelVersionTag,
    Project,
    RegisteredModel,
    RegisteredModelTag,
    What,
)
from tracker.recording import EMPTY
from tracker.transactions import atomically

MAX_NAME_CHARS = 256
MAX_ALIAS_CHARS = 255
MAX_TAG_CHARS = 100_000
# What GitLab's clients call a version; there it is unique within its model.
SEMANTIC = "gitlab.version"
SEMANTIC_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\Z",
    re.ASCII,
)

ALIAS = re.compile(r"[\w-]+\Z")
NUMBERED = re.compile(r"v\d+\Z", re.IGNORECASE)
LATEST = "latest"
INTEGER = re.compile(r"-?\d+\Z", re.ASCII)
MAX_VERSION = 2**31 - 1

Stage = ModelVersion.Stage
ACTIVE_STAGES = (Stage.STAGING, Stage.PRODUCTION)

# ---------------------------------------------------------------- registered models


def model(project: Project, name: str) -> RegisteredModel:
    """Raises NotFound."""
    found = RegisteredModel.objects.filter(project=project, name=name).first()
    if found is None:
        raise NotFound(f"Registered Model with name={name[:256]} not found")
    return found


def register(
    project: Project,
    name: str,
    *,
    description: str = "",
    tags: Mapping[str, str] = EMPTY,
) -> RegisteredModel:
    """A model without versions. Raises AlreadyExists; Invalid for what cannot be a name."""
    check_name(name, "name")
    now = now_ms()
    try:
        with transaction.atomic():
            made = RegisteredModel.objects.create(
                project=project,
                name=name,
                description=description,
                created_ms=now,
                updated_ms=now,
            )
            RegisteredModelTag.objects.bulk_create(
                RegisteredModelTag(model=made, key=key, value=value)
                for key, value in sorted(tags.items())
            )
    except IntegrityError:
        raise name_is_taken(name) from None
    return made


def check_name(name: str, parameter: str) -> None:
    """Raises Invalid for what cannot be the name of a model: it is a part of addresses."""
    if not name.strip():
        raise Invalid(f"Missing value for required parameter '{parameter}'.")
    if "/" in name or ":" in name:
        raise Invalid(
            f"Invalid model name {quoted(name)}. Names cannot contain '/' or ':'."
        )
    if posixpath.normpath(name) != name or name in (".", ".."):
        raise Invalid(
            f"Invalid value {echoed(name)} for parameter '{parameter}' supplied: Names may"
            " be treated as files in certain cases, and must not resolve to other names"
            " when treated as such."
        )
    check_length(name, MAX_NAME_CHARS, parameter)


def name_is_taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"Registered Model (name={name}) already exists.")


def lock(model: RegisteredModel) -> RegisteredModel:
    """Queue on the model's row, and return it as it is now. Raises NotFound."""
    rows = RegisteredModel.objects.select_for_update(no_key=True)
    locked = rows.filter(pk=model.pk).first()
    if locked is None:
        raise NotFound(f"Registered Model with name={model.name} not found")
    return locked


@atomically
def describe(model: RegisteredModel, description: str) -> RegisteredModel:
    model = lock(model)
    model.description, model.updated_ms = description, now_ms()
    model.save(update_fields=["description", "updated_ms"])
    return model


def rename(model: RegisteredModel, name: str) -> RegisteredModel:
    """Versions, tags and aliases follow. Raises AlreadyExists; Invalid for a bad name."""
    check_name(name, "new_name")
    try:
        return _rename(model, name)
    except IntegrityError:
        raise name_is_taken(name) from None


@atomically
def _rename(model: RegisteredModel, name: str) -> RegisteredModel:
    model = lock(model)
    model.name, model.updated_ms = name, now_ms()
    model.save(update_fields=["name", "updated_ms"])
    model.versions.update(updated_ms=model.updated_ms)
    return model


@atomically
def delete(model: RegisteredModel) -> None:
    """Gone for good, with all versions, tags and aliases; the files stay where they are."""
    model = lock(model)
    audit.record(What.DELETED, project=model.project, about=model)
    model.delete()


@atomically
def set_tag(model: RegisteredModel, key: str, value: str) -> None:
    """The last write wins."""
    RegisteredModelTag.objects.bulk_create(
        [RegisteredModelTag(model=lock(model), key=key, value=value)],
        update_conflicts=True,
        unique_fields=["model", "key"],
        update_fields=["value"],
    )


def delete_tag(model: RegisteredModel, key: str) -> None:
    """A tag that is not there is gone already."""
    RegisteredModelTag.objects.filter(model=model, key=key).delete()


# ---------------------------------------------------------------- versions


def version(project: Project, name: str, number: str | int) -> ModelVersion:
    """A version of a model, with its model. Raises NotFound; Invalid for no number.

    GitLab's clients ask for a semantic version here.
    """
    text = str(number).strip()
    if SEMANTIC_VERSION.match(text):
        named = model(project, name)
        if found := semantic(named, text).select_related("model").first():
            return found
    if not INTEGER.match(text):
        raise Invalid(
            f"Parameter 'version' must be an integer, got {quoted(str(number))}."
        )
    if len(text) < 12 and 0 < int(text) <= MAX_VERSION:
        rows = ModelVersion.objects.filter(
            model__project=project, model__name=name, version=int(text)
        )
        if found := rows.select_related("model").first():
            return found
    raise no_version(name, text)


def no_version(name: str, number: str | int) -> NotFound:
    return NotFound(f"Model Version (name={name[:256]}, version={number}) not found")


def stage(text: str) -> Stage:
    """A stage by its name, however it is capitalised. Raises Invalid."""
    for one in Stage:
        if one.value.lower() == text.lower():
            return one
    raise Invalid(
        f"Invalid Model Version stage: {text[:100]}. Value must be one of"
        f" {', '.join(Stage.values)}."
    )


@atomically
def describe_version(version: ModelVersion, description: str) -> ModelVersion:
    version = lock_version(version)
    version.description, version.updated_ms = description, now_ms()
    version.save(update_fields=["description", "updated_ms"])
    return version


def lock_version(version: ModelVersion) -> ModelVersion:
    """Queue on the model's row, and return the version as it is now. Raises NotFound."""
    model = lock(version.model)
    locked = model.versions.filter(pk=version.pk).first()
    if locked is None:
        raise no_version(model.name, version.version)
    locked.model = model
    return locked


@atomically
def move(
    version: ModelVersion, stage: Stage, *, archive_others: bool = False
) -> ModelVersion:
    """To another stage; the others that are in it may go to the archive. Raises Invalid."""
    if archive_others and stage not in ACTIVE_STAGES:
        raise Invalid(
            "Model version transition cannot archive existing model versions because"
            f" '{stage}' is not an Active stage. Valid stages are Staging and Production."
        )
    version = lock_version(version)
    model = version.model
    now = now_ms()
    if archive_others:
        others = model.versions.filter(stage=stage).exclude(pk=version.pk)
        others.update(stage=Stage.ARCHIVED, updated_ms=now)
    version.stage, version.updated_ms, model.updated_ms = stage, now, now
    version.save(update_fields=["stage", "updated_ms"])
    model.save(update_fields=["updated_ms"])
    return version


@atomically
def delete_version(version: ModelVersion) -> None:
    """Gone for good, with its tags and aliases. Raises NotFound where it is gone already."""
    version = lock_version(version)
    model = version.model
    audit.record(What.DELETED, project=model.project, about=version)
    version.delete()
    model.updated_ms = now_ms()
    model.save(update_fields=["updated_ms"])


@atomically
def set_version_tag(version: ModelVersion, key: str, value: str) -> None:
    """The last write wins."""
    version = lock_version(version)
    check_semantic(version.model, {key: value}, but=version)
    ModelVersionTag.objects.bulk_create(
        [ModelVersionTag(version=version, key=key, value=value)],
        update_conflicts=True,
        unique_fields=["version", "key"],
        update_fields=["value"],
    )


def delete_version_tag(version: ModelVersion, key: str) -> None:
    """A tag that is not there is gone already."""
    ModelVersionTag.objects.filter(version=version, key=key).delete()


def check_semantic(
    model: RegisteredModel, tags: Mapping[str, str], *, but: ModelVersion | None = None
) -> None:
    """Raises Invalid for no semantic version, AlreadyExists where another version has it."""
    if SEMANTIC not in tags:
        return
    wanted = tags[SEMANTIC]
    if not SEMANTIC_VERSION.match(wanted):
        raise Invalid(
            f"{quoted(wanted)} is not a semantic version, which the tag {SEMANTIC} holds:"
            " three numbers with dots, such as 1.0.0."
        )
    others = semantic(model, wanted)
    if others := others.exclude(pk=but.pk) if but else others:
        raise AlreadyExists(
            f"Version {others[0].version} of model {model.name} is {wanted} already."
        )


def semantic(model: RegisteredModel, text: str) -> QuerySet[ModelVersion]:
    return model.versions.filter(tags__key=SEMANTIC, tags__value=text)


# ---------------------------------------------------------------- which version


def latest(
    models: Sequence[RegisteredModel], stages: Sequence[Stage] = ()
) -> dict[int, list[ModelVersion]]:
    """The newest version of each stage that has any, by the model's key and in order.

    Two queries, whose cost does not grow with the number of versions.
    """
    wanted = {
        f"newest_{number}": Subquery(
            ModelVersion.objects.filter(model=OuterRef("pk"), stage=stage)
            .order_by("-version")
            .values("pk")[:1]
        )
        for number, stage in enumerate(stages or Stage)
    }
    by_pk = {model.pk: model for model in models}
    keys = RegisteredModel.objects.filter(pk__in=by_pk).values_list(*wanted.values())
    found: dict[int, list[ModelVersion]] = defaultdict(list)
    newest = [pk for row in keys for pk in row if pk is not None]
    for one in ModelVersion.objects.filter(pk__in=newest).order_by("version"):
        one.model = by_pk[one.model_id]
        found[one.model_id].append(one)
    return found


def newest(model: RegisteredModel) -> ModelVersion:
    """The version with the highest number, whatever its stage. Raises NotFound."""
    found = model.versions.order_by("-version").first()
    if found is None:
        raise NotFound(f"Latest version not found for model {model.name}.")
    found.model = model
    return found


# ---------------------------------------------------------------- aliases


def check_alias(alias: str) -> None:
    """Raises Invalid for what cannot be an alias."""
    if not alias.strip():
        raise Invalid("Missing value for required parameter 'alias'.")
    if not ALIAS.match(alias):
        raise Invalid(
            f"Invalid alias name: {quoted(alias)}. Names may only contain alphanumerics,"
            " underscores (_), and dashes (-)."
        )
    check_length(alias, MAX_ALIAS_CHARS, "Registered model alias name")


def refuse_reserved(alias: str) -> None:
    if alias.lower() == LATEST:
        raise Invalid("'latest' alias name (case insensitive) is reserved.")
    if NUMBERED.match(alias):
        raise Invalid(f"Version alias name {quoted(alias)} is reserved.")


@atomically
def set_alias(version: ModelVersion, alias: str) -> None:
    """Point an alias at a version; it leaves the one it pointed at. Raises Invalid."""
    check_alias(alias)
    refuse_reserved(alias)
    version = lock_version(version)
    Alias.objects.update_or_create(
        model=version.model, alias=alias, defaults={"version": version}
    )


def delete_alias(model: RegisteredModel, alias: str) -> None:
    """One that is not there is gone already."""
    check_alias(alias)
    Alias.objects.filter(model=model, alias=alias).delete()


def aliased(model: RegisteredModel, alias: str) -> ModelVersion:
    """The version that an alias points at; "latest" is the newest.

    GitLab's clients ask for a semantic version in the same way. Raises Invalid for an alias
    that is not there, as MLflow does.
    """
    if SEMANTIC_VERSION.match(alias):
        rows = semantic(model, alias)
    else:
        check_alias(alias)
        if alias.lower() == LATEST:
            return newest(model)
        rows = model.versions.filter(aliases__alias=alias)
    found = rows.order_by("-version").first()
    if found is None:
        raise Invalid(f"Registered model alias {alias} not found.")
    found.model = model
    return found
