"""What is done to chosen candidates: look before the leap, the leap, and the way back."""

import re
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from dashboard import find
from dashboard.charts import options
from dashboard.table import baselines
from dashboard.toast import undoable
from tracker import bulk, locations
from tracker.errors import Invalid, TrackerError
from tracker.models import (
    Action,
    Candidate,
    Experiment,
    Job,
    Project,
    RegisteredModel,
    Role,
)
from tracker.permits import needs
from tracker.search import table
from tracker.search.registry import no_prompts

BASELINE = "baseline"
VERBS = {
    "delete": "Delete",
    "move": "Move",
    "tag": "Tag",
    "lock": "Lock",
    "unlock": "Unlock",
    "archive": "Archive",
    "unarchive": "Take back",
    "star": "Star",
    "unstar": "Take the star from",
    "register": "Register",
    BASELINE: "Use as baseline",
}
# What the same dialog offers for those that have it already.
BACK = {"lock": "unlock", "archive": "unarchive", "star": "unstar"}
CANDIDATE = re.compile(r"/p/[^/]+/c/\d+/\Z", re.ASCII)
MAX_NAMED = 200  # by number; a filter may choose more
MAX_TARGETS = 500


class Chosen(NamedTuple):
    candidates: QuerySet[Candidate]
    is_all: bool  # all that match, not those that are ticked
    problems: list[str]


def chosen(request: HttpRequest, experiment: Experiment) -> Chosen:
    """The candidates that a form names, or all that its filter finds. Raises Invalid."""
    query = request.POST if request.method == "POST" else request.GET
    alive = Candidate.objects.alive().filter(experiment=experiment)
    if query.get("all") == "1":
        asked = table.search(
            experiment,
            text=query.get("q", "")[:10_000],
            with_archived=query.get("archived") == "1",
        )
        with asked.limited():
            ids = list(
                asked.listed.order_by().values_list("pk", flat=True)[
                    : bulk.MAX_CANDIDATES + 1
                ]
            )
        return Chosen(alive.filter(pk__in=ids), True, [])
    problems: list[str] = []
    iids = options.read_iids(query.getlist("c"), bulk.MAX_CANDIDATES, problems)
    return Chosen(alive.filter(iid__in=iids), False, problems)


