"""Finding what an address names, for the person who asks.

The project comes first and through `visible_to`, so a stranger gets 404 and learns
nothing; what a page changes asks the one permission function for the role.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard import directions
from dashboard.charts import pins
from tracker import access, permits
from tracker.access import Actor
from tracker.errors import Denied, NotFound
from tracker.models import (
    Candidate,
    Experiment,
    ExperimentTag,
    Project,
    RegisteredModel,
    Role,
    Star,
    Status,
    User,
)
from tracker.models.states import now_ms
from tracker.prepared import Question
from tracker.search.registry import no_prompts

NOTE = "mlflow.note.content"  # the tag that describes an experiment


def number_of(rows: QuerySet[Any], *, by: str) -> Coalesce:
    """How many of these rows belong to the row outside; `by` names the link to it."""
    counted = rows.order_by().values(by).annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


def with_counts(projects: QuerySet[Project]) -> QuerySet[Project]:
    """What the side bar counts, and how the project's people judge its metrics."""
    experiments = Experiment.objects.alive().filter(project=OuterRef("pk"))
    models = RegisteredModel.objects.filter(no_prompts(), project=OuterRef("pk"))
    return projects.annotate(
        experiment_count=number_of(experiments, by="project"),
        model_count=number_of(models, by="project"),
        judged=F("metric_rules__rules"),
    )


@Question
def to_everyone(slug: str) -> QuerySet[Project]:
    return with_counts(Project.objects.visible_to(AnonymousUser()).filter(slug=slug))


@Question
def to_operators(slug: str) -> QuerySet[Project]:
    operator = User(is_superuser=True)
    return with_counts(Project.objects.visible_to(operator).filter(slug=slug))


@Question
def to_people(slug: str, user: int, at: datetime) -> QuerySet[Project]:
    person = User(pk=user)
    visible = Project.objects.visible_to(person, at).filter(slug=slug)
    return with_counts(access.with_role(visible, person, at))


def project(request: HttpRequest, slug: str, *, needs: Role | None = None) -> Project:
    """The project at this address, with what the side bar counts.

    Asks for the role that the view has declared, or for another one. Raises Http404 (Gone
    where it was deleted), and PermissionDenied where the role is missing.
    """
    if "\0" in slug:  # PostgreSQL cannot even look for it
        raise Http404
    if not request.user.is_authenticated:
        found = to_everyone.first(slug=slug)
    elif request.user.is_superuser:
        found = to_operators.first(slug=slug)
    else:
        found = to_people.first(slug=slug, user=request.user.pk, at=timezone.now())
    if found is None:
        raise missing(request, slug)
    # Looked up with the project; the side bar and the page ask for it too.
    role_here = access.role_here(found, request.user)
    vars(request)["role_here"] = (found.pk, role_here)
    needs = needs or permits.role_needed(request)
    directions.confirm(vars(found)["judged"] or {})
    if needs is not None:
        allow(request, found, needs)
    return found


class Gone(Http404):
    """A project that was deleted, asked for by somebody who belonged to it."""

    def __init__(self, project: Project, role: Role) -> None:
        super().__init__()
        self.project = project
        self.role = role


def missing(request: HttpRequest, slug: str) -> Http404:
    deleted = Project.objects.in_trash().filter(slug=slug).first()
    role = access.remembers(deleted, Actor(request.user)) if deleted else None
    return Gone(deleted, role) if deleted and role else Http404()


def slug_of(address: str) -> str:
    """A project's slug, from the slug or the number that GitLab's snippets put there."""
    if not (address.isascii() and address.isdigit() and len(address) < 19):
        return address
    found = Project.objects.filter(pk=int(address)).values_list("slug", flat=True)
    return found.first() or address


def role(request: HttpRequest, project: Project) -> Role | None:
    """The person's role, as the one permission function says."""
    known, role_here = vars(request).get("role_here", (None, None))
    if known == project.pk:
        return cast(Role | None, role_here)
    return access.role_in(project, Actor(request.user))


def allow(request: HttpRequest, project: Project, needs: Role) -> None:
    """Raises Http404, or PermissionDenied."""
    try:
        access.check(needs, role(request, project), project)
    except NotFound:
        raise Http404 from None
    except Denied as problem:
        raise PermissionDenied(problem.message) from None


def may(request: HttpRequest, project: Project, needs: Role) -> bool:
    """Whether to show a control at all; the view behind it asks again."""
    mine = role(request, project)
    return mine is not None and mine >= needs


def person(request: HttpRequest) -> User:
    """Whoever asks, where reading needs no account but keeping something does."""
    if not request.user.is_authenticated:
        raise PermissionDenied("Sign in first: this is kept for you.")
    return request.user


