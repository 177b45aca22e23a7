"""Candidates (MLflow's runs) and what a script reports about them.

Times that scripts report are kept as the integers they sent: milliseconds since 1970.
"""

from datetime import UTC, datetime
from typing import Any, Self

import uuid_utils
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Left

from tracker.models.access import Project
from tracker.models.experiments import Experiment
from tracker.models.states import (
    LEAST_INTERVAL_MS,
    State,
    Status,
    in_sql,
    now_ms,
    patience,
)

# How much of a long text the indexes hold: PostgreSQL refuses index rows over 2.7 kB.
INDEXED_CHARS = 64
# Points a series has before tiles condense it.
TILED_FROM = 2048


def new_eid() -> str:
    """32 hexadecimal characters that sort by time, so that inserts stay in one place.

    UUID version 7, RFC 9562.
    """
    return uuid_utils.uuid7().hex


class CandidateQuerySet(models.QuerySet["Candidate"]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def children_of(self, eid: Any) -> Self:
        """Neither database sees by itself that no eid is empty, as the index asks."""
        return self.filter(~Q(parent_eid=""), parent_eid=eid)

    def with_everything(self) -> Self:
        """Params, tags and latest metrics, in three queries whatever the number."""
        return self.prefetch_related("params", "tags", "metrics")

    def with_state(self) -> Self:
        """With `state_now`, to filter and sort by: see `states.state`."""
        return self.annotate(state_now=in_sql())

    def in_state(self, *states: State) -> Self:
        return self.with_state().filter(state_now__in=states)

    def live(self, now: int | None = None) -> Self:
        """What runs, as far as anybody can tell."""
        now = now_ms() if now is None else now
        return self.filter(status=Status.RUNNING, written_ms__gte=now - patience())


class Candidate(models.Model):
    """One training attempt."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="candidates", db_index=False
    )  # the unique key `candidate_iid` begins with it
    experiment = models.ForeignKey(
        Experiment, models.CASCADE, related_name="candidates"
    )
    iid = models.PositiveBigIntegerField()
    eid = models.CharField(max_length=32, unique=True, default=new_eid)
    name = models.CharField(max_length=500)
    user_id = models.CharField(max_length=256, blank=True)  # as the script said
    status = models.CharField(max_length=9, choices=Status, default=Status.RUNNING)
    started_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField(null=True, blank=True)
    artifact_uri = models.CharField(max_length=2300)
    # The candidate that `mlflow.parentRunId` names, for trees without reading tags.
    parent_eid = models.CharField(max_length=32, blank=True)
    # Alike for repeats that differ in their seeds alone; see tracker/seeds.py.
    config = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    # Until it is unlocked nothing about it changes, and nobody can delete it.
    locked_at = models.DateTimeField(null=True, blank=True)
    # Marks of the project's people: put aside, so that tables leave it out; and worth
    # finding again. Neither touches what was logged.
    archived_at = models.DateTimeField(null=True, blank=True)
    starred_at = models.DateTimeField(null=True, blank=True)

    # Signs of life, by the server's clock: see tracker/liveness.py.
    written_ms = models.BigIntegerField(default=now_ms, db_default=0)  # by its script
    trained_ms = models.BigIntegerField(null=True, blank=True)  # not `system/…`
    gaps = models.CharField(max_length=400, blank=True, default="", db_default="")
    trained_gaps = models.CharField(
        max_length=400, blank=True, default="", db_default=""
    )
    # How often something arrives, learned from the gaps.
    interval_ms = models.BigIntegerField(
        default=LEAST_INTERVAL_MS, db_default=LEAST_INTERVAL_MS
    )
    trained_interval_ms = models.BigIntegerField(
        default=LEAST_INTERVAL_MS, db_default=LEAST_INTERVAL_MS
    )
    # Ended by us because nothing arrived, and not by its script.
    closed_ms = models.BigIntegerField(null=True, blank=True)

    objects = CandidateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "iid"], name="candidate_iid")
        ]
        indexes = [
            models.Index(
                fields=["experiment", "-started_ms", "eid"],
                condition=Q(deleted_at=None),
                name="candidate_newest",
            ),
            models.Index(
                fields=["experiment", "-started_ms", "eid"],
                condition=Q(deleted_at__isnull=False),
                name="candidate_deleted",
            ),
            # Counting an experiment's candidates by state, without touching one.
            models.Index(
                fields=["experiment", "status", "ended_ms"],
                condition=Q(deleted_at=None),
                name="candidate_states",
            ),
            # The lists of the home page, over all projects.
            models.Index(
                fields=["-started_ms", "eid"],
                condition=Q(deleted_at=None, status="RUNNING"),
                name="candidate_live",
            ),
            models.Index(
                fields=["-ended_ms", "eid"],
                condition=Q(deleted_at=None, ended_ms__isnull=False),
                name="candidate_ended",
            ),
            models.Index(
                fields=["experiment"],
                condition=Q(deleted_at=None, archived_at__isnull=False),
                name="candidate_archived",
            ),
            models.Index(
                fields=["parent_eid"],
                condition=~Q(parent_eid=""),
                name="candidate_parent",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.iid} {self.name}"

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_starred(self) -> bool:
        return self.starred_at is not None

    @property
    def started_at(self) -> datetime | None:
        return moment(self.started_ms)

    @property
    def ended_at(self) -> datetime | None:
        return moment(self.ended_ms)


def moment(milliseconds: int | None) -> datetime | None:
    """The time that a script's number names, or None where no calendar holds it."""
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


class Param(models.Model):
    """Written once. `number` is the value read as a number, for sorting and ranges."""

    candidate = models.ForeignKey(
        Candidate, models.CASCADE, related_name="params", db_index=False
    )  # the unique key below begins with it
    experiment = models.ForeignKey(
        Experiment,
        models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )  # the candidate's, which is checked there
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)
    number = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "key"], name="param_key")
        ]
        indexes = [
            models.Index(
                F("experiment"),
                F("key"),
                Left("value", INDEXED_CHARS),
                name="param_value",
                condition=Q(number__isnull=True),
            ),
            # What reads as a number is found by it, also where its text is asked for.
            models.Index(
                fields=["experiment", "key", "number"],
                name="param_number",
                condition=Q(number__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Tag(models.Model):
    """Text that may change; keys that begin with `mlflow.` mean something to us."""

    candidate = models.ForeignKey(
        Candidate, models.CASCADE, related_name="tags", db_index=False
    )  # the unique key below begins with it
    experiment = models.ForeignKey(
        Experiment,
        models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )  # the candidate's, which is checked there
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "key"], name="tag_key")
        ]
        indexes = [
            models.Index(
                F("experiment"),
                F("key"),
                Left("value", INDEXED_CHARS),
                name="tag_value",
            )
        ]

    def __str__(self) -> str:
        return self.key


