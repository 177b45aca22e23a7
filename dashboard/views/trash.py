"""The trash of a project: what is in it, back to where it was, or gone for good."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import (
    BigIntegerField,
    CharField,
    Count,
    F,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from artifacts.models import Artifact
from dashboard import find
from tracker import lifecycle, many, purging
from tracker.errors import NotFound
from tracker.models import Candidate, Experiment, Project, Role
from tracker.permits import needs

PAGE_SIZE = 100
MAX_CHOSEN = purging.MAX_CHOSEN


class Item(NamedTuple):
    kind: str  # "e" or "c"
    pk: int
    iid: int
    name: str
    place: str  # the experiment of a candidate
    inside: int  # candidates of an experiment
    size_bytes: int
    deleted_at: datetime

    @property
    def address(self) -> str:
        return f"{self.kind}{self.pk}"

    @property
    def purged_at(self) -> datetime:
        return self.deleted_at + timedelta(days=settings.PURGE_AFTER_DAYS)

    @property
    def is_experiment(self) -> bool:
        return self.kind == "e"


FIELDS = ("kind", "pk", "iid", "title", "place", "inside", "size_bytes", "deleted_at")


def items(project: Project) -> Any:
    """Experiments, and the candidates that were deleted without theirs: the newest first."""
    files = Artifact.objects.order_by().values("size_bytes")
    of_one = files.filter(candidate=OuterRef("pk")).values("candidate")
    of_all = files.filter(candidate__experiment=OuterRef("pk")).values(
        "candidate__experiment"
    )
    inside = (
        Candidate.objects.order_by()
        .filter(experiment=OuterRef("pk"))
        .values("experiment")
        .annotate(number=Count("pk"))
    )
    experiments = (
        Experiment.objects.filter(project=project, deleted_at__isnull=False)
        .annotate(
            kind=Value("e", output_field=CharField()),
            title=F("name"),
            place=Value("", output_field=CharField()),
            inside=Coalesce(
                Subquery(inside.values("number")), 0, output_field=IntegerField()
            ),
            size_bytes=total(of_all),
        )
        .values_list(*FIELDS)
    )
    candidates = (
        Candidate.objects.filter(
            project=project,
            deleted_at__isnull=False,
            experiment__deleted_at=None,
        )
        .annotate(
            kind=Value("c", output_field=CharField()),
            title=F("name"),
            place=F("experiment__name"),
            inside=Cast(Value(0), IntegerField()),
            size_bytes=total(of_one),
        )
        .values_list(*FIELDS)
    )
    return experiments.union(candidates, all=True).order_by(
        "-deleted_at", "kind", "-pk"
    )


def total(files: QuerySet[Any, Any]) -> Coalesce:
    summed = files.annotate(sum=Sum("size_bytes")).values("sum")
    return Coalesce(Subquery(summed), 0, output_field=BigIntegerField())


class Chosen(NamedTuple):
    experiments: list[int]
    candidates: list[int]


def chosen(request: HttpRequest, project: Project) -> Chosen:
    """What the boxes name, as far as it is in this project's trash."""
    query = request.POST if request.method == "POST" else request.GET
    named: dict[str, list[int]] = {"e": [], "c": []}
    for text in query.getlist("item")[:MAX_CHOSEN]:
        kind, number = text[:1], text[1:]
        if kind in named and number.isascii() and number.isdigit() and len(number) < 19:
            named[kind].append(int(number))
    in_trash = {"project": project, "deleted_at__isnull": False}
    experiments = Experiment.objects.filter(pk__in=named["e"], **in_trash)
    candidates = Candidate.objects.filter(pk__in=named["c"], **in_trash)
    return Chosen(
        list(experiments.values_list("pk", flat=True)),
        list(candidates.values_list("pk", flat=True)),
    )


@needs(Role.READER)
def trash(request: HttpRequest, slug: str) -> HttpResponse:
    project = find.project(request, slug)
    paginator = Paginator(items(project), PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "project": project,
        "section": "trash",
        "page": page,
        "items": [Item(*row) for row in page.object_list],
        "days": settings.PURGE_AFTER_DAYS,
        "may_write": find.may(request, project, Role.WRITER),
        "may_own": find.may(request, project, Role.OWNER),
    }
    return render(request, "dashboard/trash.html", context)


@needs(changes=Role.WRITER)
def restore(request: HttpRequest, slug: str) -> HttpResponse:
    project = find.project(request, slug)
    found = chosen(request, project)
    number = len(many.restore(found.candidates))
    for experiment in Experiment.objects.filter(pk__in=found.experiments):
        try:
            lifecycle.restore_experiment(experiment)
        except NotFound:  # somebody was faster
            continue
        number += 1
    if number:
        messages.success(request, f"{purging.counted(number, 'item')} restored.")
    else:
        messages.error(request, "Choose what to restore first.")
    return HttpResponseRedirect(reverse("trash", args=[project.slug]))


@needs(Role.OWNER, changes=Role.OWNER)
def purge(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: what would be gone and what that frees. POST, with the number typed: so be it."""
    project = find.project(request, slug)
    query = request.POST if request.method == "POST" else request.GET
    is_all = query.get("all") == "1"
    found = chosen(request, project)
    scope = (
        purging.Scope.all_of(project)
        if is_all
        else purging.Scope.chosen(
            project, experiments=found.experiments, candidates=found.candidates
        )
    )
    frees = purging.frees(scope)
    word = str(frees.experiments + frees.candidates + frees.models)
    wrong = ""
    if request.method == "POST" and frees:
        if typed(request) == word:
            job = purging.begin(scope, asked_by=find.person(request))
            return HttpResponseRedirect(reverse("job", args=[job.pk]))
        wrong = f"Type {word} to confirm; nothing has been deleted."
    context = {
        "project": project,
        "section": "trash",
        "frees": frees,
        "word": word,
        "wrong": wrong,
        "is_all": is_all,
        "items": [f"e{pk}" for pk in found.experiments]
        + [f"c{pk}" for pk in found.candidates],
    }
    status = 422 if wrong else 200
    return render(request, "dashboard/purge.html", context, status=status)


def typed(request: HttpRequest) -> str:
    """Without the separators that people read and write in large numbers."""
    text = request.POST.get("typed", "")[:40]
    return "".join(c for c in text if c not in " ,.'\u202f\u00a0")
