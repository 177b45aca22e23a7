"""Where a model version's files come from, and what else follows from that.

A source is kept as the script said it. Tracker never opens one: it finds out what lies in
its own storage, and hands any other address back to clients. A source that names a run or
a model must belong to the run or model that the version names.
"""

import re
from typing import NamedTuple

from tracker import locations
from tracker.errors import Invalid, NotFound
from tracker.keys import quoted
from tracker.models import Candidate, LoggedModel, ModelVersion, Project

MAX_CHARS = 2048
# Prompts have no files; the client writes a word in their place.
PLACEHOLDER = re.compile(r"[\w-]{1,64}\Z")
SPACE = re.compile(" |%20")
OF_RUN = re.compile(r"runs:/+(?P<run>[^/]+)(?:/|\Z)")
OF_MODEL = re.compile(r"models:/+(?P<model>m-[^/@]+)(?:/|\Z)")
OF_VERSION = re.compile(
    r"models:/+(?P<name>[^/@]+)(?:/(?P<which>[^/@]+)|@(?P<alias>[^/@]+))/?\Z"
)


class Origin(NamedTuple):
    """What a version keeps of where it comes from."""

    source: str
    files_uri: str  # where its files are: the source, followed to its end
    run_id: str = ""
    model_id: str = ""


class VersionName(NamedTuple):
    """A source that names another version: by number, stage, alias or as the latest."""

    name: str
    which: str
    alias: str


def named_version(source: str) -> VersionName | None:
    """The other version that a source names, if that is what it does."""
    found = OF_VERSION.match(source)
    if found is None or OF_MODEL.match(source):
        return None
    return VersionName(found["name"], found["which"] or "", found["alias"] or "")


def copied(origin: ModelVersion, run_id: str, model_id: str) -> Origin:
    """As another version: its lineage, which the caller may repeat but not change."""
    source = f"models:/{origin.model.name}/{origin.version}"
    if run_id not in ("", origin.run_id) or model_id not in ("", origin.model_eid):
        raise refused(
            source,
            "The run_id and model_id request parameters must match the referenced model"
            " version.",
        )
    return Origin(source, origin.files_uri, origin.run_id, origin.model_eid)


def placeholder(source: str) -> Origin:
    """Of a prompt. Raises Invalid for anything that could be an address."""
    if not PLACEHOLDER.match(source):
        raise Invalid(
            f"Invalid prompt source: {quoted(source)}. Prompt sources must use an MLflow"
            " placeholder."
        )
    return Origin(source, source)


def found(project: Project, source: str, run_id: str, model_id: str) -> Origin:
    """What a source leads to within a project. Raises Invalid or NotFound."""
    refuse_unsafe(source)
    model = logged_model(project, model_id) if model_id else None
    if of_model := OF_MODEL.match(source):
        if of_model["model"] != model_id:
            raise must_identify(source, "model_id")
    elif source.startswith("models:"):
        raise must_identify(source, "model_id")
    elif source.startswith("runs:"):
        of_run = OF_RUN.match(source)
        if of_run is None or of_run["run"] != run_id:
            raise must_identify(source, "run_id")
    elif source.startswith(f"{locations.OWN_SCHEME}:"):
        refuse_elsewhere(project, source, run_id, model)
    # A model's folder may have a space in its name, and the client adds it to the address.
    elif problem := locations.problem(SPACE.sub("_", source)):
        raise refused(source, problem[0].upper() + problem[1:])
    return Origin(
        source,
        files_uri=model.artifact_uri if model and of_model else source,
        run_id=run_id or (model.source_run_id if model else ""),
        model_id=model_id,
    )


def refuse_unsafe(source: str) -> None:
    if len(source) > MAX_CHARS:
        raise Invalid(f"'source' exceeds the maximum length of {MAX_CHARS} characters.")
    decoded = locations.fully_decoded(source)
    if locations.FORBIDDEN.search(decoded.replace(" ", "")):
        raise refused(source, "It holds a character that an address may not hold.")
    if {".", ".."} & set(decoded.split("/")):
        raise refused(source, "An absolute path without relative parts must be given.")


def refuse_elsewhere(
    project: Project, source: str, run_id: str, model: LoggedModel | None
) -> None:
    """An address in Tracker's own storage must be that of the run or the model."""
    address = locations.parts(source)
    if address.netloc or not address.scheme:
        raise refused(source, "An mlflow-artifacts address names no host.")
    run = Candidate.objects.filter(project=project, eid=run_id).first()
    homes = [owner.artifact_uri for owner in (run, model) if owner]
    if any(source == home or source.startswith(f"{home}/") for home in homes):
        return
    raise must_identify(source, "run_id")


def logged_model(project: Project, model_id: str) -> LoggedModel:
    model = LoggedModel.objects.alive().filter(project=project, eid=model_id).first()
    if model is None:
        raise NotFound(f"Logged model with ID {quoted(model_id)} not found.")
    return model


def must_identify(source: str, parameter: str) -> Invalid:
    return refused(
        source,
        f"The {parameter} request parameter must identify the resource that contains the"
        " source.",
    )


def refused(source: str, reason: str) -> Invalid:
    return Invalid(f"Invalid model version source: {quoted(source)}. {reason}")
