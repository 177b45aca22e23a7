"""What candidates read: datasets, known by name and digest."""

from django.db import models

from tracker.models.candidates import Candidate
from tracker.models.experiments import Experiment


class Dataset(models.Model):
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=500)
    digest = models.CharField(max_length=36)
    source_type = models.CharField(max_length=36)
    source = models.TextField()
    schema = models.TextField(blank=True)
    profile = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "name", "digest"], name="dataset_name_digest"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.digest}"


class DatasetUse(models.Model):
    """A candidate read a dataset."""

    candidate = models.ForeignKey(
        Candidate, models.CASCADE, related_name="dataset_uses"
    )
    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="uses")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "dataset"], name="dataset_use")
        ]

    def __str__(self) -> str:
        return f"{self.dataset}"


class DatasetUseTag(models.Model):
    """How it was read; `mlflow.data.context` says train or eval."""

    use = models.ForeignKey(DatasetUse, models.CASCADE, related_name="tags")
    key = models.CharField(max_length=255)
    value = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["use", "key"], name="dataset_use_tag")
        ]

    def __str__(self) -> str:
        return self.key
