"""Experiments, candidates and logged models: restored, purged, and finished when stuck."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tracker import lifecycle, purging
from tracker.admin.frame import History, InTrash, confirmed, each, linked, lists
from tracker.models import Candidate, Experiment, LoggedModel, Status
from tracker.purging import Frees, Scope


def said(found: Frees) -> str:
    """What goes, in a sentence."""
    size = filesizeformat(found.size_bytes)
    sentence = f"{found.things}, with {found.points:,} points and {found.files:,} files ({size})."
    if found.versions:
        sentence += (
            f" {found.versions:,} registered versions lose where they came from."
        )
    return sentence


def begin_purge(request: HttpRequest, scopes: Iterable[Scope]) -> None:
    for scope in scopes:
        job = purging.begin(scope, asked_by=request.user)
        address = reverse("job", args=[job.pk])
        words = format_html('{}: <a href="{}">see how far it is</a>', job, address)
        messages.success(request, words)


def purge_scopes(rows: QuerySet[Any], chosen: str) -> list[Scope]:
    """One purge for each project that the chosen rows belong to."""
    deleted = rows.filter(deleted_at__isnull=False)
    by_project: dict[int, list[int]] = {}
    for pk, project in deleted.order_by().values_list("pk", "project"):
        by_project.setdefault(project, []).append(pk)
    nothing = Scope(experiments=(), candidates=(), models=())
    return [
        replace(nothing, project=project, **{chosen: tuple(pks)})  # type: ignore[arg-type]
        for project, pks in sorted(by_project.items())
    ]


def restoring(verb: Callable[[Any], object]) -> Callable[..., None]:
    """The action that brings rows back, by the verb that pages call."""

    @admin.action(description="Restore")
    def restore(_: Any, request: HttpRequest, rows: QuerySet[Any]) -> None:
        each(request, rows.filter(deleted_at__isnull=False), verb, "restored")

    return restore


class Deletable(History):
    """Rows that have a trash. `chosen` is their place in the scope of a purge."""

    chosen = ""

    @admin.action(description="Purge: delete for ever")
    def purge(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        scopes = purge_scopes(rows, self.chosen)
        says = [said(purging.frees(scope)) for scope in scopes]
        asked = confirmed(
            self,
            request,
            rows,
            action="purge",
            title="Purge",
            says=says or ["None of them is deleted; only what is deleted is purged."],
            word="purge" if len(rows) != 1 else str(rows[0].name).strip(),
        )
        if asked:
            return asked
        begin_purge(request, scopes)
        return None


@admin.register(Experiment)
class ExperimentAdmin(Deletable):
    chosen = "experiments"
    list_display = ["name", "iid", linked("project"), "deleted_at", "inside"]
    list_filter = [("deleted_at", InTrash)]
    list_select_related = ["project"]
    search_fields = ["name", "project__slug"]
    actions = [restoring(lifecycle.restore_experiment), "purge"]

    @admin.display(description="leads to")
    def inside(self, row: Experiment) -> SafeString | str:
        return lists(
            row,
            ("tracker_candidate", "experiment__id__exact", "candidates"),
            ("tracker_key", "experiment__id__exact", "keys"),
            ("tracker_dataset", "experiment__id__exact", "datasets"),
        )


@admin.register(Candidate)
class CandidateAdmin(Deletable):
    chosen = "candidates"
    list_display = [
        "number",
        "name",
        "status",
        linked("experiment"),
        linked("project"),
        "user_id",
        "created_at",
        "deleted_at",
        "inside",
    ]
    list_display_links = ["number", "name"]
    list_filter = ["status", ("deleted_at", InTrash)]
    list_select_related = ["experiment", "project"]
    search_fields = ["name", "eid__exact"]
    actions = ["finish", restoring(lifecycle.restore_candidate), "purge"]

    @admin.display(description="#")
    def number(self, row: Candidate) -> str:
        return f"#{row.iid}"

    @admin.display(description="leads to")
    def inside(self, row: Candidate) -> SafeString | str:
        found = lists(
            row,
            ("tracker_metric", "candidate__id__exact", "metrics"),
            ("tracker_param", "candidate__id__exact", "params"),
            ("tracker_tag", "candidate__id__exact", "tags"),
            ("artifacts_artifact", "candidate__id__exact", "files"),
        )
        address = reverse("candidate", args=[row.project.slug, row.iid])
        return format_html('{} · <a href="{}">page</a>', found, address)

    @admin.action(description="Finish those that are stuck: as failed, now")
    def finish(self, request: HttpRequest, rows: QuerySet[Candidate]) -> None:
        stuck = rows.filter(status__in=[Status.RUNNING, Status.SCHEDULED])
        each(request, stuck.filter(deleted_at=None), finish, "finished as failed")


def finish(candidate: Candidate) -> None:
    lifecycle.update_candidate(
        candidate, status=Status.FAILED, ended_ms=lifecycle.now_ms()
    )


@admin.register(LoggedModel)
class LoggedModelAdmin(Deletable):
    chosen = "models"
    list_display = [
        "name",
        "eid",
        "status",
        linked("experiment"),
        linked("project"),
        "deleted_at",
    ]
    list_filter = ["status", ("deleted_at", InTrash)]
    list_select_related = ["experiment", "project"]
    search_fields = ["name", "eid__exact", "source_run_id__exact"]
    actions = ["purge"]
