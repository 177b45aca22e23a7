"""Home, the list of projects, a project's overview, and its first run."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString

from artifacts.models import Artifact
from dashboard import directions, find, primary, prose, snippets
from dashboard.charts import boards, svg
from dashboard.find import number_of
from dashboard.forms import ProjectForm
from dashboard.table.columns import Column
from dashboard.views.experiments import details, with_total
from tracker import access, lifecycle, sketches, tokens
from tracker import projects as project_verbs
from tracker.errors import AlreadyExists
from tracker.lifecycle import now_ms
from tracker.models import (
    Candidate,
    Experiment,
    ModelVersion,
    Project,
    RegisteredModel,
    Role,
    State,
    Status,
    Tally,
    User,
)
from tracker.models.candidates import CandidateQuerySet
from tracker.permits import Who, needs
from tracker.search.lookups import There
from tracker.search.registry import no_prompts

SHORT_LIST = 8


def running(candidates: CandidateQuerySet) -> QuerySet[Candidate]:
    return candidates.live().order_by("-started_ms", "eid")


def finished(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    return candidates.filter(ended_ms__isnull=False).order_by("-ended_ms", "eid")


class Shown(NamedTuple):
    """A candidate in a short list, with the course of its primary metric."""

    candidate: Candidate
    column: Column | None
    value: float | None
    spark: SafeString
    is_best: bool  # the best that its experiment has


def shortened(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    """The first few, along their index; joined at once SQLite would look from the project."""
    first = candidates.values("pk")[:SHORT_LIST]
    rows = Candidate.objects.filter(pk__in=first).select_related(
        "project", "experiment"
    )
    return rows.order_by(*candidates.query.order_by)


def of_alive(candidates: CandidateQuerySet) -> CandidateQuerySet:
    """Those that are not deleted, nor their experiment.

    That is asked of one row after the other: joined to the experiments, SQLite would read
    all of their candidates for a short list of the newest.
    """
    alive = Experiment.objects.alive().filter(pk=OuterRef("experiment"))
    return candidates.alive().filter(There(alive))


def shortlists(*lists: QuerySet[Candidate]) -> list[list[Shown]]:
    """Short lists of candidates, with three or four queries for all of them together."""
    found = [list(shortened(one)) for one in lists]
    every = primary.briefs([candidate for one in found for candidate in one])
    metrics = [brief.metric for brief in every if brief.metric]
    drawn = sketches.sketched([metric for metric in metrics if metric.count > 1])
    bests = {
        best.candidate.pk
        for best in primary.bests(
            {b.candidate.experiment_id: b.column for b in every if b.column},
            {
                b.candidate.experiment_id: b.candidate.experiment.metric_rules
                for b in every
            },
        ).values()
    }
    shown = iter([shown_as(brief, drawn, bests) for brief in every])
    return [[next(shown) for _ in one] for one in found]


def without(shown: list[Shown], others: list[Shown]) -> list[Shown]:
    """Nobody stands in two lists of one page."""
    named = {other.candidate.pk for other in others}
    return [one for one in shown if one.candidate.pk not in named]


def shown_as(
    brief: primary.Brief, drawn: Mapping[int, Any], bests: Collection[int]
) -> Shown:
    points = drawn.get(brief.metric.pk, []) if brief.metric else []
    spark = svg.sparkline([(float(p.step), p.value) for p in points])
    candidate = brief.candidate
    is_best = candidate.pk in bests and brief.value is not None
    return Shown(candidate, brief.column, brief.value, spark, is_best)


def troubled(candidates: CandidateQuerySet) -> QuerySet[Candidate]:
    """Silent for too long, or failed in the last day."""
    since = now_ms() - 24 * 3600 * 1000
    return (
        candidates.with_state()
        .filter(
            Q(status=Status.RUNNING, state_now__in=[State.LOST, State.STALLED])
            | Q(status=Status.FAILED, ended_ms__gte=since)
        )
        .order_by("-started_ms", "eid")
    )


# ---------------------------------------------------------------- home


@needs(Who.ANYONE)
def home(request: HttpRequest) -> HttpResponse:
    """Is my work fine, and where was I? A GET on the root is also a tracking URI."""
    directions.confirm({})
    shown = start_page(request)
    page: dict[str, Any] = shown._asdict() | {
        "section": "home",
        "tracking_page": reverse("project", args=[lifecycle.DEFAULT_PROJECT]),
        "has_mine": has_mine(request),
        "page_files": {"json": reverse("home_json") + "?mine=1" * shown.is_mine},
    }
    if shown.is_empty:
        visible = Project.objects.visible_to(request.user)
        target = lifecycle.default_project() if is_local() else visible.first()
        if target:
            page["start"] = first_run(request, target)
    return render(request, "dashboard/home.html", page)


class Start(NamedTuple):
    """What somebody is shown first, of all projects that may be seen."""

    trouble: list[Shown]
    live: list[Shown]
    recent: list[Shown]
    starred: list[Experiment]
    projects: QuerySet[Project]
    is_mine: bool
    is_empty: bool


def has_mine(request: HttpRequest) -> bool:
    return request.user.is_authenticated and not is_local()


def start_page(request: HttpRequest) -> Start:
    projects = Project.objects.visible_to(request.user)
    candidates = of_alive(Candidate.objects.filter(project__in=projects))
    is_mine = has_mine(request) and request.GET.get("mine") == "1"
    wanted = candidates
    if is_mine:  # as scripts call them
        wanted = candidates.filter(user_id=request.user.get_username())
    trouble, live, recent = shortlists(
        troubled(wanted), running(wanted), finished(wanted)
    )
    return Start(
        trouble,
        without(live, trouble),
        recent,
        starred(request, projects),
        with_counts(projects)[:SHORT_LIST],
        is_mine,
        is_empty=not (is_mine or live or recent or candidates.exists()),
    )


def starred(request: HttpRequest, projects: QuerySet[Project]) -> list[Experiment]:
    """Where somebody wants to be back quickly."""
    if not request.user.is_authenticated:
        return []
    found = Experiment.objects.alive().filter(
        stars__user=request.user, project__in=projects
    )
    return list(found.select_related("project").order_by("name")[:SHORT_LIST])


def is_local() -> bool:
    return settings.MODE == "local"


# ---------------------------------------------------------------- projects


def with_counts(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Each with `experiment_count`, `candidate_count`, `live_count` and `newest_at`."""
    experiments = Experiment.objects.alive().filter(project=OuterRef("pk"))
    alive = Candidate.objects.alive()
    # By way of the experiments: their indexes count without touching a candidate.
    candidates = alive.filter(
        experiment__project=OuterRef("pk"), experiment__deleted_at=None
    )
    # Of very large ones, what the worker counted.
    tallied = (
        Tally.objects.filter(
            experiment__project=OuterRef("pk"), experiment__deleted_at=None
        )
        .order_by()
        .values("experiment__project")
        .annotate(number=Sum("candidates"))
    )
    newest = alive.filter(project=OuterRef("pk")).order_by("-iid")
    files = Artifact.objects.filter(project=OuterRef("pk")).order_by()
    kept = files.values("project").annotate(size_bytes=Sum("size_bytes"))
    return projects.annotate(
        kept_bytes=Coalesce(Subquery(kept.values("size_bytes")), 0),
        experiment_count=number_of(experiments, by="project"),
        candidate_count=number_of(
            candidates.filter(experiment__tally=None), by="experiment__project"
        )
        + Coalesce(Subquery(tallied.values("number")), 0),
        live_count=number_of(candidates.live(), by="experiment__project"),
        newest_at=Subquery(newest.values("created_at")[:1]),
    )


