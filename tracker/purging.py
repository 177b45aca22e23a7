"""Purging: what has been in the trash long enough, or is thrown away by hand, is gone.

Rows go in bounded batches, each candidate or model whole in one transaction: nobody ever
sees half of one, and no other writer waits long. An experiment disappears first, then
what is in it. The points of a series follow when nothing leads to them any more, and so
do files: their rows let go of the owner, and the sweep of the artifacts removes them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from tracker import audit, jobs
from tracker.errors import Conflict
from tracker.models import (
    Candidate,
    DiscardedSeries,
    Experiment,
    Job,
    LoggedModel,
    Membership,
    Metric,
    ModelVersion,
    Point,
    Project,
    Recount,
    User,
    What,
)
from tracker.transactions import atomically

BATCH = 200  # candidates or models in one transaction, or
BATCH_ROWS = 5_000  # fewer, where they have many metrics or files
BATCH_POINTS = 20_000
MAX_CHOSEN = 10_000


# What a version of a registered model names as its origin; its files may lie there.
NEEDED = {"eid__in": ModelVersion.objects.values("run_id")}
NEEDED_MODEL = {"eid__in": ModelVersion.objects.values("model_eid")}


@dataclass(frozen=True)
class Scope:
    """Which part of the trash. Ids are primary keys; None means all there are."""

    project: int | None = None
    experiments: Sequence[int] | None = None
    candidates: Sequence[int] | None = None
    models: Sequence[int] | None = None
    deleted_before: str = ""  # a time in ISO 8601
    spares_versions: bool = False  # leave what registered models were made of
    whole: bool = False  # the project itself with all it holds

    @classmethod
    def expired(cls) -> Self:
        """What nobody wanted back for as long as the trash keeps things."""
        kept = timedelta(days=settings.PURGE_AFTER_DAYS)
        before = timezone.now() - kept
        return cls(deleted_before=before.isoformat(), spares_versions=True)

    @classmethod
    def all_of(cls, project: Project) -> Self:
        """All that is in the trash now; what is deleted later stays."""
        return cls(project.pk, deleted_before=timezone.now().isoformat())

    @classmethod
    def project_of(cls, project: Project) -> Self:
        """A deleted project with everything in it."""
        return cls(project.pk, whole=True)

    @classmethod
    def chosen(
        cls,
        project: Project,
        *,
        experiments: Iterable[int] = (),
        candidates: Iterable[int] = (),
        models: Iterable[int] = (),
    ) -> Self:
        return cls(
            project.pk,
            experiments=tuple(experiments)[:MAX_CHOSEN],
            candidates=tuple(candidates)[:MAX_CHOSEN],
            models=tuple(models)[:MAX_CHOSEN],
        )

    def condition(self, chosen: Sequence[int] | None) -> Q:
        wanted = Q(deleted_at__isnull=False)
        if self.project is not None:
            wanted &= Q(project=self.project)
        if chosen is not None:
            wanted &= Q(pk__in=chosen)
        if self.deleted_before:
            wanted &= Q(deleted_at__lt=datetime.fromisoformat(self.deleted_before))
        return wanted

    def condemned_experiments(self) -> QuerySet[Experiment]:
        """Number 0 stays: every project has it. Its candidates go one by one."""
        if self.whole:
            return Experiment.objects.filter(project=self.project)
        found = Experiment.objects.filter(self.condition(self.experiments), iid__gt=0)
        if self.spares_versions:
            inside = {"experiment": OuterRef("pk")}
            found = found.exclude(Exists(Candidate.objects.filter(**inside, **NEEDED)))
            found = found.exclude(
                Exists(LoggedModel.objects.filter(**inside, **NEEDED_MODEL))
            )
        return found

    def condemned_candidates(self) -> QuerySet[Candidate]:
        """Those that go by themselves."""
        if self.whole:
            return Candidate.objects.none()
        found = Candidate.objects.filter(self.condition(self.candidates))
        return found.exclude(**NEEDED) if self.spares_versions else found

    def condemned_models(self) -> QuerySet[LoggedModel]:
        if self.whole:
            return LoggedModel.objects.none()
        found = LoggedModel.objects.filter(self.condition(self.models))
        return found.exclude(**NEEDED_MODEL) if self.spares_versions else found


# What a version of a registered model names as its origin; its files may lie there.
class Frees(NamedTuple):
    """What a purge takes away."""

    experiments: int = 0
    candidates: int = 0
    models: int = 0
    points: int = 0
    files: int = 0
    size_bytes: int = 0
    versions: int = 0  # of registered models, which lose where they came from

    def __bool__(self) -> bool:
        return bool(self.experiments or self.candidates or self.models)

    def plus(self, other: "Frees") -> "Frees":
        return Frees(*map(sum, zip(self, other, strict=True)))

    @property
    def things(self) -> str:
        """ "12 candidates and 1 experiment"."""
        named = [
            (self.experiments, "experiment"),
            (self.candidates, "candidate"),
            (self.models, "logged model"),
        ]
        parts = [counted(number, noun) for number, noun in named if number]
        return enumeration(parts) or "nothing"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def enumeration(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


# ---------------------------------------------------------------- asking and beginning


def frees(scope: Scope) -> Frees:
    """What purging it would take away, in a fixed number of queries."""
    experiments = scope.condemned_experiments()
    inside = Q(experiment__in=experiments.values("pk"))
    found = Frees(experiments=experiments.count())
    for candidates in (
        Candidate.objects.filter(inside),
        scope.condemned_candidates().exclude(inside),
    ):
        found = found.plus(of_candidates(candidates))
    for models in (
        LoggedModel.objects.filter(inside),
        scope.condemned_models().exclude(inside),
    ):
        found = found.plus(of_models(models))
    return found


def of_candidates(candidates: QuerySet[Candidate]) -> Frees:
    files = candidates.aggregate(
        files=Count("artifacts"), size_bytes=Sum("artifacts__size_bytes", default=0)
    )
    versions = ModelVersion.objects.filter(run_id__in=candidates.values("eid"))
    return Frees(
        versions=versions.count(),
        candidates=candidates.count(),
        points=candidates.aggregate(all=Sum("metrics__count", default=0))["all"],
        **files,
    )


def of_models(models: QuerySet[LoggedModel]) -> Frees:
    files = models.aggregate(
        files=Count("artifacts"), size_bytes=Sum("artifacts__size_bytes", default=0)
    )
    return Frees(models=models.count(), **files)


@atomically
def begin(
    scope: Scope, *, asked_by: User | AnonymousUser | None = None, once: str = ""
) -> Job:
    """Have it purged behind the request. Experiments disappear at once."""
    found = frees(scope)
    project = None
    if scope.project is not None:
        project = Project.objects.filter(pk=scope.project).first()
        by = asked_by if isinstance(asked_by, User) else None
        audit.record(What.PURGED, project=project, by=by, note=found.things)
    name = f"the project {project}" if scope.whole else found.things
    condemn(scope)
    return jobs.enqueue(
        purge,
        f"Purge {name}",
        # A project takes its jobs along when it goes.
        project=None if scope.whole else project,
        asked_by=asked_by,
        arguments={"scope": asdict(scope), "frees": found._asdict()},
        once=once,
    )


def purge_expired() -> list[Job]:
    """Have purged what the trash has kept long enough, and what was left half done."""
    scope = Scope.expired()
    projects = {
        project
        for things in (
            scope.condemned_experiments(),
            scope.condemned_candidates(),
            scope.condemned_models(),
            begun(),
        )
        for project in things.order_by().values_list("project", flat=True).distinct()
    }
    whole = Project.objects.filter(
        Q(deleted_at__lt=datetime.fromisoformat(scope.deleted_before))
        | Q(purged_at__isnull=False)
    ).in_bulk()
    scopes = [
        replace(scope, project=project) for project in sorted(projects - whole.keys())
    ]
    scopes += map(Scope.project_of, whole.values())
    if not scopes and DiscardedSeries.objects.exists():
        scopes = [scope]
    waiting = Job.objects.unfinished().filter(kind=purge.name).values_list("once")
    known = {once for (once,) in waiting}
    return [
        begin(one, once=f"purge:{one.project}")
        for one in scopes
        if f"purge:{one.project}" not in known
    ]


@atomically
def condemn(scope: Scope) -> int:
    """Take experiments out of everybody's sight, and set their names free."""
    experiments = list(scope.condemned_experiments().select_for_update())
    for experiment in experiments:
        experiment.purged_at = timezone.now()
        experiment.name = f"{experiment.name[:470]} (purged {experiment.pk})"
    Experiment.with_purged.bulk_update(experiments, ["purged_at", "name"])
    if scope.whole:
        condemn_project(scope)
    return len(experiments)


