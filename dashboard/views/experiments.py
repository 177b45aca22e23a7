"""The experiments of a project: find, make, star, delete, restore."""

from contextlib import suppress
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.db.models import (
    Count,
    Exists,
    F,
    Max,
    OrderBy,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from dashboard import find, folders, primary, prose, snippets
from dashboard.find import ARCHIVED, NOTE
from dashboard.forms import ExperimentForm
from dashboard.table.columns import Column
from tracker import lifecycle
from tracker.errors import NotFound, TrackerError
from tracker.models import (
    Candidate,
    Experiment,
    ExperimentTag,
    Project,
    Role,
    Star,
    Status,
    User,
)
from tracker.models.candidates import moment
from tracker.permits import needs

PAGE_SIZE = 100
VIEWS = {"": "All", "live": "Live"}
MORE_VIEWS = {"starred": "Starred", "archived": "Archived", "deleted": "Deleted"}
EVERY_VIEW = VIEWS | MORE_VIEWS
SORTS: dict[str, tuple[str, list[OrderBy | str]]] = {
    "activity": (
        "Last activity",
        [F("newest_ms").desc(nulls_last=True), "-created_ms", "-iid"],
    ),
    "name": ("Name", ["name"]),
    "candidates": ("Candidates", ["-candidate_count", "name"]),
    "created": ("Newest", ["-created_ms", "-iid"]),
}


class Listed(NamedTuple):
    """An experiment as a line of the list shows it."""

    experiment: Experiment
    url: str
    note: str
    candidates: int
    live: int
    failed: int
    column: Column | None
    best: primary.Best | None
    active_at: Any
    is_starred: bool = False


# ---------------------------------------------------------------- the list


@needs(Role.READER)
def experiments(request: HttpRequest, slug: str) -> HttpResponse:
    project = find.project(request, slug)
    q = request.GET.get("q", "").strip().replace("\0", "")[:500]
    sort = request.GET.get("sort", "activity")
    view = request.GET.get("view", "")
    notes = []
    if sort not in SORTS:
        notes.append(f"Experiments cannot be sorted by {sort[:50]!r}.")
        sort = "activity"
    if view not in EVERY_VIEW:
        notes.append(f"There is no view {view[:50]!r}.")
        view = ""
    found = search(project, view=view, q=q, user=request.user).order_by(*SORTS[sort][1])
    paginator = Paginator(found, PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    listed = details(project, list(page.object_list))
    closed = set(request.GET.getlist("closed"))
    lines = folders.tree(listed, name=lambda one: one.experiment.name, closed=closed)
    may_write = find.may(request, project, Role.WRITER)
    context: dict[str, Any] = {
        "project": project,
        "section": "experiments",
        "q": q,
        "sort": sort,
        "sorts": [(name, label) for name, (label, _) in SORTS.items()],
        "view": view,
        "views": list(EVERY_VIEW.items()),
        "notes": notes,
        "page": page,
        "lines": [shaped(request, line) for line in lines],
        "may_write": may_write,
    }
    if not q and not view and not any(one.candidates for one in listed):
        uri = snippets.tracking_uri(request, project)
        context["snippet"] = snippets.connect_and_log(uri, "my-first")
    return render(request, "dashboard/experiments.html", context)


def search(
    project: Project, *, view: str, q: str, user: User | AnonymousUser
) -> QuerySet[Experiment]:
    """Those whose name, or a tag's value, holds the text; the description is a tag."""
    found = Experiment.objects.filter(project=project)
    found = (
        found.exclude(deleted_at=None)
        if view == "deleted"
        else found.filter(deleted_at=None)
    )
    alive = Candidate.objects.alive().filter(experiment=OuterRef("pk"))
    archived = ExperimentTag.objects.filter(
        experiment=OuterRef("pk"), key=ARCHIVED, value="true"
    )
    mine = Star.objects.filter(
        experiment=OuterRef("pk"), user=user if user.is_authenticated else None
    )
    if view != "deleted":
        is_archived = Exists(archived)
        found = found.filter(is_archived if view == "archived" else ~is_archived)
    if view == "starred":
        found = found.filter(Exists(mine))
    if view == "live":
        found = found.filter(Exists(alive.live()))
    if q:
        tagged = ExperimentTag.objects.filter(
            experiment=OuterRef("pk"), value__icontains=q
        )
        found = found.filter(Q(name__icontains=q) | Exists(tagged))
    return with_total(found).annotate(is_starred=Exists(mine))


class Counts(NamedTuple):
    total: int = 0
    failed: int = 0
    newest_ms: int = 0
    ended_ms: int = 0


class Running(NamedTuple):
    number: int = 0
    logged_ms: int = 0


def details(project: Project, experiments: list[Experiment]) -> list[Listed]:
    """What the list shows beside the names: seven queries for any number."""
    ids = [experiment.pk for experiment in experiments]
    counts = counted(experiments)
    running = {
        pk: Running(number, last or 0)
        for pk, number, last in Candidate.objects.alive()
        .filter(experiment__in=ids)
        .live()
        .order_by()
        .values("experiment")
        .annotate(number=Count("pk", distinct=True), last=Max("metrics__logged_ms"))
        .values_list("experiment", "number", "last")
    }
    notes = dict(
        ExperimentTag.objects.filter(experiment__in=ids, key=NOTE).values_list(
            "experiment", "value"
        )
    )
    columns = primary.primaries(ids)
    bests = primary.bests(
        columns, {experiment.pk: experiment.metric_rules for experiment in experiments}
    )
    return [
        listed(
            project,
            experiment,
            note=notes.get(experiment.pk, ""),
            counts=counts.get(experiment.pk, Counts()),
            running=running.get(experiment.pk, Running()),
            column=columns.get(experiment.pk),
            best=bests.get(experiment.pk),
        )
        for experiment in experiments
    ]


def counted(experiments: list[Experiment]) -> dict[int, Counts]:
    """Of the very large, what the worker counted; the others in one query.

    They come from `with_total`.
    """
    counts, others = {}, []
    for experiment in experiments:
        tally, known = getattr(experiment, "tally", None), vars(experiment)
        if tally is None:
            others.append(experiment.pk)
            continue
        counts[experiment.pk] = Counts(
            known["candidate_count"],
            tally.failed,
            known["newest_ms"] or 0,
            tally.ended_ms or 0,
        )
    rows = (
        Candidate.objects.alive()
        .filter(experiment__in=others)
        .order_by()
        .values("experiment")
        .annotate(
            total=Count("pk"),
            failed=Count("pk", filter=Q(status=Status.FAILED)),
            newest=Max("started_ms"),
            ended=Max("ended_ms"),
        )
        .values_list("experiment", "total", "failed", "newest", "ended")
    )
    for pk, total, failed, newest, ended in rows:
        counts[pk] = Counts(total, failed, newest, ended or 0)
    return counts


def with_total(experiments: QuerySet[Experiment]) -> QuerySet[Experiment]:
    """Each with `candidate_count` and `newest_ms`."""
    alive = Candidate.objects.alive().filter(experiment=OuterRef("pk"))
    newest = alive.order_by("-started_ms").values("started_ms")[:1]
    return experiments.select_related("tally").annotate(
        newest_ms=Subquery(newest), candidate_count=find.total(alive)
    )


def listed(
    project: Project,
    experiment: Experiment,
    *,
    note: str,
    counts: Counts,
    running: Running,
    column: Column | None,
    best: primary.Best | None,
) -> Listed:
    newest = counts.newest_ms or experiment.created_ms
    return Listed(
        experiment=experiment,
        url=reverse("experiment", args=[project.slug, experiment.iid]),
        note=prose.first_line(note),
        candidates=counts.total,
        live=running.number,
        failed=counts.failed,
        column=column,
        best=best,
        active_at=moment(max(newest, counts.ended_ms, running.logged_ms)),
        is_starred=vars(experiment).get("is_starred", False),
    )


class Shaped(NamedTuple):
    """A line with what only its folder knows."""

    line: folders.Line[Listed]
    toggle_url: str
    number: int
    live: int


def shaped(request: HttpRequest, line: folders.Line[Listed]) -> Shaped:
    if line.thing:
        return Shaped(line, "", 1, 0)
    query = request.GET.copy()
    closed = [path for path in query.getlist("closed") if path != line.path]
    query.setlist("closed", [*closed, line.path] if line.is_open else closed)
    live = sum(one.live for one in line.inside)
    return Shaped(line, f"?{query.urlencode()}", len(line.inside), live)


# ---------------------------------------------------------------- changes


@needs(Role.WRITER, changes=Role.WRITER)
def create(request: HttpRequest, slug: str) -> HttpResponse:
    project = find.project(request, slug)
    form = ExperimentForm(project, request.POST or None)
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["description"]
        try:
            made = lifecycle.create_experiment(
                project, form.cleaned_data["name"], tags={NOTE: note} if note else {}
            )
        except TrackerError as problem:
            form.add_error("name", problem.message)
        else:
            return HttpResponseRedirect(
                reverse("experiment", args=[project.slug, made.iid])
            )
    page = {"project": project, "section": "experiments", "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "dashboard/new_experiment.html", page, status=status)


@needs(changes=Role.WRITER)
def delete(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    project = find.project(request, slug)
    experiment = find.experiment(project, iid).experiment
    with suppress(NotFound):  # deleted already: what was wanted
        lifecycle.delete_experiment(experiment)
    deleted = reverse("experiments", args=[project.slug]) + "?view=deleted"
    return HttpResponseRedirect(deleted)


@needs(changes=Role.WRITER)
def restore(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    project = find.project(request, slug)
    experiment = find.experiment(project, iid).experiment
    with suppress(NotFound):  # not deleted: what was wanted
        lifecycle.restore_experiment(experiment)
    return HttpResponseRedirect(reverse("experiment", args=[project.slug, iid]))


@needs(changes=Role.READER)
def star(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """A second press takes the star away."""
    project = find.project(request, slug)
    experiment = find.experiment(project, iid).experiment
    mine = Star.objects.filter(user=find.person(request), experiment=experiment)
    if not mine.delete()[0]:
        Star.objects.bulk_create(
            [Star(user=find.person(request), experiment=experiment)],
            ignore_conflicts=True,
        )
    back = request.POST.get("next", "")
    if not back.startswith(f"/p/{project.slug}/"):
        back = reverse("experiment", args=[project.slug, iid])
    return HttpResponseRedirect(back)
