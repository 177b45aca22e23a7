"""Artifacts: one row for each stored file of a candidate or of a logged model."""

from django.db import models

from tracker.models import Candidate, LoggedModel, Project


class Artifact(models.Model):
    """The row is the truth: bytes without a row are litter, a row always has its bytes.

    A blob never changes; overwriting a file is a new blob and an updated row.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting to be looked at"
        PROCESSING = "processing", "Being looked at"
        READY = "ready", "Ready"
        FAILED = "failed", "Could not be looked at"

    project = models.ForeignKey(Project, models.CASCADE, related_name="artifacts")
    candidate = models.ForeignKey(
        Candidate, models.CASCADE, null=True, blank=True, related_name="artifacts"
    )
    model = models.ForeignKey(
        LoggedModel, models.CASCADE, null=True, blank=True, related_name="artifacts"
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
            models.CheckConstraint(
                condition=models.Q(candidate__isnull=True)
                ^ models.Q(model__isnull=True),
                name="artifact_has_one_owner",
            ),
        ]
        indexes = [
            models.Index(
                fields=["claimed_until", "uploaded_at"],
                condition=models.Q(state__in=["pending", "processing"]),
                name="artifact_to_do",
            )
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name


class DiscardedBlob(models.Model):
    """A blob that no row names any more; a task removes it from the storage."""

    blob = models.CharField(max_length=200, unique=True)
    discarded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.blob
