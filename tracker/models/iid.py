"""Handing out iids: 1, 2, 3 within a project, never one twice."""

from django.db import connection, models

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
    if (number := _bumped(project_id, kind)) is None:
        Counter.objects.bulk_create(
            [Counter(project_id=project_id, kind=kind)], ignore_conflicts=True
        )
        number = _bumped(project_id, kind)
    assert number is not None
    return number


def _bumped(project_id: int, kind: Counter.Kind) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tracker_counter SET last = last + 1"
            " WHERE project_id = %s AND kind = %s RETURNING last",
            [project_id, kind.value],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])
