"""The lives of projects, experiments and candidates: create, finish, delete, lock, move."""

import time
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from tracker import (
    audit,
    first_batch,
    gathering,
    liveness,
    lives,
    many,
    points,
    recording,
    rows,
)
from tracker.errors import AlreadyExists, Conflict, NotFound
from tracker.models import (
    Candidate,
    Counter,
    Experiment,
    ExperimentTag,
    Membership,
    Project,
    Recount,
    Role,
    Status,
    User,
    Visibility,
    What,
)
from tracker.models.candidates import new_eid
from tracker.models.iid import next_iid
from tracker.names import invented_name
from tracker.transactions import atomically

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
            audit.record(What.PROJECT_CREATED, project=project, about=project)
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
    try:
        return _create_experiment(project, name, artifact_location, tags)
    except IntegrityError:
        raise name_is_taken(name) from None


@atomically
def _create_experiment(
    project: Project, name: str, artifact_location: str, tags: Mapping[str, str]
) -> Experiment:
    now = now_ms()
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
    return experiment


def name_is_taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"Experiment(name={name[:200]}) already exists.")


def rename_experiment(experiment: Experiment, name: str) -> None:
    """Raises AlreadyExists; Conflict for a deleted experiment."""
    try:
        with transaction.atomic():
            renamed = Experiment.objects.filter(pk=experiment.pk, deleted_at=None)
            if not renamed.update(name=name, updated_ms=now_ms()):
                raise Conflict("Cannot rename a deleted experiment.")
    except IntegrityError:
        raise name_is_taken(name) from None


@atomically
def delete_experiment(experiment: Experiment) -> None:
    """Hide an experiment and all its candidates.

    Raises NotFound where it is hidden already, Conflict where a candidate is locked.
    """
    locked = experiment.candidates.filter(locked_at__isnull=False, deleted_at=None)
    if number := locked.count():
        raise Conflict(
            f"{number} of its candidates {'is' if number == 1 else 'are'} locked. Unlock"
            " them before deleting the experiment."
        )
    now = timezone.now()
    rows = Experiment.objects.filter(pk=experiment.pk, deleted_at=None)
    if not rows.update(deleted_at=now, updated_ms=now_ms()):
        raise NotFound(f"No Experiment with id={experiment.iid} exists.")
    experiment.candidates.filter(deleted_at=None).update(deleted_at=now)
    audit.record(What.DELETED, project=experiment.project, about=experiment)


@atomically
def restore_experiment(experiment: Experiment) -> None:
    """Bring back an experiment with all its candidates, also those deleted one by one.

    Raises NotFound for one that is not deleted.
    """
    rows = Experiment.objects.filter(pk=experiment.pk, deleted_at__isnull=False)
    if not rows.update(deleted_at=None, updated_ms=now_ms()):
        raise NotFound(
            f"No Experiment with id={experiment.iid} exists among the deleted."
        )
    experiment.candidates.filter(deleted_at__isnull=False).update(deleted_at=None)
    Recount.ask([experiment.pk])
    audit.record(What.RESTORED, project=experiment.project, about=experiment)


def set_experiment_tag(experiment: Experiment, key: str, value: str) -> None:
    """The last write wins. Raises Invalid for a deleted experiment."""
    experiment.must_be_active()
    ExperimentTag.objects.bulk_create(
        [ExperimentTag(experiment=experiment, key=key, value=value)],
        update_conflicts=True,
        unique_fields=["experiment", "key"],
        update_fields=["value"],
    )


def delete_experiment_tag(experiment: Experiment, key: str) -> None:
    """Raises NotFound for a tag that is not there; Invalid for a deleted experiment."""
    experiment.must_be_active()
    deleted, _ = ExperimentTag.objects.filter(experiment=experiment, key=key).delete()
    if not deleted:
        raise NotFound(
            f"No tag with name: {key[:200]} in experiment with id {experiment.iid}"
        )


