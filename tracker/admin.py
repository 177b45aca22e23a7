"""The operators' back office: accounts and projects to manage, histories to read."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tracker.models import (
    AccessToken,
    Candidate,
    CIBuild,
    Dataset,
    Experiment,
    LoggedModel,
    Membership,
    Metric,
    ModelVersion,
    Param,
    Project,
    RegisteredModel,
    Tag,
    User,
)

admin.site.site_header = "Tracker"
admin.site.site_title = "Tracker"
admin.site.index_title = "Administration"
admin.site.register(User, UserAdmin)


class History(admin.ModelAdmin):
    """What scripts reported is read here and changed nowhere."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def link(row: Model | None, text: str = "") -> SafeString | str:
    """To a related row's own page in the back office."""
    if row is None:
        return "–"
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, text or str(row))


class Members(admin.TabularInline):
    model = Membership
    autocomplete_fields = ["user"]
    extra = 0


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ["slug", "name", "visibility", "experiment_count", "created_at"]
    list_filter = ["visibility"]
    search_fields = ["slug", "name"]
    inlines = [Members]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        rows: QuerySet[Project] = super().get_queryset(request)
        return rows.annotate(experiments_here=Count("experiments"))

    @admin.display(description="Experiments")
    def experiment_count(self, row: Any) -> int:
        return int(row.experiments_here)

    # Deleting a project deletes everything in it; that asks for more than a button here.
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AccessToken)
class AccessTokenAdmin(History):
    list_display = ["name", "user", "project", "scope", "created_at", "expires_at"]
    list_filter = ["scope"]
    list_select_related = ["user", "project"]
    search_fields = ["name", "user__username"]
    exclude = ["digest"]


@admin.register(Experiment)
class ExperimentAdmin(History):
    list_display = ["name", "iid", "in_project", "deleted_at"]
    list_filter = [("deleted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["project"]
    search_fields = ["name", "project__slug"]

    @admin.display(description="Project", ordering="project__slug")
    def in_project(self, row: Experiment) -> SafeString | str:
        return link(row.project)


@admin.register(Candidate)
class CandidateAdmin(History):
    list_display = [
        "number",
        "name",
        "status",
        "in_experiment",
        "user_id",
        "created_at",
        "deleted_at",
        "page",
    ]
    list_filter = ["status", ("deleted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["experiment", "project"]
    search_fields = ["name", "eid__exact"]
    ordering = ["-pk"]

    @admin.display(description="#", ordering="iid")
    def number(self, row: Candidate) -> str:
        return f"#{row.iid}"

    @admin.display(description="Experiment", ordering="experiment__name")
    def in_experiment(self, row: Candidate) -> SafeString | str:
        return link(row.experiment)

    @admin.display(description="")
    def page(self, row: Candidate) -> SafeString:
        address = reverse("candidate", args=[row.project.slug, row.iid])
        return format_html('<a href="{}">Open page</a>', address)


class OfCandidate(History):
    """A list of rows that each belong to a candidate."""

    list_select_related = ["candidate"]
    search_fields = ["key", "candidate__eid__exact"]
    ordering = ["-pk"]

    @admin.display(description="Candidate", ordering="candidate__iid")
    def of_candidate(self, row: Any) -> SafeString | str:
        return link(row.candidate)


@admin.register(Metric)
class MetricAdmin(OfCandidate):
    list_display = [
        "key",
        "of_candidate",
        "value",
        "step",
        "count",
        "min_value",
        "max_value",
    ]


@admin.register(Param)
class ParamAdmin(OfCandidate):
    list_display = ["key", "of_candidate", "value"]


@admin.register(Tag)
class TagAdmin(OfCandidate):
    list_display = ["key", "of_candidate", "value"]


@admin.register(CIBuild)
class CIBuildAdmin(OfCandidate):
    list_display = [
        "provider",
        "job_id",
        "pipeline_id",
        "branch",
        "user",
        "of_candidate",
    ]
    list_filter = ["provider", "is_verified"]
    search_fields = ["job_id", "pipeline_id", "commit", "candidate__eid__exact"]


@admin.register(Dataset)
class DatasetAdmin(History):
    list_display = ["name", "digest", "source_type", "experiment"]
    list_select_related = ["experiment"]
    search_fields = ["name", "digest"]


@admin.register(LoggedModel)
class LoggedModelAdmin(History):
    list_display = ["name", "eid", "status", "experiment", "deleted_at"]
    list_filter = ["status"]
    list_select_related = ["experiment"]
    search_fields = ["name", "eid__exact", "source_run_id__exact"]


@admin.register(RegisteredModel)
class RegisteredModelAdmin(History):
    list_display = ["name", "project", "last_version"]
    list_select_related = ["project"]
    search_fields = ["name"]


@admin.register(ModelVersion)
class ModelVersionAdmin(History):
    list_display = ["model", "version", "stage", "source", "run_id"]
    list_filter = ["stage"]
    list_select_related = ["model"]
    search_fields = ["model__name", "run_id__exact"]
