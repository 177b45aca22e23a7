"""Artifacts: one row for each stored file of a candidate, of a logged model or of a project."""

from datetime import timedelta
from typing import Any, Self, TypeAlias

from django.db import models
from django.db.models.deletion import Collector
from django.utils import timezone

from tracker.models import Candidate, LoggedModel, Project

# Whose file it is. A project has files of its own where a script writes to a path that
# names neither a candidate nor a model.
Owner: TypeAlias = Candidate | LoggedModel | Project


def project_id_of(owner: Owner) -> int:
    return owner.pk if isinstance(owner, Project) else owner.project_id


@models.CharField.register_lookup
class Below(models.Lookup):
    """`folder__below="a/b"`: the folders inside a/b, by index, and case always matters.

    `startswith` is neither on SQLite. "0" is the character after "/".
    """

    lookup_name = "below"

    def as_sqlite(
        self, compiler: Any, connection: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        column, params = self.process_lhs(compiler, connection)
        bounds = (*params, f"{self.rhs}/", *params, f"{self.rhs}0")
        return f"{column} >= %s AND {column} < %s", bounds

    def as_sql(
        self, compiler: Any, connection: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        column, params = self.process_lhs(compiler, connection)
        prefix = connection.ops.prep_for_like_query(f"{self.rhs}/")
        return f"{column} LIKE %s", (*params, f"{prefix}%")


def let_go(collector: Collector, field: Any, sub_objs: Any, using: str) -> None:
    """On delete: the files of a purged owner belong to nobody; the sweep finds them."""
    collector.add_field_update(Artifact._meta.get_field("project"), None, sub_objs)
    collector.add_field_update(field, None, sub_objs)


class ArtifactQuerySet(models.QuerySet["Artifact"]):
    def of(self, owner: Owner) -> Self:
        if isinstance(owner, Candidate):
            return self.filter(candidate=owner)
        if isinstance(owner, LoggedModel):
            return self.filter(model=owner)
        return self.filter(project=owner, candidate=None, model=None)

    def at(self, path: str) -> Self:
        """The file with this path, if there is one."""
        folder, _, name = path.rpartition("/")
        return self.filter(folder=folder, name=name)

    def below(self, path: str) -> Self:
        """Every file under a folder, at any depth."""
        if not path:
            return self
        return self.filter(models.Q(folder=path) | models.Q(folder__below=path))

    def to_do(self) -> Self:
        """Not looked at yet, and nobody is at it."""
        return self.filter(
            models.Q(claimed_until=None) | models.Q(claimed_until__lt=timezone.now()),
            state__in=[Artifact.State.PENDING, Artifact.State.PROCESSING],
            project__isnull=False,
        )

    def litter(self) -> Self:
        return self.filter(project=None)

    def throw_away(self) -> int:
        """Take the files from their owner, in one statement; the sweep does the rest."""
        return self.update(project=None, candidate=None, model=None)


class Artifact(models.Model):
    """The row is the truth: bytes without a row are litter, a row always has its bytes.

    A blob never changes; overwriting a file is a new blob and an updated row. A row
    without a project is litter too: its owner was purged, or the file was deleted.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting to be looked at"
        PROCESSING = "processing", "Being looked at"
        READY = "ready", "Ready"
        FAILED = "failed", "Could not be looked at"

    # Its index says what a project keeps as well.
    project = models.ForeignKey(
        Project,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="artifacts",
        db_index=False,
    )
    # The unique constraints are the indexes of these two.
    candidate = models.ForeignKey(
        Candidate,
        let_go,
        null=True,
        blank=True,
        related_name="artifacts",
        db_index=False,
    )
    model = models.ForeignKey(
        LoggedModel,
        let_go,
        null=True,
        blank=True,
        related_name="artifacts",
        db_index=False,
    )
    folder = models.CharField(
        max_length=1024, blank=True
    )  # "" or "plots/val", no slashes around
    name = models.CharField(max_length=255)
    blob = models.CharField(max_length=200, unique=True)  # its name in the storage
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField()

    # What ingestion found. A job is this row with a lease; a message is only a wake-up.
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    problem = models.TextField(blank=True)
    content_type = models.CharField(
        max_length=100, blank=True
    )  # by content, not by name
    facts = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.CharField(max_length=200, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "folder", "name"],
                condition=models.Q(candidate__isnull=False),
                name="candidate_artifact_path",
            ),
            models.UniqueConstraint(
                fields=["model", "folder", "name"],
                condition=models.Q(model__isnull=False),
                name="model_artifact_path",
            ),
            models.UniqueConstraint(
                fields=["project", "folder", "name"],
                condition=models.Q(candidate__isnull=True, model__isnull=True),
                name="project_artifact_path",
            ),
            models.CheckConstraint(
                condition=models.Q(candidate__isnull=True)
                | models.Q(model__isnull=True),
                name="artifact_has_one_owner",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "size_bytes"], name="artifact_kept"),
            models.Index(
                fields=["claimed_until", "uploaded_at"],
                condition=models.Q(state__in=["pending", "processing"]),
                name="artifact_to_do",
            ),
            models.Index(
                fields=["-id"],
                condition=models.Q(state="failed"),
                name="artifact_failed",
            ),
            # PostgreSQL finds a prefix by index only where the order is that of the
            # bytes. SQLite's order always is, and leaves the operator classes out.
            models.Index(
                fields=["candidate", "folder"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                condition=models.Q(candidate__isnull=False),
                name="candidate_artifact_folder",
            ),
            models.Index(
                fields=["model", "folder"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                condition=models.Q(model__isnull=False),
                name="model_artifact_folder",
            ),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def thumbnail_blob(self) -> str:
        """Where a thumbnail is kept, if there is one: the name follows from the blob's.

        So two workers write the same bytes to the same place, and nothing has to
        remember what to remove.
        """
        return thumbnail_of(self.blob)


def thumbnail_of(blob: str) -> str:
    return f"{blob}.thumbnail"


class DiscardedBlobQuerySet(models.QuerySet["DiscardedBlob"]):
    def older_than(self, age: timedelta) -> Self:
        return self.filter(discarded_at__lt=timezone.now() - age)


class DiscardedBlob(models.Model):
    """A blob that no row names any more, or not yet; a task removes it in an hour.

    An upload enters its blob here before it is kept, and takes it out in the
    transaction that commits the row: no moment of a crash leaves bytes unaccounted for.
    """

    blob = models.CharField(max_length=200, unique=True)
    discarded_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = DiscardedBlobQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "bytes to remove"

    def __str__(self) -> str:
        return self.blob
