"""Handing out iids: 1, 2, 3 within a project, never one twice."""

from django.db import models
from django.db.models import F

from tracker.models.access import Project


class Counter(models.Model):
    """The last number given to one kind of thing in a project."""

    class Kind(models.TextChoices):
        EXPERIMENT = "experiment"
        CANDIDATE = "candidate"

    project = models.ForeignKey(Project, models.CASCADE, related_name="counters")
    kind = models.CharField(max_length=10, choices=Kind)
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind"], name="one_counter_per_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project}: {self.kind} {self.last}"


def next_iid(project_id: int, kind: Counter.Kind) -> int:
    """The next number. Call it inside a transaction: the counter stays locked until its end."""
    counter = Counter.objects.filter(project_id=project_id, kind=kind)
    if not counter.update(last=F("last") + 1):
        Counter.objects.bulk_create(
            [Counter(project_id=project_id, kind=kind)], ignore_conflicts=True
        )
        counter.update(last=F("last") + 1)
    return counter.values_list("last", flat=True).get()