# Tags of an experiment that say how its pages look; scripts may read and set them too.
BASELINE = "tracker.baseline"
PRIMARY = "tracker.primary"
DEFAULT_VIEW = "tracker.view"
ARCHIVED = "tracker.archived"
SETTINGS = {"note": NOTE, "baseline": BASELINE, "primary": PRIMARY} | {
    "view": DEFAULT_VIEW,
    "archived": ARCHIVED,
    "pinned": pins.TAG,
}


class Opened(NamedTuple):
    """An experiment, how many candidates it has, how many of them are live, and its settings."""

    experiment: Experiment
    total: int
    live: int
    note: str
    baseline: int | None = None  # the number of the candidate to measure against
    primary: str = ""  # the metric that somebody chose to judge by
    view: str = ""  # the slug of the default view
    is_archived: bool = False
    is_starred: bool = False
    newest_iid: int = 0
    written_ms: int = 0  # the last sign of life of what runs
    archived_count: int = 0
    pinned: tuple[str, ...] = ()  # metrics to show first

    def shown(self, with_archived: bool) -> int:
        """How many candidates its table has."""
        return self.total if with_archived else self.total - self.archived_count


@Question
def opened(project: int, iid: int, user: int, now: int) -> QuerySet[Experiment]:
    """An experiment with all that `Opened` says of it."""
    alive = Candidate.objects.alive().filter(experiment=OuterRef("pk"))
    running = alive.filter(status=Status.RUNNING)
    archived = alive.filter(archived_at__isnull=False)
    newest = alive.order_by("-started_ms", "eid")
    written = running.order_by().values("experiment").annotate(last=Max("written_ms"))
    stars = Star.objects.filter(experiment=OuterRef("pk"), user=user)
    return Experiment.objects.filter(project=project, iid=iid).annotate(
        total=total(alive),
        live=number_of(alive.live(now), by="experiment"),
        archived_count=number_of(archived, by="experiment"),
        is_starred=Exists(stars),
        newest_iid=Coalesce(Subquery(newest.values("iid")[:1]), 0),
        written=Coalesce(Subquery(written.values("last")), 0),
        **{name: said(key) for name, key in SETTINGS.items()},
    )


def experiment(project: Project, iid: int, *, user: User | None = None) -> Opened:
    """One query. Deleted ones too: `gone` answers for those. Raises Http404."""
    if iid > BigIntegerField.MAX_BIGINT:  # SQLite cannot even look for it
        raise Http404
    found = opened.first(
        project=project.pk, iid=iid, user=user.pk if user else 0, now=now_ms()
    )
    if found is None:
        raise Http404
    found.project = project
    directions.narrow(found.metric_rules)
    kept = vars(found)  # annotations, which no type knows of
    number = kept["baseline"].lstrip("#")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    return Opened(
        found,
        kept["total"],
        kept["live"],
        kept["note"],
        int(number) if is_number else None,
        kept["primary"],
        kept["view"],
        kept["archived"] == "true",
        kept["is_starred"],
        kept["newest_iid"],
        kept["written"],
        kept["archived_count"],
        tuple(pins.read(kept["pinned"])),
    )


def total(alive: QuerySet[Candidate]) -> Coalesce:
    """How many candidates the experiment outside has: of very many, as the worker says."""
    # Along the keys, whose end is short. Given the choice, PostgreSQL reads the whole
    # experiment along its index, because it takes a third of any rows to come after.
    since = Candidate.objects.alive().filter(pk__gt=OuterRef("tally__upto"))
    since = since.annotate(of=F("experiment_id") + 0).filter(of=OuterRef("pk"))
    tallied = F("tally__candidates") + number_of(since, by="of")
    return Coalesce(tallied, number_of(alive, by="experiment"))


def said(key: str) -> Coalesce:
    """What a tag of the experiment outside says; empty where there is none."""
    rows = ExperimentTag.objects.filter(experiment=OuterRef("pk"), key=key)
    return Coalesce(Subquery(rows.values("value")), Value(""), output_field=TextField())


def gone(
    request: HttpRequest, project: Project, thing: Experiment | Candidate
) -> HttpResponse:
    """410 for what was deleted and can still be restored."""
    assert thing.deleted_at
    return render(
        request,
        "dashboard/gone.html",
        {
            "project": project,
            "thing": thing,
            "kind": "experiment" if isinstance(thing, Experiment) else "candidate",
            "until": thing.deleted_at + timedelta(days=settings.PURGE_AFTER_DAYS),
            "may_restore": may(request, project, Role.WRITER),
        },
        status=410,
    )
