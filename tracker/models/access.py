"""Who there is, what belongs to whom, and the tokens that stand for a person."""

from typing import Self

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

RESERVED_SLUGS = frozenset(
    "api ajax-api health version s r you search admin static livez readyz p".split()
)


class User(AbstractUser):
    """A person, or `local`: whoever sits at the machine in local mode."""


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
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The projects whose pages this person may read."""
        if not user.is_authenticated:
            return self.filter(visibility=Visibility.PUBLIC)
        if user.is_superuser:
            return self
        mine = Membership.objects.filter(user=user).values("project")
        return self.filter(
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

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.PositiveSmallIntegerField(choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"], name="one_role_per_member"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.project}"


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