def as_it_is(experiment: Experiment) -> Experiment:
    """The experiment as it is now: whoever calls may have remembered it for a moment."""
    found = rows.one(Experiment, "id = %s", [experiment.pk])
    if found is None:
        raise NotFound(f"No Experiment with id={experiment.iid} exists.")
    return found


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
    experiment.must_be_active()
    name = name or tags.get(recording.RUN_NAME, "") or invented_name()
    tags = {**tags, recording.RUN_NAME: name}
    eid = new_eid()
    root = artifact_root(experiment)
    candidate = Candidate(
        project_id=experiment.project_id,
        experiment=experiment,
        eid=eid,
        name=name[: recording.MAX_NAME_CHARS],
        user_id=user_id,
        status=Status.RUNNING,
        started_ms=now_ms() if started_ms is None else started_ms,
        artifact_uri=f"{root}/{eid}/artifacts",
        parent_eid=recording.parent_of(tags),
    )
    if not lives.begin(candidate, tags):
        _store_candidate(candidate, tags)
    first_batch.expect(candidate)
    return candidate


@gathering.together
def _store_candidate(candidate: Candidate, tags: Mapping[str, str]) -> None:
    as_it_is(candidate.experiment).must_be_active()
    candidate.iid = next_iid(candidate.project_id, Counter.Kind.CANDIDATE)
    rows.add(candidate)
    # Nobody else knows the candidate yet: no lock, and nothing to collide with.
    recording.set_first_tags(candidate, tags)


def artifact_root(experiment: Experiment) -> str:
    """What the addresses of its files begin with. A rename does not change it."""
    location = experiment.artifact_location.rstrip("/")
    return location or f"mlflow-artifacts:/{experiment.iid}"


def update_candidate(
    candidate: Candidate | points.Named,
    *,
    status: Status | None = None,
    ended_ms: int | None = None,
    name: str = "",
) -> Candidate:
    """Change what is given. Any status may follow any other. Raises Invalid where deleted."""
    said = {"status": status or None, "ended_ms": ended_ms}
    changes = {column: value for column, value in said.items() if value is not None}
    if changes and not name and isinstance(candidate, points.Named):
        changed = lives.changed(candidate, changes)
        if changed is not None:
            return changed
    return _update_candidate(candidate, changes, name)


@gathering.together
def _update_candidate(
    candidate: Candidate | points.Named, changes: Mapping[str, Any], name: str
) -> Candidate:
    candidate = recording.lock(candidate)
    if changes:
        for column, value in {**changes, "closed_ms": None}.items():
            setattr(candidate, column, value)
        rows.change(candidate, *changes, "closed_ms")
    if name and name != candidate.name:
        recording.set_tags(candidate, {recording.RUN_NAME: name})
    return candidate


def mark_candidate(candidate: Candidate, status: Status) -> Candidate:
    """What a person says became of it. It ended when its script last wrote, or now.

    That it is still running counts as a sign of life. Raises Invalid where deleted.
    """
    if status in (Status.RUNNING, Status.SCHEDULED):
        return _reopen_candidate(candidate, status)
    if candidate.ended_ms is not None:
        return update_candidate(candidate, status=status)
    return update_candidate(candidate, status=status, ended_ms=last_write_ms(candidate))


@atomically
def _reopen_candidate(candidate: Candidate, status: Status) -> Candidate:
    candidate = recording.lock(candidate)
    candidate.status, candidate.ended_ms = status, None
    candidate.save(update_fields=["status", "ended_ms"])
    if status == Status.RUNNING:
        liveness.vouch(candidate)
    return candidate


def last_write_ms(candidate: Candidate) -> int:
    latest = candidate.metrics.aggregate(latest=Max("logged_ms"))["latest"]
    return now_ms() if latest is None else max(latest, candidate.started_ms)


def delete_candidate(candidate: Candidate) -> None:
    """Hide it; again is nothing. Raises Conflict where it is locked."""
    if not many.delete([candidate.pk]):
        must_be_unlocked(candidate)


def restore_candidate(candidate: Candidate) -> None:
    many.restore([candidate.pk])


def must_be_unlocked(candidate: Candidate) -> None:
    if Candidate.objects.filter(pk=candidate.pk, locked_at__isnull=False).exists():
        raise recording.is_locked(candidate)
