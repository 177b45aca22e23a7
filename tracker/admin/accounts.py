"""Accounts, projects, members, tokens, invitations, and the audit."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from tracker import audit, members, projects, purging, tokens
from tracker.admin.frame import History, InTrash, Listed, confirmed, each, linked, lists
from tracker.admin.trash import begin_purge, said
from tracker.models import (
    AccessToken,
    AuditEvent,
    Invitation,
    Membership,
    Project,
    User,
    Visibility,
    What,
)

admin.site.unregister(Group)


@admin.register(User)
class AccountAdmin(Listed, UserAdmin):
    list_display = [
        "username",
        "first_name",
        "last_name",
        "email",
        "is_active",
        "is_superuser",
        "is_bot",
        "last_login",
        "belongings",
    ]
    list_filter = ["is_active", "is_superuser", "is_bot"]
    search_fields = ["username", "first_name", "last_name", "email"]
    ordering = ("username",)
    filter_horizontal = ()
    actions = ["block", "unblock"]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    # Blocking ends sessions and tokens, too: the action does it.
    readonly_fields = ["is_active", "last_login", "date_joined"]

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        if add:
            return super().construct_change_message(request, form, formsets, add)
        fields = [name for name in form.changed_data if name in form.fields]
        return "; ".join(
            f"{form.fields[name].label}: {form.initial.get(name)} → {form.cleaned_data[name]}"
            for name in fields
        )

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> Any:
        audit.record(What.USER_CREATED, about=obj, note="in the administration")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        if message:
            audit.record(What.USER_CHANGED, about=obj, note=str(message))
        return super().log_change(request, obj, message)

    @transaction.atomic
    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Whoever knew the old one is out: sessions are bound to it."""
        before = User.objects.filter(pk=id).values_list("password", flat=True).first()
        answer = super().user_change_password(request, id, form_url)
        user = User.objects.filter(pk=id).first()
        if user and user.password != before:
            audit.record(What.PASSWORD_CHANGED, about=user)
        return answer

    def get_readonly_fields(
        self, request: HttpRequest, obj: Any = None
    ) -> list[Any] | tuple[Any, ...]:
        """Nobody locks themselves out: another administrator takes the rights away."""
        kept = super().get_readonly_fields(request, obj)
        is_own = obj is not None and obj.pk == request.user.pk
        return [*kept, "is_staff", "is_superuser"] if is_own else kept

    @admin.display(description="leads to")
    def belongings(self, row: User) -> str:
        return lists(
            row,
            ("tracker_accesstoken", "user__id__exact", "tokens"),
            ("tracker_membership", "user__id__exact", "projects"),
        )

    @admin.action(description="Block: sign out, refuse tokens")
    def block(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        names = ", ".join(rows.values_list("username", flat=True)[:20])
        asked = confirmed(
            self,
            request,
            rows,
            action="block",
            title="Block accounts",
            says=[f"{names} will be signed out, and their tokens refused."],
            word=rows[0].username if len(rows) == 1 else "block",
        )
        if asked:
            return asked
        others = rows.exclude(username=request.user.get_username())
        each(request, others, members.deactivate, "blocked")
        return None

    @admin.action(description="Unblock")
    def unblock(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        each(request, rows, members.activate, "unblocked")


@admin.register(Project)
class ProjectAdmin(Listed):
    list_display = ["slug", "name", "visibility", "created_at", "deleted_at", "inside"]
    list_filter = ["visibility", ("deleted_at", InTrash)]
    search_fields = ["slug", "name"]
    ordering = ("slug",)
    fields = [
        *("slug", "name", "description", "visibility", "created_at", "deleted_at"),
        *("members", "inside"),
    ]
    readonly_fields = ["slug", "created_at", "deleted_at", "members", "inside"]
    actions = ["delete_softly", "restore", "purge"]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False  # the page “Projects” makes them, with all that belongs to one

    def save_model(
        self, request: HttpRequest, obj: Project, form: Any, change: bool
    ) -> None:
        projects.change(
            obj,
            name=obj.name,
            description=obj.description,
            visibility=Visibility(obj.visibility),
        )

    def members(self, row: Project) -> str:
        """Its own page keeps an owner, and writes down who did what."""
        address = reverse("members", args=[row.slug])
        return format_html('<a href="{}">Add, change and remove them</a>', address)

    @admin.display(description="leads to")
    def inside(self, row: Project) -> str:
        return lists(
            row,
            ("tracker_experiment", "project__id__exact", "experiments"),
            ("tracker_candidate", "project__id__exact", "candidates"),
            ("artifacts_artifact", "project__id__exact", "files"),
            ("tracker_membership", "project__id__exact", "members"),
        )

    @admin.action(description="Delete: hide, until it is purged")
    def delete_softly(
        self, request: HttpRequest, rows: QuerySet[Project]
    ) -> HttpResponse | None:
        asked = confirmed(
            self,
            request,
            rows,
            action="delete_softly",
            title="Delete projects",
            says=[
                "Nobody sees them any more. They can be restored until they are purged."
            ],
            word=rows[0].slug if len(rows) == 1 else "delete",
        )
        if asked:
            return asked
        each(request, rows.filter(deleted_at=None), projects.delete, "deleted")
        return None

    @admin.action(description="Restore")
    def restore(self, request: HttpRequest, rows: QuerySet[Project]) -> None:
        deleted = rows.filter(deleted_at__isnull=False)
        each(request, deleted, projects.restore, "restored")

    @admin.action(description="Purge: delete for ever")
    def purge(
        self, request: HttpRequest, rows: QuerySet[Project]
    ) -> HttpResponse | None:
        deleted = rows.filter(deleted_at__isnull=False, purged_at=None)
        scopes = [purging.Scope.project_of(row) for row in deleted]
        says = [
            f"{row.slug}: {said(purging.frees(scope))}"
            for row, scope in zip(deleted, scopes, strict=True)
        ]
        asked = confirmed(
            self,
            request,
            rows,
            action="purge",
            title="Purge projects",
            says=says or ["None of them is deleted; only a deleted project is purged."],
            word=rows[0].slug if len(rows) == 1 else "purge",
        )
        if asked:
            return asked
        begin_purge(request, scopes)
        return None


@admin.register(Membership)
class MembershipAdmin(History):
    list_display = [
        "pk",
        linked("user"),
        linked("project"),
        "role",
        "created_at",
        "ends_at",
    ]
    list_filter = ["role"]
    list_select_related = ["user", "project"]
    search_fields = ["user__username", "project__slug"]


@admin.register(AccessToken)
class AccessTokenAdmin(History):
    list_display = [
        "name",
        linked("user"),
        linked("project"),
        "scope",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]
    list_filter = ["scope", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "project"]
    search_fields = ["name", "user__username", "project__slug"]
    exclude = ["digest"]
    actions = ["revoke"]

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, rows: QuerySet[AccessToken]) -> None:
        each(request, rows.filter(revoked_at=None), tokens.revoke, "revoked")


@admin.register(Invitation)
class InvitationAdmin(History):
    list_display = ["pk", linked("project"), "role", "created_at"]
    list_select_related = ["project"]
    search_fields = ["project__slug"]
    exclude = ["digest"]


@admin.register(AuditEvent)
class AuditEventAdmin(History):
    list_display = [
        "at",
        "what",
        "user_name",
        "project_slug",
        "kind",
        "title",
        "note",
        "address",
    ]
    search_fields = ["=user_name", "=project_slug", "=what", "=request_id"]
