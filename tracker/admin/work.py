"""Work behind requests: files and jobs, and trying again what failed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from artifacts import inspection
from artifacts.models import Artifact, DiscardedBlob
from tracker import jobs
from tracker.admin.frame import History, each, linked
from tracker.models import Job, Worker


class KindFilter(admin.SimpleListFilter):
    """The kinds there are, and not those found by reading every job."""

    title = parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.replace("_", " ")) for name in sorted(jobs.KINDS)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Job]) -> QuerySet[Job]:
        return rows.filter(kind=self.value()) if self.value() else rows


@admin.register(Job)
class JobAdmin(History):
    list_display = [
        "title",
        "state",
        linked("project"),
        linked("asked_by"),
        "attempts",
        "problem",
        "created_at",
        "finished_at",
    ]
    list_filter = ["state", KindFilter]
    list_select_related = ["project", "asked_by"]
    search_fields = ["title"]
    actions = ["retry"]

    @admin.action(description="Try again")
    def retry(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        each(request, rows, jobs.retry, "tried again")


@admin.register(Artifact)
class ArtifactAdmin(History):
    list_display = [
        "path",
        "state",
        "problem",
        "content_type",
        "size_bytes",
        linked("project"),
        linked("candidate"),
        linked("model"),
        "uploaded_at",
    ]
    list_filter = ["state"]
    list_select_related = ["project", "candidate", "model"]
    search_fields = ["=name", "=sha256", "=candidate__eid"]
    actions = ["look_again"]

    @admin.action(description="Look into them again")
    def look_again(self, request: HttpRequest, rows: QuerySet[Artifact]) -> None:
        each(request, rows, inspection.look_again, "waiting to be looked at")


@admin.register(DiscardedBlob)
class DiscardedBlobAdmin(History):
    list_display = ["blob", "discarded_at"]
    search_fields = ["=blob"]


@admin.register(Worker)
class WorkerAdmin(History):
    list_display = ["name", "version", "seen_at"]
    search_fields = ["name"]
