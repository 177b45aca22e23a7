"""A candidate at its address, and what stands above each of its tabs."""

from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import (
    HttpRequest,
    HttpResponse,
)
from django.shortcuts import get_object_or_404

from dashboard import directions, find
from dashboard.candidate import following
from dashboard.charts import options
from dashboard.table import baselines
from tracker.models import (
    Candidate,
    ModelVersion,
    Project,
    Role,
    Status,
)
from tracker.models.states import State, state


class Found(NamedTuple):
    """A candidate at its address, or the answer that says why there is none."""

    project: Project
    candidate: Candidate
    gone: HttpResponse | None


def found(request: HttpRequest, slug: str, iid: int) -> Found:
    project = find.project(request, slug)
    candidate = at(project, iid)
    gone = find.gone(request, project, candidate) if candidate.is_deleted else None
    return Found(project, candidate, gone)


def at(project: Project, iid: int) -> Candidate:
    """The candidate of this number, deleted or not. Raises Http404."""
    rows = Candidate.objects.select_related("experiment").filter(project=project)
    candidate = get_object_or_404(with_versions(rows), iid=iid)
    candidate.project = project
    directions.narrow(candidate.experiment.metric_rules)
    return candidate


def with_versions(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    """With the newest model version that came from each, and how many there are."""
    made = ModelVersion.objects.filter(
        model__project=OuterRef("project"), run_id=OuterRef("eid")
    )
    newest = made.order_by("-pk")
    return candidates.annotate(
        version_count=find.number_of(made, by="run_id"),
        version_number=Subquery(newest.values("version")[:1]),
        version_model=Subquery(newest.values("model__name")[:1]),
    )


def head(request: HttpRequest, where: Found, tab: str) -> dict[str, Any]:
    """What stands above every tab. To be called before the tab reads what it shows."""
    candidate = where.candidate
    marks = following.marks(candidate)
    family = {c.eid: c for c in relatives(candidate)}
    parent = family.pop(candidate.parent_eid, None)
    base = baselines.of(candidate.experiment)
    alike = repeats(candidate)
    return {
        "project": where.project,
        "section": "experiments",
        "experiment": candidate.experiment,
        "candidate": candidate,
        "tab": tab,
        "parent": parent,
        "children": len(family),
        "previous": previous(candidate),
        "repeats": len(alike),
        "is_more_repeats": len(alike) == MAX_REPEATS,
        "nearby": NEARBY,
        "repeats_set": options.written_iids(alike) if len(alike) > 1 else "",
        "head_baseline": base,
        "is_baseline": base == candidate,
        "statuses": STATUSES,
        "metric_count": marks.metrics,
        "artifact_count": marks.artifacts,
        "version": marks.version,
        "is_live": candidate.status == Status.RUNNING,
        "is_silent": state(candidate) in (State.LOST, State.STALLED),
        "is_paused": request.GET.get("live") == "0",
        "may_write": find.may(request, where.project, Role.WRITER),
    }


# What somebody may say about a candidate that its script did not: icon and word.
STATUSES = [
    (Status.FINISHED, "s-ok", "Finished"),
    (Status.FAILED, "s-bad", "Failed"),
    (Status.KILLED, "s-stop", "Stopped"),
    (Status.RUNNING, "s-live", "Still running"),
]


def previous(candidate: Candidate) -> Candidate | None:
    """The one that the same person started before, else the one before it."""
    before = Candidate.objects.alive().filter(
        experiment=candidate.experiment_id, started_ms__lt=candidate.started_ms
    )
    newest = before.order_by("-started_ms", "eid").only("iid", "name", "user_id")[:20]
    found = list(newest)
    mine = [one for one in found if one.user_id == candidate.user_id]
    return next(iter([*mine, *found]), None)


MAX_REPEATS = 200  # as many as can be compared
NEARBY = 10_000  # numbers to either side in which repeats are looked for


def repeats(candidate: Candidate) -> list[int]:
    """The numbers of those that differ from it in their seeds alone, itself among them.

    In an experiment of 10,000 all are found, in a few milliseconds. In larger ones those
    that were started at other times are not: an index for them would cost every write.
    """
    if not candidate.config:
        return []
    alike = Candidate.objects.alive().filter(
        project=candidate.project_id,
        iid__range=(candidate.iid - NEARBY, candidate.iid + NEARBY),
        experiment=candidate.experiment_id,
        config=candidate.config,
    )
    found = alike.order_by("iid").values_list("iid", flat=True)[:MAX_REPEATS]
    return list(found)


def relatives(candidate: Candidate) -> Any:
    """The parent and the children, in one query."""
    alive = Candidate.objects.alive().filter(project=candidate.project_id)
    family = alive.children_of(candidate.eid)
    if candidate.parent_eid:
        family = family | alive.filter(eid=candidate.parent_eid)
    return family.only("eid", "iid", "name")[:1000]
