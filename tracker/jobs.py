"""Jobs: asked for in a request, done by a worker, each as often as it takes and no more.

A kind of job is a function with a name. Whoever enqueues one gets a row; whoever holds
the row's lease works on it and says how far it is. A worker may be killed anywhere and
another takes over, so a kind must be safe to run twice:

    @jobs.kind("candidates.delete")
    def delete_many(attempt: jobs.Attempt) -> str:
        iids = attempt.arguments["iids"]
        for number, iid in enumerate(iids, start=1):
            ...
            attempt.progress(number, len(iids))
        return f"{len(iids)} candidates are in the trash."

    job = jobs.enqueue(
        delete_many, "Delete 120 candidates",
        project=project, asked_by=request.user, arguments={"iids": iids},
    )

A worker knows the kinds of the modules that a `tasks.py` imports.
"""

import logging
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple, TypeAlias

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from tracker import wakeups
from tracker.errors import Conflict, Full, TrackerError, Unavailable
from tracker.models import Job, Project, User, Worker
from tracker.version import VERSION

log = logging.getLogger(__name__)

# Short, so that the work of a killed worker is soon taken up; progress() renews it.
LEASE = timedelta(seconds=settings.LEASE_SECONDS)
TELL_SECONDS = 1.0  # progress is written this often, however often it is reported
ROUND_SECONDS = 20.0
MAX_ATTEMPTS = 5
PAUSE = timedelta(seconds=15)  # after an attempt that failed, times two each time
LONGEST_PAUSE = timedelta(minutes=10)
KEEP_FINISHED = timedelta(days=30)
KEEP_WORKERS = timedelta(days=1)
BATCH = 1000
TASK = "tracker.tasks.do"


class LeaseLost(Exception):
    """Another worker has taken over, or the job is gone."""


class Done(NamedTuple):
    """What came of it: a sentence for people, and facts for the page that waits."""

    outcome: str
    result: Mapping[str, Any] = {}


class Again(NamedTuple):
    """There is more to do: let other jobs have a turn, then go on from what is remembered."""


class Attempt:
    """One try at a job, by the holder of its lease."""

    def __init__(self, job: Job, lease: timedelta) -> None:
        self.job = job
        self.arguments: dict[str, Any] = job.arguments
        # What earlier attempts left behind. What is put here is kept by progress().
        self.remembered: dict[str, Any] = job.remembered
        self.lease = lease
        self.began = self.told = time.monotonic()

    @property
    def is_over(self) -> bool:
        """The round has lasted long enough: return Again()."""
        return time.monotonic() - self.began > ROUND_SECONDS

    def progress(
        self, done: int, total: int | None = None, *, now: bool = False
    ) -> None:
        """Say how far it is, and keep the lease. Raises LeaseLost: let it through.

        Call it at least every ten seconds or so, as often as you like.
        """
        self.job.done = done
        self.job.total = self.job.total if total is None else total
        if now or time.monotonic() - self.told >= TELL_SECONDS:
            self.tell()

    def tell(self) -> None:
        self.told = time.monotonic()
        record(self.job, **self.so_far(), claimed_until=timezone.now() + self.lease)

    def so_far(self) -> dict[str, Any]:
        return {
            "done": self.job.done,
            "total": self.job.total,
            "remembered": self.remembered,
        }


Work: TypeAlias = Callable[[Attempt], str | Done | Again]


class Kind(NamedTuple):
    """A function that does jobs of one name."""

    name: str
    work: Work
    lease: timedelta = LEASE


KINDS: dict[str, Kind] = {}


def kind(name: str, *, lease: timedelta = LEASE) -> Callable[[Work], Kind]:
    """Register a function under a name that stays: rows in the database carry it.

    A longer lease is for work that cannot report progress; it is also how long such a
    job lies idle when its worker is killed.
    """

    def register(work: Work) -> Kind:
        if name in KINDS:
            raise AssertionError(f"two kinds of job are called {name!r}")
        KINDS[name] = Kind(name, work, lease)
        return KINDS[name]

    return register


# ---------------------------------------------------------------- asking for one


def enqueue(
    kind: Kind,
    title: str,
    *,
    arguments: Mapping[str, Any] | None = None,
    project: Project | None = None,
    asked_by: User | AnonymousUser | None = None,
    once: str = "",
) -> Job:
    """A row for a job, and a wake-up as soon as the transaction is committed.

    With `once`, an unfinished job that was enqueued with the same text is returned
    instead of a second one.
    """
    for _ in range(3):  # the standing one may end between our two looks
        job = Job(
            kind=kind.name,
            title=title[:300],
            arguments=dict(arguments or {}),
            project=project,
            asked_by=asked_by if isinstance(asked_by, User) else None,
            once=once,
        )
        try:
            with transaction.atomic():
                job.save(force_insert=True)
        except IntegrityError:
            standing = Job.objects.unfinished().filter(once=once).first()
            if once and standing:
                return standing
        else:
            wakeups.after_commit(TASK, job.pk)
            return job
    raise Conflict("The same was asked for several times at once. Try again.")