@needs(Role.READER, changes=Role.WRITER)
def act(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """GET: what would happen, and to how many. POST: let it happen."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    experiment = opened.experiment
    if experiment.is_deleted:
        return find.gone(request, project, experiment)
    query = request.POST if request.method == "POST" else request.GET
    verb = query.get("verb", "")
    if verb not in VERBS:
        raise Http404
    if verb != BASELINE:
        find.allow(request, project, Role.WRITER)
    back = safe_back(query.get("at", ""), project, experiment)
    try:
        found = chosen(request, experiment)
        if verb == BASELINE:
            return baseline(request, project, experiment, found, back)
        prospect = bulk.prospect(verb, found.candidates)
        if request.method == "POST" and prospect.ids:
            return carry_out(request, project, verb, prospect.ids, back)
    except Invalid as problem:
        messages.error(request, problem.message)
        return HttpResponseRedirect(back)
    page = {
        "project": project,
        "section": "experiments",
        "experiment": experiment,
        "verb": verb,
        "title": VERBS[verb],
        "number": len(prospect.ids),
        "exclusions": prospect.exclusions,
        "problems": found.problems,
        "is_job": len(prospect.ids) > bulk.AT_ONCE,
        "back": back,
        "hidden": hidden(query),
        "days": settings.PURGE_AFTER_DAYS,
    }
    if verb == "move":
        page["targets"] = targets(project, experiment)
    if verb == "register":
        page["models"] = models(project)
    if verb in BACK:
        page["way_back"] = (BACK[verb], VERBS[BACK[verb]])
        page["others"] = bulk.prospect(BACK[verb], found.candidates).ids
    return render(request, "dashboard/act.html", page)


def hidden(query: Any) -> list[tuple[str, str]]:
    """What the confirmation must carry on: the choice as it was made."""
    kept = [
        (name, query[name])
        for name in ("q", "all", "archived", "at")
        if query.get(name)
    ]
    return [*kept, *(("c", value) for value in query.getlist("c"))]


def targets(project: Project, but: Experiment) -> list[tuple[int, str]]:
    rows = Experiment.objects.alive().filter(project=project).exclude(pk=but.pk)
    return list(rows.order_by("name").values_list("iid", "name")[:MAX_TARGETS])


def models(project: Project) -> list[str]:
    rows = RegisteredModel.objects.filter(no_prompts(), project=project)
    return list(rows.order_by("name").values_list("name", flat=True)[:MAX_TARGETS])


def safe_back(at: str, project: Project, experiment: Experiment) -> str:
    """The table that the choice was made on, or a candidate's page; never one elsewhere."""
    here = reverse("experiment", args=[project.slug, experiment.iid])
    address = locations.parts(at)
    if not address.scheme and not address.netloc and CANDIDATE.match(address.path):
        project_of = address.path.split("/")[2]
        return address.path if project_of == project.slug else here
    if address.scheme or address.netloc or address.path != here:
        return here
    return f"{here}?{address.query}" if address.query else here


def carry_out(
    request: HttpRequest, project: Project, verb: str, ids: list[int], back: str
) -> HttpResponse:
    """Do it, or start it; then back to the table with a way to undo. Raises Invalid."""
    action, job = bulk.start(
        verb,
        project,
        ids,
        asked_by=request.user if request.user.is_authenticated else None,
        arguments=arguments(request, verb),
    )
    if job:
        return HttpResponseRedirect(page_of(action, back))
    undoable(request, bulk.done(action), action)
    return HttpResponseRedirect(back)


def arguments(request: HttpRequest, verb: str) -> dict[str, Any]:
    if verb == "move":
        to = request.POST.get("to", "")
        is_number = to.isascii() and to.isdigit() and len(to) < 19
        return {"to": int(to) if is_number else -1}
    if verb == "tag":
        return {
            "key": request.POST.get("key", "").strip(),
            "value": request.POST.get("value", ""),
        }
    if verb == "register":
        return {
            "name": request.POST.get("name", "").strip(),
            "by": request.user.get_username(),
        }
    return {}


# ---------------------------------------------------------------- the baseline


def baseline(
    request: HttpRequest,
    project: Project,
    experiment: Experiment,
    found: Chosen,
    back: str,
) -> HttpResponse:
    """For everyone, by whoever may write; or in one's own address alone."""
    candidate = found.candidates.order_by("iid").first()
    if candidate is None:
        messages.error(request, "Choose the candidate to measure the others against.")
        return HttpResponseRedirect(back)
    may_write = find.may(request, project, Role.WRITER)
    if request.method == "POST":
        if not may_write:
            raise PermissionDenied("Choosing the baseline for everyone needs a writer.")
        candidate.experiment = experiment
        if request.POST.get("off"):
            baselines.forget(experiment)
        else:
            baselines.choose(candidate)
        return HttpResponseRedirect(with_baseline(back, None))
    page = {
        "project": project,
        "section": "experiments",
        "experiment": experiment,
        "candidate": candidate,
        "current": baselines.of(experiment),
        "may_write": may_write,
        "back": back,
        "mine_url": with_baseline(back, candidate.iid),
        "none_url": with_baseline(back, 0),
        "hidden": hidden(request.GET),
    }
    return render(request, "dashboard/baseline.html", page)


def with_baseline(back: str, iid: int | None) -> str:
    """The table's address with `b`, or without it."""
    address = urlsplit(back)
    query = {
        k: v for k, v in parse_qs(address.query).items() if k not in ("b", "after")
    }
    if iid is not None:
        query["b"] = [str(iid)]
    said = urlencode(query, doseq=True, safe=":/,~")
    return f"{address.path}?{said}" if said else address.path


# ---------------------------------------------------------------- undo


def page_of(action: Action, back: str) -> str:
    url = reverse("action", args=[action.project.slug, action.pk])
    return f"{url}?{urlencode({'next': back}, safe='/')}"


@needs(Role.WRITER)
def action(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Something that a worker does to many: how far it is, and the way back."""
    project = find.project(request, slug, needs=Role.WRITER)
    found = get_object_or_404(Action, pk=pk, project=project)
    page = {
        "project": project,
        "section": "experiments",
        "action": found,
        "sentence": bulk.done(found) if found.done_at else "",
        "job": Job.objects.filter(project=project, arguments__action=pk)
        .order_by("-pk")
        .first(),
        "back": own_page(request.GET.get("next", ""), project),
    }
    return render(request, "dashboard/action.html", page)


def own_page(address: str, project: Project) -> str:
    """An address of this project, for going back there."""
    if address.startswith(f"/p/{project.slug}/"):
        return address
    return reverse("experiments", args=[project.slug])


@needs(changes=Role.WRITER)
def undo(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Whoever did it may undo it, and every owner."""
    project = find.project(request, slug, needs=Role.WRITER)
    action = get_object_or_404(Action, pk=pk, project=project)
    is_mine = action.asked_by_id == request.user.pk
    if not is_mine and not find.may(request, project, Role.OWNER):
        raise PermissionDenied("Only who did it, or an owner, can undo it.")
    back = own_page(request.POST.get("next", ""), project)
    try:
        job = bulk.undo(action, asked_by=request.user)  # type: ignore[arg-type]
    except TrackerError as problem:
        messages.error(request, problem.message)
        return HttpResponseRedirect(back)
    if job:
        return HttpResponseRedirect(page_of(action, back))
    messages.success(request, "Undone.")
    return HttpResponseRedirect(back)
