"""Who may do what: the one permission function, asked by every door."""

import functools
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from tracker import audit
from tracker.errors import Denied, NotFound
from tracker.models import (
    AccessToken,
    Membership,
    Project,
    Role,
    User,
    Visibility,
    What,
)

LOCAL_USER = "local"


class Actor(NamedTuple):
    """Who asks: a person, and the token they came with, if any."""

    user: User | AnonymousUser
    token: AccessToken | None = None


@functools.cache
def local_owner() -> User:
    """Whoever sits at the machine in local mode: a real, superuser row.

    It never changes, so a process asks for it once.
    """
    assert settings.MODE == "local"
    user, _ = User.objects.get_or_create(
        username=LOCAL_USER, defaults={"is_staff": True, "is_superuser": True}
    )
    return user


def role_in(project: Project, actor: Actor) -> Role | None:
    """The actor's role in a project, or None where they may not even know of it."""
    role = _role_of(actor.user, project)
    if role is None or actor.token is None:
        return role
    if actor.token.project_id not in (None, project.pk):
        return None
    return min(role, CEILINGS[AccessToken.Scope(actor.token.scope)])


# The most that a token of each scope may do, whatever its owner may.
CEILINGS = {
    AccessToken.Scope.READ: Role.READER,
    AccessToken.Scope.LOG: Role.WRITER,
    AccessToken.Scope.ALL: Role.OWNER,
}


def _role_of(user: User | AnonymousUser, project: Project) -> Role | None:
    if not user.is_authenticated:
        return Role.READER if project.visibility == Visibility.PUBLIC else None
    if user.is_superuser:
        return Role.OWNER
    role = (
        Membership.objects.filter(project=project, user=user)
        .values_list("role", flat=True)
        .first()
    )
    if role is not None:
        return Role(role)
    return None if project.visibility == Visibility.PRIVATE else Role.READER


def require(needs: Role, project: Project, actor: Actor) -> None:
    """Let the actor pass, or raise.

    Raises NotFound where they may not know that the project exists, else Denied.
    """
    role = role_in(project, actor)
    if needs > Role.READER and (role is None or role < needs):
        audit.record_once(
            What.DENIED, project=project, note=f"It needs the role {needs.label}."
        )
    if role is None:
        raise NotFound(f"No project “{project.slug}”.")
    if role < needs:
        raise Denied(f"This needs the role {needs.label}; yours is {role.label}.")
