"""The lives of projects, experiments and candidates: create, rename, finish, delete, restore."""

import time
from collections.abc import Mapping

from django.db import IntegrityError, transaction

from tracker import recording
from tracker.errors import AlreadyExists, Invalid
from tracker.models import (
    Candidate,
    Counter,
    Experiment,
    ExperimentTag,
    Membership,
    Project,
    Role,
    Status,
    User,
    Visibility,
)
from tracker.models.candidates import new_eid
from tracker.models.iid import next_iid
from tracker.names import invented_name

DEFAULT_PROJECT = "default"
DEFAULT_EXPERIMENT = "Default"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def create_project(
    slug: str,
    *,
    name: str = "",
    description: str = "",
    visibility: Visibility = Visibility.PRIVATE,
    owner: User | None = None,
) -> Project:
    """A project with its experiment 0. The slug has been checked by `Project.full_clean`.

    Raises AlreadyExists.
    """
    try:
        with transaction.atomic():
            project = Project.objects.create(
                slug=slug,
                name=name or slug,
                description=description,
                visibility=visibility,
            )
            Counter.objects.bulk_create(
                Counter(project=project, kind=kind) for kind in Counter.Kind
            )
            Experiment.objects.create(
                project=project,
                iid=0,
                name=DEFAULT_EXPERIMENT,
                created_ms=now_ms(),
                updated_ms=now_ms(),
            )
            if owner:
                Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    except IntegrityError:
        raise AlreadyExists(f"A project “{slug}” exists already.") from None
    return project


def default_project() -> Project:
    """The project behind a tracking URI without one. It is made when first asked for."""
    found = Project.objects.filter(slug=DEFAULT_PROJECT).first()
    if found:
        return found
    try:
        return create_project(DEFAULT_PROJECT, name="Default")
    except AlreadyExists:
        return Project.objects.get(slug=DEFAULT_PROJECT)


# ---------------------------------------------------------------- experiments


def create_experiment(
    project: Project,
    name: str,
    *,
    artifact_location: str = "",
    tags: Mapping[str, str] = recording.EMPTY,
) -> Experiment:
    """An empty experiment. Raises AlreadyExists, also where a deleted one has the name."""
    now = now_ms()
    try:
        with transaction.atomic():
            experiment = Experiment.objects.create(
                project=project,
                iid=next_iid(project.pk, Counter.Kind.EXPERIMENT),
                name=name,
                artifact_location=artifact_location,
                created_ms=now,
                updated_ms=now,
            )
            ExperimentTag.objects.bulk_create(
                ExperimentTag(experiment=experiment, key=key, value=value)
                for key, value in sorted(tags.items())
            )
    except IntegrityError:
        raise AlreadyExists(f"An experiment {name!r} exists already.") from None
    return experiment


# ---------------------------------------------------------------- candidates


def create_candidate(
    experiment: Experiment,
    *,
    name: str = "",
    user_id: str = "",
    started_ms: int | None = None,
    tags: Mapping[str, str] = recording.EMPTY,
) -> Candidate:
    """A running candidate. Its name and the tag `mlflow.runName` are kept alike.

    Raises Invalid for a deleted experiment.
    """
    if experiment.is_deleted:
        raise Invalid(f"The experiment {experiment.iid} is deleted; it must be active.")
    name = name or tags.get(recording.RUN_NAME, "") or invented_name()
    eid = new_eid()
    root = experiment.artifact_location or f"mlflow-artifacts:/{experiment.iid}"
    with transaction.atomic():
        candidate = Candidate.objects.create(
            project_id=experiment.project_id,
            experiment=experiment,
            iid=next_iid(experiment.project_id, Counter.Kind.CANDIDATE),
            eid=eid,
            name=name,
            user_id=user_id,
            status=Status.RUNNING,
            started_ms=now_ms() if started_ms is None else started_ms,
            artifact_uri=f"{root}/{eid}/artifacts",
        )
        recording.log_batch(candidate, tags={**tags, recording.RUN_NAME: name})
    return candidate
