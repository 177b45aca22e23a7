"""Experiments: named lists of candidates, their tags, and the keys their candidates use."""

from collections.abc import Iterable
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from tracker.errors import Invalid
from tracker.models.access import Project

# The longest silence that can be waited for: a year.
MOST_HOURS = 365 * 24
MOST_INTERVALS = 1000
QUIET_FIRST = "Quiet comes before lost: not after more intervals than that."
LOST_FIRST = "Lost comes before ended: not sooner than that."


def between(least: int, most: int) -> list[MinValueValidator | MaxValueValidator]:
    return [
        MinValueValidator(least),
        MaxValueValidator(most),
    ]


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)


class ExperimentManager(models.Manager["Experiment"]):
    """All but those whose purge has begun: nobody sees half an experiment."""

    def get_queryset(self) -> ExperimentQuerySet:
        return ExperimentQuerySet(self.model, using=self._db).filter(purged_at=None)

    def alive(self) -> ExperimentQuerySet:
        return self.get_queryset().alive()


class Experiment(models.Model):
    """A named list of candidates. Every project is born with number 0, "Default"."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="experiments")
    iid = models.PositiveBigIntegerField()
    name = models.CharField(max_length=500)
    # An object-store address that clients write to by themselves, or empty: our own storage.
    artifact_location = models.CharField(max_length=2048, blank=True)
    created_ms = models.BigIntegerField()
    updated_ms = models.BigIntegerField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)  # its purge has begun

    # How long its candidates may be silent, counted in their usual intervals: states.py.
    quiet_factor = models.PositiveSmallIntegerField(
        default=3, db_default=3, validators=between(1, MOST_INTERVALS)
    )
    stalled_factor = models.PositiveSmallIntegerField(
        default=10,
        db_default=10,
        validators=between(1, MOST_INTERVALS),
    )
    lost_factor = models.PositiveSmallIntegerField(
        default=10, db_default=10, validators=between(1, MOST_INTERVALS)
    )
    lost_minutes = models.PositiveIntegerField(
        default=10,
        db_default=10,
        validators=between(0, MOST_HOURS * 60),
    )
    # After so many hours of silence a running one counts as failed. Empty: never.
    close_hours = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=between(1, MOST_HOURS),
    )

    # How its people judge its metrics, over the project's rules: as in MetricRules.rules.
    metric_rules = models.JSONField(null=True, blank=True)

    objects = ExperimentManager()
    with_purged = ExperimentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "iid"], name="experiment_iid"),
            models.UniqueConstraint(fields=["project", "name"], name="experiment_name"),
        ]
        indexes = [
            models.Index(
                fields=["project", "-created_ms", "iid"], name="experiment_newest"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """That what it says of silence makes sense together."""
        if self.quiet_factor > self.lost_factor:
            raise ValidationError({"quiet_factor": QUIET_FIRST})
        if self.close_hours and self.close_hours * 60 < self.lost_minutes:
            raise ValidationError({"close_hours": LOST_FIRST})

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    def must_be_active(self) -> None:
        """Raises Invalid where it is deleted."""
        if self.is_deleted:
            raise Invalid(
                f"The experiment {self.iid} must be in the 'active' state. Current state is"
                " deleted."
            )


class ExperimentTag(models.Model):
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="tags")
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "key"], name="experiment_tag_key"
            )
        ]

    def __str__(self) -> str:
        return self.key


class Kind(models.TextChoices):
    """The kinds of keys that candidates carry."""

    PARAM = "p", "Parameter"
    METRIC = "m", "Metric"
    TAG = "t", "Tag"


class Key(models.Model):
    """The catalogue: a key that some candidate of the experiment uses.

    Logging only adds what is missing; the counts are filled in by a task, so that no
    two scripts ever wait for the same row.
    """

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="keys")
    kind = models.CharField(max_length=1, choices=Kind)
    key = models.CharField(max_length=250)
    candidates = models.PositiveIntegerField(default=0)  # how many use it
    distinct = models.PositiveIntegerField(default=0)  # values, counted up to 1,000
    is_numeric = models.BooleanField(default=False)  # every value reads as a number
    counted_at = models.DateTimeField(null=True, blank=True)
    # Nobody has it any more, not even in the trash: moved away, or purged.
    is_unused = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "kind", "key"], name="catalogue_key"
            )
        ]
        indexes = [models.Index(fields=["counted_at"], name="catalogue_stale")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


class Tally(models.Model):
    """How many candidates a very large experiment had when the worker counted them."""

    experiment = models.OneToOneField(
        Experiment, models.CASCADE, primary_key=True, related_name="tally"
    )
    candidates = models.PositiveBigIntegerField()
    failed = models.PositiveBigIntegerField()
    ended_ms = models.BigIntegerField(null=True)
    upto = models.BigIntegerField()  # greater primary keys came later
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.candidates} of {self.experiment_id}"


class Recount(models.Model):
    """A wish that an experiment's catalogue be counted again.

    A row of its own for each, so that nobody who changes an experiment waits for another.
    """

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "catalogues to count"

    def __str__(self) -> str:
        return f"recount of {self.experiment_id}"

    @staticmethod
    def ask(experiments: Iterable[int]) -> None:
        Recount.objects.bulk_create(
            Recount(experiment_id=experiment) for experiment in sorted(set(experiments))
        )
