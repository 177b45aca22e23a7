"""Invitations: a link that makes whoever opens it first a member of a project."""

import secrets
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from tracker import access, audit, members, tokens
from tracker.access import Actor
from tracker.errors import Conflict, Invalid, NotFound
from tracker.models import Invitation, Membership, Project, Role, User, What

DEFAULT_LIFETIME = timedelta(days=7)
LONGEST_LIFETIME = timedelta(days=30)
ENDED = "This invitation has ended. Ask for a new one."


class Invited(NamedTuple):
    """A new invitation. Its path is shown now and never again."""

    row: Invitation
    path: str


@transaction.atomic
def invite(
    project: Project,
    role: Role,
    *,
    by: User,
    note: str = "",
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> Invited:
    """A link for one person. Raises Invalid for a time that is not up to 30 days."""
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        raise Invalid("An invitation lives between a moment and 30 days.")
    secret = secrets.token_urlsafe(tokens.RANDOM_BYTES)
    row = Invitation.objects.create(
        project=project,
        role=role,
        note=note,
        digest=tokens.digest(secret),
        made_by=by,
        expires_at=timezone.now() + lifetime,
    )
    audit.record(What.MEMBER_INVITED, project=project, about=row, note=note)
    return Invited(row, reverse("join", args=[secret]))


def find(secret: str) -> Invitation:
    """The open invitation with this secret. Raises NotFound.

    It lasts no longer than the power of whoever gave it.
    """
    row = (
        Invitation.objects.open()
        .select_related("project", "made_by")
        .filter(digest=tokens.digest(secret), made_by__is_active=True)
        .first()
    )
    if row is None:
        raise NotFound(ENDED)
    if access.role_in(row.project, Actor(row.made_by)) != Role.OWNER:
        raise NotFound(ENDED)
    return row


@transaction.atomic
def accept(row: Invitation, user: User) -> Membership:
    """Use an invitation up. Raises Conflict where somebody was faster.

    A role is never lowered by an invitation, and one that has an end keeps it no longer.
    """
    used = Invitation.objects.open().filter(pk=row.pk)
    if not used.update(used_at=timezone.now(), used_by=user):
        raise Conflict(ENDED)
    audit.record(
        What.INVITATION_USED, project=row.project, about=row, by=user, note=row.note
    )
    mine = Membership.objects.current().filter(project=row.project, user=user).first()
    role = Role(max(row.role, mine.role)) if mine else Role(row.role)
    return members.set_role(row.project, user, role)


@transaction.atomic
def revoke(row: Invitation) -> None:
    """End an open invitation. Again changes nothing."""
    still = Invitation.objects.open().filter(pk=row.pk)
    if still.update(revoked_at=timezone.now()):
        audit.record(
            What.INVITATION_WITHDRAWN, project=row.project, about=row, note=row.note
        )
