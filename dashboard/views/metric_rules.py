"""The metric catalogue of a project: which way each metric gets better, its unit, its digits."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from dashboard import find
from dashboard.directions import Direction, guess
from tracker import judging
from tracker.errors import TrackerError
from tracker.models import Experiment, Key, Kind, Project, Role
from tracker.permits import needs

PAGE_SIZE = 50


class Line(NamedTuple):
    key: str
    experiments: int
    candidates: int
    direction: str
    is_confirmed: bool  # here: by the project, or by this experiment
    unit: str
    digits: int
    aggregate: str
    note: str  # where it comes from, if nobody confirmed it here


def line(
    row: Mapping[str, Any], rules: Mapping[str, Any], own: Mapping[str, Any]
) -> Line:
    """As all rules say; `own` are those of the page that it stands on."""
    key = row["key"]
    said = rules.get(key, {})
    note = "" if key in own else "as the project says" if key in rules else "a guess"
    return Line(
        key,
        row["experiments"],
        row["used"] or 0,
        said.get("direction") or str(guess(key)),
        key in own,
        said.get("unit", ""),
        said.get("digits", judging.DIGITS),
        said.get("aggregate", ""),
        note,
    )


def searched(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip().replace("\0", "")[:250]


def used(
    project: Project, q: str, experiment: Experiment | None = None
) -> QuerySet[Key, Any]:
    """The metrics with these letters in their name, the most used first."""
    rows = (
        Key.objects.filter(experiment__project=project, kind=Kind.METRIC)
        .filter(experiment__deleted_at=None, is_unused=False)
        .values("key")
        .annotate(experiments=Count("pk"), used=Sum("candidates"))
        .order_by("-used", "key")
    )
    if experiment:
        rows = rows.filter(experiment=experiment)
    return rows.filter(key__icontains=q) if q else rows


@needs(Role.READER, changes=Role.WRITER)
def metric_rules(request: HttpRequest, slug: str) -> HttpResponse:
    project = find.project(request, slug)
    if request.method == "POST":
        return confirmed(request, partial(judging.confirm, project))
    rules = judging.rules_of(project)
    return shown(request, project, None, rules, rules)


@needs(Role.READER, changes=Role.WRITER)
def experiment_rules(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """The same for one experiment: what it says stands over the project's."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid, user=None)
    experiment = opened.experiment
    if experiment.is_deleted:
        return find.gone(request, project, experiment)
    if request.method == "POST":
        return confirmed(request, partial(judging.confirm_in, experiment))
    own = experiment.metric_rules or {}
    return shown(request, project, experiment, judging.rules_in(experiment), own)


def shown(
    request: HttpRequest,
    project: Project,
    experiment: Experiment | None,
    rules: Mapping[str, Any],
    own: Mapping[str, Any],
) -> HttpResponse:
    q = searched(request)
    found = used(project, q, experiment)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "experiment": experiment,
        "section": "experiments" if experiment else "metrics",
        "q": q,
        "page": page,
        "here": request.path,
        "lines": [line(row, rules, own) for row in page.object_list],
        "directions": [
            (Direction.MAX, "higher is better"),
            (Direction.MIN, "lower is better"),
            (Direction.NONE, "neither"),
        ],
        "aggregates": [("", "best, or last"), *((a, a) for a in judging.AGGREGATES)],
        "may_write": find.may(request, project, Role.WRITER),
    }
    return render(request, "dashboard/metric_rules.html", context)


def confirmed(request: HttpRequest, confirm: Callable[..., None]) -> HttpResponse:
    """Keep what the form says, and back to the same page of the list."""
    changed, doubted = kept(request)
    try:
        confirm(changed, forget=doubted)
    except TrackerError as problem:
        messages.error(request, problem.message)
    else:
        number = len(changed)
        messages.success(
            request, f"{number} metric{'' if number == 1 else 's'} confirmed."
        )
    query = request.GET.urlencode()
    return HttpResponseRedirect(f"{request.path}?{query}" if query else request.path)


def kept(request: HttpRequest) -> tuple[dict[str, judging.Rule], list[str]]:
    """The lines of the form that somebody confirmed, and the keys of the others."""
    post, found, others = request.POST, {}, []
    for number in post.getlist("line")[:PAGE_SIZE]:
        key = post.get(f"key-{number}", "")
        if post.get(f"confirm-{number}") != "1":
            others.append(key)
            continue
        digits = post.get(f"digits-{number}", "")
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 3
        found[key] = judging.Rule(
            post.get(f"direction-{number}", "none"),
            post.get(f"unit-{number}", "").strip(),
            int(digits) if is_number else judging.DIGITS,
            post.get(f"aggregate-{number}", ""),
        )
    return found, others
