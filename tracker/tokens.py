"""Access tokens: issued once, kept as a digest, checked by every door.

A token is a prefix that secret scanners can recognise and 256 random bits. It is found
by its digest, so that the time a look-up takes says nothing about the secret.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tracker import access, audit
from tracker.errors import Invalid
from tracker.models import AccessToken, Membership, Project, User, What

RANDOM_BYTES = 32
DEFAULT_LIFETIME = timedelta(days=90)
LONGEST_LIFETIME = timedelta(days=365)
# "Last used" is shown to the minute; writing it on every request would be a hot row.
LAST_USED_GRAIN = timedelta(minutes=1)


class Issued(NamedTuple):
    """A new token. The secret is shown now and never again."""

    row: AccessToken
    secret: str


def issue(
    user: User,
    *,
    name: str,
    project: Project | None = None,
    scope: AccessToken.Scope = AccessToken.Scope.LOG,
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> Issued:
    """A token that stands for its owner, in one project or in all of theirs.

    Raises Invalid for a lifetime that is not between zero and a year.
    """
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        raise Invalid("A token lives between a moment and 365 days.")
    secret = new_secret()
    row = AccessToken.objects.create(
        user=user,
        project=project,
        name=name,
        digest=digest(secret),
        scope=scope,
        expires_at=timezone.now() + lifetime,
    )
    audit.record(What.TOKEN_MADE, project=project, about=row, note=f"for {user}")
    return Issued(row, secret)


@transaction.atomic
def issue_for_project(
    project: Project,
    *,
    name: str,
    scope: AccessToken.Scope = AccessToken.Scope.LOG,
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> Issued:
    """A token that belongs to the project and outlives the membership of whoever made it.

    It stands for a bot that has a role in this project alone, and cannot sign in.
    """
    bot = User(
        username=f"bot-{project.pk}-{secrets.token_hex(6)}",
        first_name=name,
        is_bot=True,
    )
    bot.set_unusable_password()
    bot.save()
    Membership.objects.create(project=project, user=bot, role=access.CEILINGS[scope])
    return issue(bot, name=name, project=project, scope=scope, lifetime=lifetime)


def new_secret() -> str:
    return settings.TOKEN_PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def digest(secret: str) -> str:
    # The secret is random throughout: a slow hash would protect nothing more.
    return hashlib.sha256(secret.encode()).hexdigest()


def find(secret: str) -> AccessToken | None:
    """The token with this secret, if it is valid now and its owner may still sign in."""
    now = timezone.now()
    row = (
        AccessToken.objects.select_related("user")
        .filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            digest=digest(secret),
            revoked_at=None,
            user__is_active=True,
        )
        .first()
    )
    if row and (row.last_used_at is None or row.last_used_at < now - LAST_USED_GRAIN):
        before, row.last_used_at = row.last_used_at, now
        used = AccessToken.objects.filter(pk=row.pk, last_used_at=before)
        if used.update(last_used_at=now) and before is None:
            audit.record(
                What.TOKEN_FIRST_USED, project=row.project, about=row, by=row.user
            )
    return row


@transaction.atomic
def revoke(row: AccessToken) -> None:
    """End a token at once, and its bot with it. Again changes nothing."""
    valid = AccessToken.objects.filter(pk=row.pk, revoked_at=None)
    if valid.update(revoked_at=timezone.now()):
        audit.record(
            What.TOKEN_REVOKED, project=row.project, about=row, note=f"of {row.user}"
        )
    if row.user.is_bot:
        User.objects.filter(pk=row.user_id).update(is_active=False)
        Membership.objects.filter(user=row.user_id).delete()
