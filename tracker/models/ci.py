"""The CI job and commit a candidate came from, as its tags say."""

from django.db import models

from tracker.models.candidates import Candidate


class CIBuild(models.Model):
    """Empty fields are unknown. What tags claim is unverified until a server confirms it."""

    candidate = models.OneToOneField(Candidate, models.CASCADE, related_name="ci_build")
    provider = models.CharField(max_length=20)  # gitlab, github, jenkins, …
    job_id = models.CharField(max_length=200, blank=True)
    job_name = models.CharField(max_length=500, blank=True)
    job_url = models.CharField(max_length=2000, blank=True)
    pipeline_id = models.CharField(max_length=200, blank=True)
    pipeline_url = models.CharField(max_length=2000, blank=True)
    change_id = models.CharField(max_length=200, blank=True)  # merge or pull request
    change_title = models.CharField(max_length=500, blank=True)
    change_url = models.CharField(max_length=2000, blank=True)
    commit = models.CharField(max_length=64, blank=True)
    commit_url = models.CharField(max_length=2000, blank=True)
    branch = models.CharField(max_length=500, blank=True)
    user = models.CharField(max_length=256, blank=True)
    user_name = models.CharField(max_length=256, blank=True)
    user_url = models.CharField(max_length=2000, blank=True)
    is_verified = models.BooleanField(default=False)

    class Meta:
        verbose_name = "CI build"

    def __str__(self) -> str:
        return f"{self.provider} {self.job_id}"