class Metric(models.Model):
    """A named series of a candidate: its latest point, and a summary kept by every write.

    Latest is the point with the greatest step, then timestamp, then value. NaN takes part
    as 0.0 with `is_nan` set. Minimum, maximum and mean are over the finite points alone.
    """

    candidate = models.ForeignKey(
        Candidate, models.CASCADE, related_name="metrics", db_index=False
    )  # the unique key below begins with it
    # Copies that let one index serve a sorted page; `started_ms` and `eid` never change.
    experiment = models.ForeignKey(
        Experiment,
        models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )  # the candidate's, which is checked there
    started_ms = models.BigIntegerField()
    eid = models.CharField(max_length=32)
    key = models.CharField(max_length=250)

    step = models.BigIntegerField()
    timestamp = models.BigIntegerField()
    value = models.FloatField()
    is_nan = models.BooleanField(default=False)  # SQLite turns NaN into NULL

    count = models.PositiveBigIntegerField()
    finite = (
        models.PositiveBigIntegerField()
    )  # points that are neither NaN nor infinite
    mean = models.FloatField(null=True, blank=True)
    min_value = models.FloatField(null=True, blank=True)
    min_step = models.BigIntegerField(null=True, blank=True)
    max_value = models.FloatField(null=True, blank=True)
    max_step = models.BigIntegerField(null=True, blank=True)
    first_step = models.BigIntegerField()
    first_timestamp = models.BigIntegerField()
    first_value = models.FloatField()
    first_is_nan = models.BooleanField(default=False)
    # Timestamps never fall along the steps: in order of steps is in order of time.
    in_order = models.BooleanField(default=True)
    logged_ms = models.BigIntegerField()  # the server's clock at the last write

    # How far tiles condense the series: see tracker/tiles.py. The write keeps only the
    # place from which they have to be built anew, since a point came late there.
    dirty_step = models.BigIntegerField(null=True, blank=True)
    dirty_timestamp = models.BigIntegerField(null=True, blank=True)
    tiled = models.BigIntegerField(default=0, db_default=0)  # points
    tile_at = models.BigIntegerField(default=TILED_FROM, db_default=TILED_FROM)
    tile_after_ms = models.BigIntegerField(
        default=0, db_default=0
    )  # a lease, or a rest

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "key"], name="metric_key")
        ]
        indexes = [
            models.Index(
                fields=["experiment", "key", "is_nan", "value", "-started_ms", "eid"],
                name="metric_latest",
            ),
            # Among equals the newest comes first in both directions: reading the
            # index above backwards would sort all of them for a page.
            models.Index(
                fields=["experiment", "key", "is_nan", "-value", "-started_ms", "eid"],
                name="metric_highest",
            ),
            # The best of a table's column, and the table sorted with the best first.
            models.Index(
                fields=["experiment", "key", "-max_value", "-started_ms", "eid"],
                condition=Q(max_value__isnull=False),
                name="metric_max",
            ),
            models.Index(
                fields=["experiment", "key", "min_value", "-started_ms", "eid"],
                condition=Q(min_value__isnull=False),
                name="metric_min",
            ),
            # What waits for tiles: mostly nothing.
            models.Index(
                fields=["tile_after_ms"],
                condition=Q(count__gte=F("tile_at")),
                name="metric_untiled",
            ),
            models.Index(
                fields=["tile_after_ms"],
                condition=Q(dirty_step__isnull=False),
                name="metric_dirty",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Point(models.Model):
    """One value of a series. The row is its own key, so that a retry changes nothing."""

    pk = models.CompositePrimaryKey("metric", "step", "timestamp", "value", "is_nan")
    # Millions of rows that live and die with their series: the check would cost a look-up
    # each. A purge deletes the series at once and its points in batches (DiscardedSeries).
    metric = models.ForeignKey(
        Metric,
        models.DO_NOTHING,
        related_name="points",
        db_constraint=False,
        db_index=False,
    )
    step = models.BigIntegerField()
    timestamp = models.BigIntegerField()
    value = models.FloatField()
    is_nan = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.step}: {'NaN' if self.is_nan else self.value}"


class Tile(models.Model):
    """What 2 ** level points of a series look like from afar.

    The points are counted in the order of (step, timestamp, value): tile number n begins
    with the point number n * 2 ** level. Only full tiles are kept.
    """

    pk = models.CompositePrimaryKey("metric", "level", "number")
    metric = models.ForeignKey(
        Metric,
        models.CASCADE,
        related_name="tiles",
        db_constraint=False,
        db_index=False,
    )
    level = models.SmallIntegerField()
    number = models.BigIntegerField()

    first_step = models.BigIntegerField()
    first_timestamp = models.BigIntegerField()
    first_value = models.FloatField()
    first_is_nan = models.BooleanField()
    last_step = models.BigIntegerField()
    last_timestamp = models.BigIntegerField()
    last_value = models.FloatField()
    last_is_nan = models.BooleanField()
    # Over all points; the first and the last need not have them.
    min_timestamp = models.BigIntegerField()
    max_timestamp = models.BigIntegerField()

    # Over the finite points: the first among equals, and where it lies.
    finite = models.IntegerField()
    low_value = models.FloatField(null=True)
    low_step = models.BigIntegerField(null=True)
    low_timestamp = models.BigIntegerField(null=True)
    high_value = models.FloatField(null=True)
    high_step = models.BigIntegerField(null=True)
    high_timestamp = models.BigIntegerField(null=True)
    # Means, since a sum of large numbers would overflow.
    mean = models.FloatField(null=True)
    mean_step = models.FloatField(null=True)
    mean_timestamp = models.FloatField(null=True)

    # The first of the others: an infinity, or NaN where there is a step without a value.
    odd_step = models.BigIntegerField(null=True)
    odd_timestamp = models.BigIntegerField(null=True)
    odd_value = models.FloatField(null=True)

    def __str__(self) -> str:
        return f"{self.level}/{self.number}"


class DiscardedSeries(models.Model):
    """A series whose candidate was purged, and whose points are still to be deleted."""

    metric_id = models.BigIntegerField(primary_key=True)
    count = models.PositiveBigIntegerField()  # of its points

    class Meta:
        verbose_name_plural = "series to delete"

    def __str__(self) -> str:
        return f"{self.metric_id}: {self.count} points"
