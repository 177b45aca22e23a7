"""What is done to many candidates: delete, lock, archive, star, move.

Each changes those that it may, whole or not at all, and returns the ids of the changed:
what was deleted, locked or moved before stays as it was, also after an undo.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tracker import audit, inputs, recording
from tracker.models import (
    Candidate,
    Experiment,
    LoggedModel,
    Metric,
    Param,
    Recount,
    Status,
    Tag,
    What,
)
from tracker.transactions import atomically


@atomically
def delete(ids: Iterable[int]) -> list[int]:
    """Hide them, but for the locked."""
    found = queued(ids).filter(deleted_at=None, locked_at=None)
    return told(What.DELETED, recounted(changed(found, deleted_at=timezone.now())))


@atomically
def restore(ids: Iterable[int]) -> list[int]:
    gone = Experiment.with_purged.filter(purged_at__isnull=False)
    found = queued(ids).filter(deleted_at__isnull=False)
    found = found.exclude(experiment__in=gone)
    return told(What.RESTORED, recounted(changed(found, deleted_at=None)))


@atomically
def lock(ids: Iterable[int]) -> list[int]:
    """From now on nothing about them changes. Those that still run cannot be locked."""
    unfinished = [Status.RUNNING, Status.SCHEDULED]
    found = queued(ids).filter(deleted_at=None, locked_at=None)
    found = found.exclude(status__in=unfinished)
    return told(What.LOCKED, changed(found, locked_at=timezone.now()))


@atomically
def unlock(ids: Iterable[int]) -> list[int]:
    found = queued(ids).filter(locked_at__isnull=False)
    return told(What.UNLOCKED, changed(found, locked_at=None))


@atomically
def archive(ids: Iterable[int]) -> list[int]:
    """Put them aside: tables leave them out until somebody asks. Those that run stay."""
    found = queued(ids).filter(deleted_at=None, archived_at=None)
    found = found.exclude(status__in=[Status.RUNNING, Status.SCHEDULED])
    return told(What.ARCHIVED, changed(found, archived_at=timezone.now()))


@atomically
def unarchive(ids: Iterable[int]) -> list[int]:
    found = queued(ids).filter(archived_at__isnull=False)
    return told(What.UNARCHIVED, changed(found, archived_at=None))


@atomically
def star(ids: Iterable[int]) -> list[int]:
    """Mark them for everybody in the project, so that a filter finds them again."""
    found = queued(ids).filter(deleted_at=None, starred_at=None)
    return changed(found, starred_at=timezone.now())


@atomically
def unstar(ids: Iterable[int]) -> list[int]:
    return changed(queued(ids).filter(starred_at__isnull=False), starred_at=None)


def queued(ids: Iterable[int]) -> QuerySet[Candidate]:
    """Their rows, held until the transaction ends, as `recording.lock` holds one."""
    rows = Candidate.objects.filter(pk__in=list(ids)).order_by("pk")
    return rows.select_for_update(no_key=True)


def changed(candidates: QuerySet[Candidate], **fields: Any) -> list[int]:
    ids = list(candidates.values_list("pk", flat=True))
    Candidate.objects.filter(pk__in=ids).update(**fields)
    return ids


def recounted(ids: list[int]) -> list[int]:
    """What their experiments' catalogues say is no longer true."""
    rows = Candidate.objects.filter(pk__in=ids).order_by()
    Recount.ask(rows.values_list("experiment", flat=True).distinct())
    return ids


def told(what: What, ids: list[int]) -> list[int]:
    """One event, however many they are."""
    if ids:
        one = Candidate.objects.select_related("project").get(pk=ids[0])
        others = f"and {len(ids) - 1} more" if len(ids) > 1 else ""
        audit.record(what, project=one.project, about=one, note=others)
    return ids


@atomically
def move(ids: Iterable[int], experiment: Experiment) -> dict[int, int]:
    """To another experiment of their project; returns where each one was.

    Number, eid, links and files stay. The locked and the deleted stay where they are.
    Raises Invalid for a deleted experiment.
    """
    experiment.must_be_active()
    found = queued(ids).filter(
        project=experiment.project_id, deleted_at=None, locked_at=None
    )
    moved = list(found.exclude(experiment=experiment))
    if not moved:
        return {}
    before = {candidate.pk: candidate.experiment_id for candidate in moved}
    rows = {"candidate__in": list(before)}
    Candidate.objects.filter(pk__in=before).update(experiment=experiment)
    for model in (Param, Tag, Metric):
        model._default_manager.filter(**rows).update(experiment=experiment)
    LoggedModel.objects.filter(
        project=experiment.project_id,
        source_run_id__in=[candidate.eid for candidate in moved],
    ).update(experiment=experiment)
    inputs.take_along(list(before), experiment)
    recording.catalogue_again(list(before), experiment)
    Recount.ask([experiment.pk, *before.values()])
    return before