@needs(Who.ANYONE, changes=Who.SIGNED_IN)
def projects(request: HttpRequest) -> HttpResponse:
    """The projects this person may read, and a form for a new one."""
    form = ProjectForm(request.POST or None)
    if request.method == "POST":
        if not request.user.is_authenticated:
            raise PermissionDenied("Sign in to create a project.")
        if not project_verbs.may_create(request.user):
            raise PermissionDenied(project_verbs.NOT_YOURS)
        if form.is_valid():
            try:
                return created(request.user, form)
            except AlreadyExists as problem:  # made in this very moment
                form.add_error("slug", problem.message)
    page = {
        "section": "projects",
        "form": form,
        "may_create": project_verbs.may_create(request.user),
        "projects": with_roles(request.user),
        "deleted": access.restorable_by(request.user).order_by("-deleted_at"),
    }
    status = 422 if form.is_bound else 200
    return render(request, "dashboard/projects.html", page, status=status)


def with_roles(user: User | AnonymousUser) -> list[Project]:
    """Each with its counts, and with `role`: what the person is there."""
    visible = access.with_role(Project.objects.visible_to(user), user)
    rows = list(with_counts(visible))
    for row in rows:
        vars(row)["role"] = access.role_here(row, user)
    return rows


def created(owner: User, form: ProjectForm) -> HttpResponse:
    fields = form.cleaned_data
    project = project_verbs.create(
        owner,
        fields["slug"],
        name=fields["name"],
        visibility=fields["visibility"],
    )
    return HttpResponseRedirect(reverse("start", args=[project.slug]))


# ---------------------------------------------------------------- one project


