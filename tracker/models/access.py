"""Who there is, what belongs to whom, and the tokens that stand for a person."""

import secrets
from datetime import datetime
from typing import Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

RESERVED_SLUGS = frozenset(
    "api ajax-api health version s r you search admin static livez readyz p".split()
)


def new_salt() -> str:
    return secrets.token_hex(8)


class User(AbstractUser):
    """A person, `local` (whoever sits at the machine in local mode), or a project's bot.

    A bot is who a project token stands for: it has a role in one project and cannot sign
    in.
    """

    is_bot = models.BooleanField(default=False, editable=False)
    # Another value ends every session of this person.
    session_salt = models.CharField(max_length=16, default="", editable=False)

    def get_session_auth_hash(self) -> str:
        return salted_hmac(
            "tracker.session",
            f"{self.password}\0{self.session_salt}",
            algorithm="sha256",
        ).hexdigest()


class Role(models.IntegerChoices):
    """What a member may do; each role includes the ones before it."""

    READER = 10, "Reader"
    WRITER = 20, "Writer"
    OWNER = 30, "Owner"


class Visibility(models.TextChoices):
    """Who besides its members may read a project."""

    PRIVATE = "private", "Private: members only"
    INTERNAL = "internal", "Internal: everyone with an account"
    PUBLIC = "public", "Public: everyone"


def not_reserved(slug: str) -> None:
    if slug.lower() in RESERVED_SLUGS:
        raise ValidationError(f"“{slug}” is reserved. Choose another address.")
    if slug.isdigit():
        raise ValidationError("An address needs at least one letter.")


class ProjectQuerySet(models.QuerySet["Project"]):
    def alive(self) -> Self:
        return self.filter(deleted_at=None)

    def in_trash(self) -> Self:
        """Those that can be restored: deleted, and not being purged."""
        return self.filter(deleted_at__isnull=False, purged_at=None)

    def visible_to(
        self, user: User | AnonymousUser, at: datetime | None = None
    ) -> Self:
        """The projects whose pages this person may read, now or at another time."""
        alive = self.alive()
        if not user.is_authenticated:
            return alive.filter(visibility=Visibility.PUBLIC)
        if user.is_superuser:
            return alive
        mine = Membership.objects.current(at).filter(user=user).values("project")
        return alive.filter(
            Q(visibility__in=[Visibility.PUBLIC, Visibility.INTERNAL]) | Q(pk__in=mine)
        )


class Project(models.Model):
    """Who owns and sees things; every other row belongs to one."""

    slug = models.CharField(
        max_length=100,
        unique=True,
        validators=[
            RegexValidator(
                r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z",
                "Use letters, digits, “-”, “_” and “.”; begin with a letter or digit.",
            ),
            not_reserved,
        ],
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    visibility = models.CharField(
        max_length=10, choices=Visibility, default=Visibility.PRIVATE
    )
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    purged_at = models.DateTimeField(
        null=True, blank=True, editable=False
    )  # its purge has begun: nothing brings it back

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.slug

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self, at: datetime | None = None) -> Self:
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=at or timezone.now()))


class Membership(models.Model):
    """A person's role in a project, for good or until a moment."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.PositiveSmallIntegerField(choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    # Given by the provider's groups, which then also take it away: tracker/groups.py.
    is_by_groups = models.BooleanField(default=False, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"], name="one_role_per_member"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.project}"

    @property
    def is_over(self) -> bool:
        return self.ends_at is not None and self.ends_at <= timezone.now()


class AccessToken(models.Model):
    """A secret that stands for its owner; only its digest is kept."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        LOG = "log", "Log: read and write runs and artifacts"
        ALL = "all", "Everything its owner may do"

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="tokens"
    )
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256, hexadecimal
    scope = models.CharField(max_length=4, choices=Scope, default=Scope.LOG)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def may(self) -> str:
        """The scope in a few words."""
        return {"read": "Read", "log": "Read and log", "all": "Everything"}[self.scope]

    @property
    def is_over(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class FailedSignIn(models.Model):
    """A password that was wrong, counted for a few minutes: by account and by address."""

    key = models.CharField(max_length=64)  # SHA-256 of which of the two, hexadecimal
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="failed_lately")]

    def __str__(self) -> str:
        return self.key


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A link that makes whoever opens it first a member; only its digest is kept."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="invitations")
    role = models.PositiveSmallIntegerField(choices=Role)
    note = models.CharField(max_length=100, blank=True)  # whom it is for
    digest = models.CharField(max_length=64, unique=True)  # SHA-256, hexadecimal
    made_by = models.ForeignKey(User, models.CASCADE, related_name="invitations")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.get_role_display()} of {self.project}"
