"""Who did what to which object, and when: written once, never changed."""

from datetime import datetime, timedelta
from typing import Any, NoReturn, Self

from django.db import models
from django.utils import timezone

from tracker.models.access import AccessToken, Project, User


class What(models.TextChoices):
    """What is worth remembering. The values are kept in rows: add, never rename."""

    SIGNED_IN = "sign-in", "Signed in"
    SIGN_IN_FAILED = "sign-in.failed", "Sign-in failed"
    SIGNED_OUT = "sign-out", "Signed out"
    PASSWORD_CHANGED = "password.changed", "Password changed"
    USER_CREATED = "user.created", "Account created"
    USER_CHANGED = "user.changed", "Account changed"
    SESSIONS_ENDED = "sessions.ended", "Signed out everywhere else"
    USER_BLOCKED = "user.blocked", "Account blocked"
    USER_UNBLOCKED = "user.unblocked", "Account let in again"
    TOKEN_MADE = "token.made", "Token made"
    TOKEN_FIRST_USED = "token.first-used", "Token used for the first time"
    TOKEN_REVOKED = "token.revoked", "Token revoked"
    MEMBER_INVITED = "member.invited", "Invited"
    INVITATION_WITHDRAWN = "invitation.withdrawn", "Invitation withdrawn"
    INVITATION_USED = "invitation.used", "Invitation used"
    MEMBER_ADDED = "member.added", "Member added"
    ROLE_CHANGED = "member.role", "Role changed"
    MEMBER_REMOVED = "member.removed", "Member removed"
    PROJECT_CREATED = "project.created", "Project created"
    PROJECT_CHANGED = "project.changed", "Project changed"
    VISIBILITY_CHANGED = "project.visibility", "Visibility changed"
    EXPERIMENT_CHANGED = "experiment.changed", "Experiment changed"
    DELETED = "deleted", "Deleted"
    RESTORED = "restored", "Restored"
    PURGED = "purged", "Purged"
    LOCKED = "locked", "Locked"
    UNLOCKED = "unlocked", "Unlocked"
    ARCHIVED = "archived", "Archived"
    UNARCHIVED = "unarchived", "Taken back from the archive"
    EXPORTED = "exported", "Exported"
    IMPORTED = "imported", "Imported"
    DENIED = "denied", "Refused: not allowed"


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Rows that can be added and read. Only age removes them: `audit.forget_old`."""

    def of(self, project: Project) -> Self:
        return self.filter(project=project)

    def asked_for(
        self,
        *,
        who: str = "",
        what: str = "",
        begin: datetime | None = None,
        end: datetime | None = None,
    ) -> Self:
        """Those of one person, of one kind, and of a time; what is left out is open."""
        wanted: dict[str, Any] = {
            "user_name": who,
            "what": what,
            "at__gte": begin,
            "at__lte": end,
        }
        return self.filter(**{name: one for name, one in wanted.items() if one})

    def older_than(self, age: timedelta) -> Self:
        return self.filter(at__lt=timezone.now() - age)

    def update(self, **values: Any) -> NoReturn:
        raise TypeError("What has happened does not change.")

    def delete(self) -> tuple[int, dict[str, int]]:
        if not self.query.where:
            raise TypeError("The whole history cannot be deleted.")
        return super().delete()


class AuditEvent(models.Model):
    """One thing that somebody did, or tried.

    It outlives what it names, so it keeps numbers without a constraint and, beside them,
    the names of that day.
    """

    at = models.DateTimeField(default=timezone.now)
    what = models.CharField(max_length=32)  # a What; a new one needs no migration
    project = models.ForeignKey(
        Project,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="audit_events",
    )
    project_slug = models.CharField(max_length=100, blank=True)
    user = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="audit_events",
    )
    # Empty: nobody had signed in. Of a failed sign-in, the name that was tried.
    user_name = models.CharField(max_length=150, blank=True)
    token = models.ForeignKey(
        AccessToken, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    token_name = models.CharField(max_length=100, blank=True)
    # Where the request came from; empty for a command or a task.
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    # On which object: "candidate", its number or name within the project, and its title.
    kind = models.CharField(max_length=32, blank=True)
    number = models.CharField(max_length=64, blank=True)
    title = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=500, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["project", "-id"], name="audit_of_project"),
            models.Index(fields=["at"], name="audit_age"),
            models.Index(fields=["user_name", "-id"], name="audit_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.sentence}: {self.kind} {self.title}".strip(": ")

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("What has happened does not change.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("What has happened cannot be deleted.")

    @property
    def sentence(self) -> str:
        return What(self.what).label
