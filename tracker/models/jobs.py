"""Jobs: what a request asked for and a worker does later, each a row with a lease."""

from typing import Any, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tracker.models.access import Project, User


class JobQuerySet(models.QuerySet["Job"]):
    def to_do(self) -> Self:
        """Waiting and due, or left by a worker whose lease has run out."""
        now = timezone.now()
        return self.unfinished().filter(
            Q(claimed_until=None) | Q(claimed_until__lt=now)
        )

    def unfinished(self) -> Self:
        return self.filter(state__in=Job.UNFINISHED)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Those a person asked for; an operator sees all."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_superuser else self.filter(asked_by=user)


class Job(models.Model):
    """Something to be done behind the request. The row is the job, a message a wake-up."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    UNFINISHED = (State.PENDING, State.RUNNING)

    kind = models.CharField(max_length=50)  # names a function, see tracker/jobs.py
    title = models.CharField(max_length=300)  # what people read: "Purge 12 candidates"
    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="jobs"
    )
    asked_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="jobs"
    )
    arguments = models.JSONField(default=dict, blank=True)
    # Of unfinished jobs with the same text here there is one.
    once = models.CharField(max_length=200, blank=True)

    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    claimed_by = models.CharField(max_length=32, blank=True)
    # Running: until when the lease lasts. Pending: not before.
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    remembered = models.JSONField(default=dict, blank=True)  # for the next attempt

    outcome = models.TextField(blank=True)  # what came of it, in a sentence
    problem = models.TextField(blank=True)  # why it failed, or did the last time
    result = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["once"],
                condition=Q(state__in=["pending", "running"]) & ~Q(once=""),
                name="job_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["claimed_until", "created_at"],
                condition=Q(state__in=["pending", "running"]),
                name="job_to_do",
            ),
            models.Index(fields=["state", "finished_at"], name="job_finished"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)

    @property
    def percent(self) -> int | None:
        """How far it is, or None while nobody knows."""
        if self.state == self.State.DONE:
            return 100
        if not self.total:
            return None
        return min(100, 100 * self.done // self.total)

    def as_facts(self) -> dict[str, Any]:
        """What a script that waits for it is told."""
        return {
            "id": self.pk,
            "kind": self.kind,
            "title": self.title,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "outcome": self.outcome,
            "problem": self.problem,
            "result": self.result,
        }


class Worker(models.Model):
    """A machine whose worker has done its regular round, and when it last did."""

    name = models.CharField(max_length=200, unique=True)
    version = models.CharField(max_length=40)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
