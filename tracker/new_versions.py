"""Making versions of registered models: numbered, and with where their files come from."""

import json
from collections.abc import Mapping

from tracker import lifecycle, registry, sources
from tracker.errors import NotFound
from tracker.keys import check_length, quoted
from tracker.lifecycle import now_ms
from tracker.models import (
    Candidate,
    Experiment,
    LoggedModel,
    LoggedModelTag,
    ModelVersion,
    ModelVersionTag,
    Project,
    RegisteredModel,
)
from tracker.recording import EMPTY, listed
from tracker.transactions import atomically

MAX_RUN_LINK_CHARS = 2048
IS_PROMPT = "mlflow.prompt.is_prompt"
VERSIONS_OF_MODEL = "mlflow.modelVersions"


@atomically
def add(
    model: RegisteredModel,
    source: str,
    *,
    run_id: str = "",
    model_id: str = "",
    run_link: str = "",
    description: str = "",
    user_id: str = "",
    tags: Mapping[str, str] = EMPTY,
) -> ModelVersion:
    """The next version. A number that was ever used is not given again.

    Raises Invalid for a source that cannot be kept, and NotFound for one that leads nowhere.
    """
    check_length(run_link, MAX_RUN_LINK_CHARS, "run_link")
    check_length(run_id, registry.MAX_NAME_CHARS, "run_id")
    model = registry.lock(model)
    registry.check_semantic(model, tags)
    if not source and registry.SEMANTIC in tags:
        run_id = candidate_of(model, tags).eid
        source = f"runs:/{run_id}"
    origin = origin_of(model.project, source, run_id, model_id, tags)
    now = now_ms()
    model.last_version, model.updated_ms = model.last_version + 1, now
    model.save(update_fields=["last_version", "updated_ms"])
    made = ModelVersion.objects.create(
        model=model,
        version=model.last_version,
        description=description,
        source=origin.source,
        files_uri=origin.files_uri,
        run_id=origin.run_id,
        model_eid=origin.model_id,
        run_link=run_link,
        user_id=user_id,
        created_ms=now,
        updated_ms=now,
    )
    ModelVersionTag.objects.bulk_create(
        ModelVersionTag(version=made, key=key, value=value)
        for key, value in sorted(tags.items())
    )
    if model_id:
        tell_logged_model(model, made)
    return made


def candidate_of(model: RegisteredModel, tags: Mapping[str, str]) -> Candidate:
    """A candidate of the version's own: GitLab's clients name no source and log to this."""
    name = f"[model]{model.name}"
    rows = Experiment.objects.filter(project=model.project, name=name)
    experiment = rows.first() or lifecycle.create_experiment(model.project, name)
    return lifecycle.create_candidate(
        experiment, name=tags[registry.SEMANTIC], tags=tags
    )


def origin_of(
    project: Project,
    source: str,
    run_id: str,
    model_id: str,
    tags: Mapping[str, str],
) -> sources.Origin:
    if tags.get(IS_PROMPT) == "true":
        return sources.placeholder(source)
    if not (name := sources.named_version(source)):
        return sources.found(project, source, run_id, model_id)
    return sources.copied(_named(project, name), run_id, model_id)


def _named(project: Project, name: sources.VersionName) -> ModelVersion:
    if registry.INTEGER.match(name.which):
        return registry.version(project, name.name, name.which)
    one = registry.model(project, name.name)
    if name.alias:
        return registry.aliased(one, name.alias)
    if name.which.lower() == registry.LATEST:
        return registry.newest(one)
    found = registry.latest([one], [registry.stage(name.which)])[one.pk]
    if not found:
        raise NotFound(f"No version of model {quoted(name.name)} is {name.which}.")
    return found[0]


def tell_logged_model(model: RegisteredModel, made: ModelVersion) -> None:
    """Add to the list, in a tag of the logged model, of the versions made from it."""
    source = LoggedModel.objects.select_for_update(no_key=True).get(
        project_id=model.project_id, eid=made.model_eid
    )
    tag = LoggedModelTag.objects.filter(model=source, key=VERSIONS_OF_MODEL).first()
    entries = listed(tag.value) if tag else []
    entries.append({"name": model.name, "version": made.version})
    while len(value := json.dumps(entries)) > registry.MAX_TAG_CHARS:
        entries.pop(0)
    LoggedModelTag.objects.update_or_create(
        model=source, key=VERSIONS_OF_MODEL, defaults={"value": value}
    )
