"""What the provider's groups make of a person here, anew with each sign-in.

Memberships that groups gave are the groups' own: they follow them up and down, and end by
themselves when the person stays away. What an owner gave by hand is left alone.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tracker import audit
from tracker.models import Membership, Project, Role, User, What

ROLES = {role.label.lower(): role for role in Role}
NOTE = "by groups of the provider"


class Rule(NamedTuple):
    """Whoever is in the group has the role in the project."""

    group: str
    project: str
    role: Role


def rule(text: str) -> Rule:
    """From `group=project:role`. Raises ValueError."""
    group, equals, rest = text.rpartition("=")
    project, colon, role = rest.rpartition(":")
    if not (group and equals and project and colon and role in ROLES):
        raise ValueError(text)
    return Rule(group.strip(), project.strip(), ROLES[role])


@transaction.atomic
def follow(user: User, groups: Collection[str]) -> None:
    """Make the person here what the groups say, and nothing more."""
    _follow_staff(user, groups)
    wanted: dict[str, Role] = {}
    for one in map(rule, settings.OIDC_ROLES):
        if one.group in groups:
            wanted[one.project] = max(one.role, wanted.get(one.project, Role.READER))
    given = Membership.objects.filter(user=user, is_by_groups=True)
    for ended in given.exclude(project__slug__in=wanted).select_related("project"):
        ended.delete()
        audit.record(
            What.MEMBER_REMOVED, project=ended.project, about=user, by=user, note=NOTE
        )
    for project in Project.objects.alive().filter(slug__in=wanted):
        _give(project, user, wanted[project.slug])


def _give(project: Project, user: User, role: Role) -> None:
    ends_at = timezone.now() + timedelta(days=settings.OIDC_GROUP_DAYS)
    member, is_new = Membership.objects.get_or_create(
        project=project,
        user=user,
        defaults={"role": role, "ends_at": ends_at, "is_by_groups": True},
    )
    if not is_new and not member.is_by_groups:
        return
    before, member.role, member.ends_at = member.role, role, ends_at
    member.save(update_fields=["role", "ends_at"])
    if is_new:
        note = f"as {role.label}, {NOTE}"
        audit.record(What.MEMBER_ADDED, project=project, about=user, by=user, note=note)
    elif before != role:
        note = f"from {Role(before).label} to {role.label}, {NOTE}"
        audit.record(What.ROLE_CHANGED, project=project, about=user, by=user, note=note)


def _follow_staff(user: User, groups: Collection[str]) -> None:
    if not settings.OIDC_STAFF_GROUP:
        return
    is_admin = settings.OIDC_STAFF_GROUP in groups
    if (user.is_staff, user.is_superuser) == (is_admin, is_admin):
        return
    user.is_staff = user.is_superuser = is_admin
    user.save(update_fields=["is_staff", "is_superuser"])
    became = "an administrator" if is_admin else "no administrator any more"
    audit.record(What.USER_CHANGED, about=user, by=user, note=f"{became}, {NOTE}")
