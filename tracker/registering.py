"""Registering the models of many candidates at once, and taking that back."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from tracker import new_versions, registry
from tracker.errors import TrackerError
from tracker.models import Candidate, LoggedModel, LoggedModelStatus, Project, Tag
from tracker.recording import MODEL_HISTORY, listed
from tracker.transactions import atomically


class Source(NamedTuple):
    """Where a candidate's model is; its id, where it is a logged model of its own."""

    uri: str
    model_id: str = ""


def sources_of(ids: Sequence[int]) -> dict[int, Source]:
    """The newest model of each candidate that has one. Three queries."""
    eids = dict(Candidate.objects.filter(pk__in=ids).values_list("pk", "eid"))
    owners = {eid: pk for pk, eid in eids.items()}
    found: dict[int, Source] = {}
    histories = Tag.objects.filter(candidate__in=ids, key=MODEL_HISTORY)
    for pk, text in histories.values_list("candidate", "value"):
        paths = [
            one.get("artifact_path") for one in listed(text) if isinstance(one, dict)
        ]
        if paths and isinstance(paths[-1], str):
            found[pk] = Source(f"runs:/{eids[pk]}/{paths[-1]}")
    models = LoggedModel.objects.alive().filter(source_run_id__in=list(owners))
    models = models.filter(status=LoggedModelStatus.READY)
    for eid, run in models.order_by("created_ms").values_list("eid", "source_run_id"):
        found[owners[run]] = Source(f"models:/{eid}", eid)
    return found


@atomically
def register(
    project: Project, ids: Sequence[int], name: str, *, by: str
) -> dict[int, int]:
    """A version for each, the oldest first; returns their numbers. Makes the model.

    What has no model, or one that cannot be found, gets none.
    """
    sources = sources_of(ids)
    if not sources:
        return {}
    with suppress(TrackerError):
        registry.register(project, name)
    model = registry.model(project, name)
    chosen = Candidate.objects.filter(project=project, pk__in=list(sources))
    made = {}
    for candidate in chosen.order_by("started_ms", "pk"):
        source = sources[candidate.pk]
        try:
            version = new_versions.add(
                model,
                source.uri,
                run_id=candidate.eid,
                model_id=source.model_id,
                user_id=by,
            )
        except TrackerError:  # its files or the candidate have gone since
            continue
        made[candidate.pk] = version.version
    return made


@atomically
def take_back(project: Project, name: str, before: Mapping[int, int]) -> None:
    """Delete those versions again; their numbers are not given a second time."""
    for number in before.values():
        with suppress(TrackerError):  # deleted by somebody since, or with the model
            registry.delete_version(registry.version(project, name, number))
