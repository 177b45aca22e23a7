"""Logged models: what `log_model` makes, with params, tags and metrics of their own."""

from typing import Self

import uuid_utils
from django.db import models

from tracker.models.access import Project
from tracker.models.candidates import Candidate
from tracker.models.experiments import Experiment


def new_model_id() -> str:
    return f"m-{uuid_utils.uuid7().hex}"


class LoggedModelStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    READY = "READY", "Ready"
    UPLOAD_FAILED = "UPLOAD_FAILED", "Upload failed"


class LoggedModelQuerySet(models.QuerySet["LoggedModel"]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)


class LoggedModel(models.Model):
    project = models.ForeignKey(Project, models.CASCADE, related_name="logged_models")
    experiment = models.ForeignKey(
        Experiment, models.CASCADE, related_name="logged_models"
    )
    eid = models.CharField(max_length=34, unique=True, default=new_model_id)
    name = models.CharField(max_length=500)  # not unique
    model_type = models.CharField(max_length=500, blank=True)
    source_run_id = models.CharField(
        max_length=256, blank=True
    )  # may name an unknown run
    status = models.CharField(
        max_length=13, choices=LoggedModelStatus, default=LoggedModelStatus.PENDING
    )
    status_message = models.TextField(blank=True)
    artifact_uri = models.CharField(max_length=2300)
    created_ms = models.BigIntegerField()
    updated_ms = models.BigIntegerField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = LoggedModelQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["experiment", "-created_ms", "eid"], name="logged_model_newest"
            ),
            models.Index(fields=["experiment", "name"], name="logged_model_name"),
            models.Index(fields=["source_run_id"], name="logged_model_source"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class LoggedModelParam(models.Model):
    model = models.ForeignKey(LoggedModel, models.CASCADE, related_name="params")
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "key"], name="logged_model_param")
        ]

    def __str__(self) -> str:
        return self.key


class LoggedModelTag(models.Model):
    model = models.ForeignKey(LoggedModel, models.CASCADE, related_name="tags")
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "key"], name="logged_model_tag")
        ]

    def __str__(self) -> str:
        return self.key


class LoggedModelMetric(models.Model):
    """A point of a model. A second one with the same identity is dropped: the value is no part."""

    model = models.ForeignKey(LoggedModel, models.CASCADE, related_name="metrics")
    key = models.CharField(max_length=250)
    step = models.BigIntegerField()
    timestamp = models.BigIntegerField()
    run_id = models.CharField(max_length=32)
    value = models.FloatField()
    is_nan = models.BooleanField(default=False)
    dataset_name = models.CharField(max_length=500, blank=True)
    dataset_digest = models.CharField(max_length=36, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "key", "step", "timestamp", "run_id"],
                name="logged_model_metric",
            )
        ]

    def __str__(self) -> str:
        return self.key


class ModelUse(models.Model):
    """A candidate made a model, or read one."""

    class Direction(models.TextChoices):
        INPUT = "in", "Input"
        OUTPUT = "out", "Output"

    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="model_uses")
    model_eid = models.CharField(max_length=256)  # as the script said; may be unknown
    direction = models.CharField(max_length=3, choices=Direction)
    step = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "direction", "model_eid"], name="model_use"
            )
        ]

    def __str__(self) -> str:
        return self.model_eid