@needs(Role.READER)
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """A project's overview. Its address is also a tracking URI."""
    project = find.project(request, slug)
    page = overview(project) | {
        "project": project,
        "section": "overview",
        "tracking_page": request.path.rstrip("/") + "/",
        "page_files": {"json": reverse("project_json", args=[project.slug])},
        "description": prose.html(project.description, project.slug),
        "boards": boards.starred(project, request.user),
        "members": project.memberships.count,  # asked for in team mode alone
        "may_own": find.may(request, project, Role.OWNER),
    }
    return render(request, "dashboard/project.html", page)


def overview(project: Project) -> dict[str, Any]:
    """Its short lists, and what its files take up."""
    candidates = of_alive(project.candidates.all())
    trouble, live, recent = shortlists(
        troubled(candidates), running(candidates), candidates.order_by("-iid")
    )
    experiments = with_total(project.experiments.alive()).order_by(
        F("newest_ms").desc(nulls_last=True), "-created_ms"
    )
    return {
        "trouble": trouble,
        "live": without(live, trouble),
        "recent": recent,
        "experiments": details(project, list(experiments[:SHORT_LIST])),
        "versions": newest_versions(project),
        "kept_bytes": kept_bytes(project),
    }


def kept_bytes(project: Project) -> int:
    """What the files of a project take up."""
    files = Artifact.objects.filter(project=project)
    total: int = files.aggregate(total=Sum("size_bytes", default=0))["total"]
    return total


NEWEST_VERSIONS = 4


def newest_versions(project: Project) -> list[ModelVersion]:
    """What was registered last, with the aliases that point at it. Two queries."""
    models = RegisteredModel.objects.filter(no_prompts(), project=project)
    rows = ModelVersion.objects.filter(model__in=models).select_related("model")
    return list(
        rows.prefetch_related("aliases").order_by("-created_ms", "-pk")[
            :NEWEST_VERSIONS
        ]
    )


# ---------------------------------------------------------------- first run


def first_run(
    request: HttpRequest, project: Project, *, token: str = ""
) -> dict[str, Any]:
    """The four steps: install, connect, log, see it here."""
    uri = snippets.tracking_uri(request, project)
    how = request.GET.get("how", "")
    how = how if how in snippets.FORMS else "shell"
    library = request.GET.get("lib", "")
    library = library if library in snippets.LOG else "python"
    needs_token = not is_local()
    shown = token or ("YOUR_TOKEN" if needs_token else "")
    return {
        "install": snippets.install(library),
        "connect": snippets.connect(how, uri=uri, token=shown),
        "connect_tabs": tabs(snippets.FORMS, how, f"?lib={library}&how="),
        "log": snippets.log(library, uri=uri, needs_token=needs_token),
        "log_tabs": tabs(snippets.LOG, library, f"?how={how}&lib="),
        "token": token,
        "may_log": find.may(request, project, Role.WRITER),
        "uri": uri,
        "newest": project.candidates.alive().order_by("-iid").first(),
        "project": project,
    }


class Tab(NamedTuple):
    label: str
    url: str
    is_current: bool


def tabs(choices: Mapping[str, tuple[Any, ...]], current: str, url: str) -> list[Tab]:
    return [
        Tab(choice[0], url + name, name == current) for name, choice in choices.items()
    ]


@needs(Role.READER, changes=Role.WRITER)
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """The first run; a POST makes a token, which is in this one answer and never again."""
    project = find.project(request, slug)
    token = ""
    if request.method == "POST":
        token = new_token(request, project)
    page = {
        "project": project,
        "section": "start",
        "start": first_run(request, project, token=token),
    }
    response = render(request, "dashboard/start.html", page)
    if token:
        response["Cache-Control"] = "no-store"
    return response


def new_token(request: HttpRequest, project: Project) -> str:
    """A token that can log to this project, for the default time; empty in local mode."""
    if is_local() or not request.user.is_authenticated:
        return ""
    name = f"First run of {project.slug}"[:100]
    return tokens.issue(request.user, name=name, project=project).secret


@needs(Role.READER)
def newest(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest candidate after number `since`; 204 while there is none."""
    project = find.project(request, slug)
    since = request.GET.get("since", "")
    is_number = since.isascii() and since.isdigit() and len(since) < 19
    after = int(since) if is_number else 0
    candidate = (
        project.candidates.alive()
        .filter(iid__gt=after)
        .order_by("-iid")
        .select_related("experiment")
        .first()
    )
    if candidate is None:
        return HttpResponse(status=204)
    return JsonResponse(
        {
            "number": candidate.iid,
            "name": candidate.name,
            "experiment": candidate.experiment.name,
            "url": reverse("candidate", args=[project.slug, candidate.iid]),
        }
    )
