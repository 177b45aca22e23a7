"""Who may do what: the one permission function, asked by every door."""

import functools
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import OuterRef, QuerySet, Subquery

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
    """The project as it is now: whoever calls may have remembered it for a moment."""
    if user.is_authenticated and user.is_superuser:
        return None if project.is_deleted else Role.OWNER
    now = with_role(Project.objects.alive(), user).filter(pk=project.pk).first()
    return None if now is None else role_here(now, user)


def with_role(
    projects: QuerySet[Project],
    user: User | AnonymousUser,
    at: datetime | None = None,
) -> QuerySet[Project]:
    """Each with what `role_here` needs to know, in the same query."""
    if not user.is_authenticated or user.is_superuser:
        return projects
    mine = Membership.objects.current(at).filter(project=OuterRef("pk"), user=user)
    return projects.annotate(own_role=Subquery(mine.values("role")))


def role_here(project: Project, user: User | AnonymousUser) -> Role | None:
    """The person's role in a project out of `with_role`."""
    if user.is_authenticated and user.is_superuser:
        return Role.OWNER
    own = vars(project).get("own_role")
    if own is not None:
        return Role(own)
    everyones = {Visibility.PUBLIC}
    if user.is_authenticated:
        everyones.add(Visibility.INTERNAL)
    return Role.READER if project.visibility in everyones else None


def restorable_by(user: User | AnonymousUser) -> QuerySet[Project]:
    """The deleted projects that this person owns."""
    deleted = Project.objects.in_trash()
    if not user.is_authenticated:
        return deleted.none()
    if user.is_superuser:
        return deleted
    owned = Membership.objects.current().filter(user=user, role=Role.OWNER)
    return deleted.filter(pk__in=owned.values("project"))


def is_insider(project: Project, actor: Actor) -> bool:
    """Whether the actor belongs here, and not only reads what its visibility opens."""
    return _own_role(project, actor) is not None


def remembers(project: Project, actor: Actor) -> Role | None:
    """The role in a project that is deleted: who may know that it was here."""
    return _own_role(project, actor) if project.is_deleted else None


def _own_role(project: Project, actor: Actor) -> Role | None:
    if not actor.user.is_authenticated or not actor.user.is_active:
        return None
    if actor.user.is_superuser:
        return Role.OWNER
    mine = Membership.objects.current().filter(project=project, user=actor.user)
    role = mine.values_list("role", flat=True).first()
    return None if role is None else Role(role)


def require(needs: Role, project: Project, actor: Actor) -> None:
    """Let the actor pass, or raise.

    Raises NotFound where they may not know that the project exists, else Denied.
    """
    check(needs, role_in(project, actor), project)


def check(needs: Role, role: Role | None, project: Project) -> None:
    """`require`, where the role is known already."""
    if needs > Role.READER and (role is None or role < needs):
        audit.record_once(
            What.DENIED, project=project, note=f"It needs the role {needs.label}."
        )
    if role is None:
        raise NotFound(f"No project “{project.slug}”.")
    if role < needs:
        raise Denied(f"This needs the role {needs.label}; yours is {role.label}.")