def condemn_project(scope: Scope) -> None:
    """Nobody is a member any more, and its address is free."""
    deleted = Project.objects.filter(pk__in=[scope.project], deleted_at__isnull=False)
    if not deleted.exists():
        raise Conflict("Only a project that is deleted can be purged.")
    User.objects.filter(is_bot=True, memberships__project=scope.project).delete()
    Membership.objects.filter(project=scope.project).delete()
    deleted.filter(purged_at=None).update(
        purged_at=timezone.now(), slug=f"purged.{scope.project}", name="(purged)"
    )


# ---------------------------------------------------------------- doing it


@jobs.kind("purge")
def purge(attempt: jobs.Attempt) -> str | jobs.Again:
    """In rounds. What is remembered is only for the bar: the trash knows what is left."""
    scope = Scope(**attempt.arguments["scope"])
    found = Frees(**attempt.arguments["frees"])
    condemn(scope)
    total = sum((found.experiments, found.candidates, found.models, found.points))
    done = attempt.remembered.get("done", 0)
    while number := step(scope):
        done += number
        attempt.remembered["done"] = done
        attempt.progress(min(done, total), total)
        if attempt.is_over:
            return jobs.Again()
    return told(found)


def told(found: Frees) -> str:
    if not any(found):
        return "There was nothing to purge."
    with_ = [
        counted(number, noun)
        for number, noun in ((found.points, "point"), (found.files, "file"))
        if number
    ]
    sentence = f"Purged: {found.things}"
    if with_:
        sentence += f", with {enumeration(with_)}"
    return f"{sentence}." + (
        " The space of the files is free within two hours." if found.files else ""
    )