def retry(job: Job) -> None:
    """Try a failed job again, as if it were new. Raises Conflict where it did not fail."""
    failed = Job.objects.filter(pk=job.pk, state=Job.State.FAILED)
    try:
        with transaction.atomic():
            waits = failed.update(
                state=Job.State.PENDING,
                attempts=0,
                claimed_by="",
                claimed_until=None,
                finished_at=None,
            )
    except IntegrityError:
        raise Conflict("The same is waiting or running already.") from None
    if not waits:
        raise Conflict("Only a job that has failed can be tried again.")
    wakeups.after_commit(TASK, job.pk)


# ---------------------------------------------------------------- doing one


def claim(job_id: int) -> Job | None:
    """Take the lease of a job that is due, or None where there is nothing to do."""
    holder = uuid.uuid4().hex
    now = timezone.now()
    taken = (
        Job.objects.to_do()
        .filter(pk=job_id)
        .update(
            state=Job.State.RUNNING,
            claimed_by=holder,
            claimed_until=now + LEASE,
            attempts=F("attempts") + 1,
        )
    )
    if not taken:
        return None
    return Job.objects.filter(pk=job_id, claimed_by=holder).first()


def run(job: Job) -> None:
    """Work on a claimed job, and record what came of it or why that failed."""
    kind = KINDS.get(job.kind)
    try:
        if kind is None:
            end(job, problem="This server does not know how to do that.")
        elif job.attempts > MAX_ATTEMPTS:
            # Its worker died each time: perhaps of this job.
            end(job, problem=f"It was broken off {MAX_ATTEMPTS} times.")
        else:
            attempt(job, kind)
    except LeaseLost:
        log.info("job %s: the lease is lost, another worker has it", job.pk)


def attempt(job: Job, kind: Kind) -> None:
    this = Attempt(job, kind.lease)
    record(
        job,
        started_at=job.started_at or timezone.now(),
        claimed_until=timezone.now() + kind.lease,
    )
    try:
        came = kind.work(this)
    except LeaseLost:
        raise
    except (Full, Unavailable) as problem:
        # Not the job's fault: as often as it takes.
        release(job, str(problem), attempts=0, **this.so_far())
    except TrackerError as problem:
        end(job, problem=str(problem), **this.so_far())
    except Exception as problem:
        log.exception("job %s", job.pk)
        if job.attempts < MAX_ATTEMPTS:
            release(job, brief(problem), attempts=job.attempts, **this.so_far())
        else:
            reason = f"It failed {MAX_ATTEMPTS} times. The last time: {brief(problem)}"
            end(job, problem=reason, **this.so_far())
    else:
        if isinstance(came, Again):
            release(job, "", attempts=0, pause=timedelta(0), **this.so_far())
            wakeups.send(TASK, job.pk)
            return
        outcome, result = (came, {}) if isinstance(came, str) else came
        end(job, outcome=outcome, result=dict(result), **this.so_far())


def brief(problem: Exception) -> str:
    """An unexpected error in one line."""
    words = " ".join(str(problem).split())
    name = type(problem).__name__
    return f"{name}: {words}"[:300] if words else name


def record(job: Job, **found: Any) -> None:
    """Write what only the holder of the lease may write."""
    if not Job.objects.filter(pk=job.pk, claimed_by=job.claimed_by).update(**found):
        raise LeaseLost


def end(job: Job, *, problem: str = "", **found: Any) -> None:
    if problem:
        log.warning("job %s, %s: %s", job.pk, job.title, problem)
    record(
        job,
        state=Job.State.FAILED if problem else Job.State.DONE,
        problem=problem,
        claimed_by="",
        claimed_until=None,
        finished_at=timezone.now(),
        **found,
    )


def release(
    job: Job,
    problem: str,
    *,
    attempts: int,
    pause: timedelta | None = None,
    **found: Any,
) -> None:
    """Give it back for another try after a pause, which grows."""
    if pause is None:
        pause = min(PAUSE * 2**attempts, LONGEST_PAUSE)
    record(
        job,
        state=Job.State.PENDING,
        problem=problem,
        attempts=attempts,
        claimed_by="",
        claimed_until=timezone.now() + pause,
        **found,
    )


# ---------------------------------------------------------------- what is left over


def run_waiting(seconds: float) -> bool:
    """Take up what waits or was left by a dead worker; True where there is still more."""
    end = time.monotonic() + seconds
    while True:
        waiting = (
            Job.objects.to_do()
            .order_by(F("claimed_until").asc(nulls_first=True), "created_at")
            .values_list("pk", flat=True)[:20]
        )
        job = next(filter(None, map(claim, waiting)), None)
        if job is None:
            return False
        run(job)
        if time.monotonic() > end:
            return Job.objects.to_do().exists()


def forget_finished() -> int:
    """Delete the rows of jobs that ended a month ago, a bounded number of them."""
    old = Job.objects.filter(
        state__in=[Job.State.DONE, Job.State.FAILED],
        finished_at__lt=timezone.now() - KEEP_FINISHED,
    ).values_list("pk", flat=True)[:BATCH]
    deleted, _ = Job.objects.filter(pk__in=list(old)).delete()
    return deleted


def sign_in() -> None:
    """Note that the worker of this machine does its rounds."""
    Worker.objects.update_or_create(
        name=socket.gethostname()[:200],
        defaults={"version": VERSION, "seen_at": timezone.now()},
    )
    Worker.objects.filter(seen_at__lt=timezone.now() - KEEP_WORKERS).delete()
