"""Who can see a project, and why: every way in, as the permission function knows them."""

from typing import NamedTuple

from django.db.models import Q

from tracker import access
from tracker.access import Actor
from tracker.models import Membership, Project, Role, User, Visibility

# A page for people, not an export: the rest is counted.
LONGEST_LIST = 200


class Reach(NamedTuple):
    """Somebody, the role they have here, and where it comes from."""

    user: User
    role: Role | None
    why: tuple[str, ...]
    membership: Membership | None = None


def everybody(project: Project) -> tuple[list[Reach], int]:
    """Members, project tokens and administrators, and how many are not in the list.

    Two queries. Who may see the project only because of its visibility is nobody's list:
    `audience` says who that is.
    """
    members = {
        membership.user_id: membership
        for membership in Membership.objects.filter(project=project).select_related(
            "user"
        )
    }
    people = User.objects.filter(Q(pk__in=members) | Q(is_superuser=True))
    found = [
        reach(project, person, members.get(person.pk))
        for person in people.order_by("is_bot", "username")
    ]
    found.sort(key=lambda one: (-(one.role or 0), one.user.is_bot, one.user.username))
    return found[:LONGEST_LIST], max(0, len(found) - LONGEST_LIST)


def about(project: Project, person: User) -> Reach:
    membership = Membership.objects.filter(project=project, user=person).first()
    found = reach(project, person, membership)
    # The one permission function has the last word; the sentences only explain it.
    role = access.role_in(project, Actor(person)) if person.is_active else None
    return found._replace(role=role)


def reach(project: Project, person: User, membership: Membership | None) -> Reach:
    if not person.is_active:
        return Reach(person, None, ("The account is switched off.",), membership)
    roles: list[Role] = []
    why: list[str] = []
    if person.is_superuser:
        roles.append(Role.OWNER)
        why.append("Administrator of this server.")
    if membership:
        label = Role(membership.role).label
        if membership.is_over:
            why.append(f"Was {label.lower()} until {membership.ends_at:%d %b %Y}.")
        else:
            roles.append(Role(membership.role))
            why.append(
                f"Token of this project, as {label.lower()}."
                if person.is_bot
                else f"Member with the role {label.lower()}"
                + (
                    f", until {membership.ends_at:%d %b %Y}."
                    if membership.ends_at
                    else "."
                )
            )
    if project.visibility != Visibility.PRIVATE:
        roles.append(Role.READER)
        why.append(
            "The project is public."
            if project.visibility == Visibility.PUBLIC
            else "The project is internal: everyone with an account reads it."
        )
    if not why:
        why.append("No member, and the project is private.")
    return Reach(person, max(roles, default=None), tuple(why), membership)


AUDIENCES = {
    Visibility.PRIVATE: (
        "Private",
        "Members and administrators. Everybody else is told that there is nothing here.",
    ),
    Visibility.INTERNAL: (
        "Internal",
        "Everyone with an account on this server may read; members may do more.",
    ),
    Visibility.PUBLIC: (
        "Public",
        "Everyone who reaches this server may read its pages, without signing in;"
        " members may do more.",
    ),
}


def audience(project: Project) -> tuple[str, str]:
    return AUDIENCES[Visibility(project.visibility)]
