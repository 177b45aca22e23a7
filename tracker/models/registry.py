"""The registry: models that people name, their versions, aliases and tags."""

from django.db import models

from tracker.models.access import Project


class RegisteredModel(models.Model):
    project = models.ForeignKey(
        Project, models.CASCADE, related_name="registered_models"
    )
    name = models.CharField(max_length=256)
    description = models.TextField(blank=True)
    last_version = models.PositiveIntegerField(
        default=0
    )  # ever used; never given twice
    created_ms = models.BigIntegerField()
    updated_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"], name="registered_model_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class RegisteredModelTag(models.Model):
    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="tags")
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "key"], name="registered_model_tag"
            )
        ]

    def __str__(self) -> str:
        return self.key


class ModelVersion(models.Model):
    class Stage(models.TextChoices):
        NONE = "None"
        STAGING = "Staging"
        PRODUCTION = "Production"
        ARCHIVED = "Archived"

    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    description = models.TextField(blank=True)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.NONE)
    source = models.CharField(max_length=2048)  # as the script said it
    # Where the files are: the source, followed to its end when the version was made. It
    # still leads there when a version that this one copies is gone.
    files_uri = models.CharField(max_length=2300, default="", blank=True)
    run_id = models.CharField(max_length=256, blank=True)
    run_link = models.CharField(max_length=2048, blank=True)
    model_eid = models.CharField(
        max_length=34, blank=True
    )  # the logged model behind it
    user_id = models.CharField(max_length=256, blank=True)
    created_ms = models.BigIntegerField()
    updated_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="model_version")
        ]
        indexes = [
            models.Index(fields=["run_id"], name="model_version_run"),
            models.Index(
                fields=["model", "stage", "-version"], name="model_version_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.version}"


class ModelVersionTag(models.Model):
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="tags")
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="model_version_tag")
        ]

    def __str__(self) -> str:
        return self.key


class Alias(models.Model):
    """A name that points at one version of a model and can be moved."""

    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="aliases")
    alias = models.CharField(max_length=255)
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="aliases")

    class Meta:
        verbose_name_plural = "aliases"
        constraints = [
            models.UniqueConstraint(fields=["model", "alias"], name="model_alias")
        ]

    def __str__(self) -> str:
        return self.alias