def step(scope: Scope) -> int:
    """One batch of whatever comes next; how many rows, and 0 when nothing is left."""
    inside = Q(experiment__in=begun().values("pk"))
    return (
        purge_candidates(batch(Candidate.objects.filter(inside)))
        or purge_candidates(batch(scope.condemned_candidates()))
        or purge_models(batch(LoggedModel.objects.filter(inside)))
        or purge_models(batch(scope.condemned_models()))
        or purge_experiments()
        or purge_projects()
        or delete_points()
    )


def begun() -> QuerySet[Experiment]:
    """Experiments whose purge has begun, by this job or by one that was broken off."""
    return Experiment.with_purged.filter(purged_at__isnull=False)


def batch(things: QuerySet[Any]) -> list[int]:
    """The first few, so many that no transaction deletes too many rows."""
    ids = list(things.order_by("pk").values_list("pk", flat=True)[:BATCH])
    rows: dict[int, int] = {}
    for many in ("metrics", "artifacts"):
        counts = things.model._default_manager.filter(pk__in=ids).order_by()
        for pk, number in counts.values_list("pk").annotate(Count(many)):
            rows[pk] = rows.get(pk, 10) + number
    taken: list[int] = []
    size = 0
    for pk in ids:
        size += rows.get(pk, 0)
        if taken and size > BATCH_ROWS:
            break
        taken.append(pk)
    return taken


@atomically
def purge_candidates(ids: list[int]) -> int:
    """Delete those that are still in the trash: a restore may have been faster."""
    found = Candidate.objects.filter(pk__in=ids).filter(
        Q(deleted_at__isnull=False) | Q(experiment__in=begun().values("pk"))
    )
    held = list(found.order_by("pk").select_for_update().values_list("pk", flat=True))
    # Locked: whoever builds tiles just now would leave them behind.
    rows = Metric.objects.filter(candidate__in=held).order_by("pk").select_for_update()
    series = rows.values_list("pk", "count")
    DiscardedSeries.objects.bulk_create(
        [DiscardedSeries(metric_id=pk, count=count) for pk, count in series.iterator()],
        ignore_conflicts=True,
        batch_size=1000,
    )
    of = Candidate.objects.filter(pk__in=held).order_by()
    Recount.ask(of.values_list("experiment", flat=True).distinct())
    Candidate.objects.filter(pk__in=held).delete()
    return len(held)


@atomically
def purge_models(ids: list[int]) -> int:
    rows = LoggedModel.objects.filter(pk__in=ids).filter(
        Q(deleted_at__isnull=False) | Q(experiment__in=begun().values("pk"))
    )
    held = list(rows.order_by("pk").select_for_update().values_list("pk", flat=True))
    LoggedModel.objects.filter(pk__in=held).delete()
    return len(held)


@atomically
def purge_experiments() -> int:
    """The rows of those that are empty by now."""
    empty = begun().filter(candidates=None, logged_models=None)[:BATCH]
    ids = list(empty.values_list("pk", flat=True))
    Experiment.with_purged.filter(pk__in=ids).delete()
    return len(ids)


@atomically
def purge_projects() -> int:
    """Those whose experiments are gone, with what else belongs to them."""
    empty = Project.objects.filter(purged_at__isnull=False).exclude(
        Exists(Experiment.with_purged.filter(project=OuterRef("pk")))
    )
    ids = list(empty.values_list("pk", flat=True)[:BATCH])
    Project.objects.filter(pk__in=ids).delete()
    return len(ids)


@atomically
def delete_points() -> int:
    """Points of purged series, so many at a time that nobody waits long."""
    taken: list[int] = []
    size = 0
    for series in DiscardedSeries.objects.order_by("metric_id")[:BATCH]:
        if taken and size + series.count > BATCH_POINTS:
            break
        taken.append(series.metric_id)
        size += series.count
    if size <= BATCH_POINTS:
        deleted, _ = Point.objects.filter(metric__in=taken).delete()
        DiscardedSeries.objects.filter(metric_id__in=taken).delete()
        return max(deleted, len(taken))
    return shorten(taken[0])


def shorten(metric_id: int) -> int:
    """Delete the first points of one long series."""
    points = Point.objects.filter(metric=metric_id)
    ends = points.order_by("step", "timestamp").values_list("step", "timestamp")
    end = ends[BATCH_POINTS : BATCH_POINTS + 1].first()
    if end is None:
        deleted, _ = points.delete()
        DiscardedSeries.objects.filter(metric_id=metric_id).delete()
        return max(deleted, 1)
    step, timestamp = end
    # Where very many points share a step or a time, these go together.
    for first in (
        Q(step__lt=step),
        Q(step=step, timestamp__lt=timestamp),
        Q(step=step, timestamp=timestamp),
    ):
        deleted, _ = points.filter(first).delete()
        if deleted:
            return deleted
    raise AssertionError("the point at the end was among them")
