"""The one permission function: every way into a project, and every way out again."""

from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from tests import make
from tracker import access, invitations, members, projects, tokens
from tracker.access import Actor
from tracker.errors import Conflict, Invalid, NotFound
from tracker.models import (
    AccessToken,
    AuditEvent,
    Membership,
    Project,
    Role,
    User,
    Visibility,
    What,
)

PEOPLE = ("anonymous", "stranger", "reader", "writer", "owner", "over", "admin")
PRIVATE, INTERNAL, PUBLIC = Visibility

# What each may do, where the project is private, internal, public.
ROLES = {
    "anonymous": (None, None, Role.READER),
    "stranger": (None, Role.READER, Role.READER),
    "over": (None, Role.READER, Role.READER),  # a membership that has ended
    "reader": (Role.READER,) * 3,
    "writer": (Role.WRITER,) * 3,
    "owner": (Role.OWNER,) * 3,
    "admin": (Role.OWNER,) * 3,
}


@pytest.fixture
def cast(vision):
    people = {
        role.label.lower(): make.member(vision, role.label, role) for role in Role
    }
    over = make.member(vision, "over", Role.OWNER)
    Membership.objects.filter(user=over).update(ends_at=timezone.now())
    return {
        **people,
        "over": over,
        "stranger": make.user("stranger"),
        "admin": make.user("admin", is_superuser=True),
        "anonymous": AnonymousUser(),
    }


@pytest.mark.parametrize("visibility", Visibility)
def test_the_role_follows_from_membership_visibility_and_administration(
    vision, cast, visibility
):
    Project.objects.filter(pk=vision.pk).update(visibility=visibility)
    place = list(Visibility).index(visibility)
    vision.refresh_from_db()

    found = {name: access.role_in(vision, Actor(who)) for name, who in cast.items()}

    assert found == {name: roles[place] for name, roles in ROLES.items()}


@pytest.mark.parametrize(
    ("visibility", "is_deleted"), list(product(Visibility, [False, True]))
)
def test_lists_show_a_project_to_exactly_those_who_have_a_role_in_it(
    vision, cast, visibility, is_deleted
):
    vision.visibility = visibility
    vision.deleted_at = timezone.now() if is_deleted else None
    vision.save()

    for who in cast.values():
        listed = Project.objects.visible_to(who).filter(pk=vision.pk)
        role = access.role_in(vision, Actor(who))
        assert listed.exists() == (role is not None)
        for row in access.with_role(listed, who):
            assert access.role_here(row, who) == role


def test_believes_nothing_that_a_process_remembers_of_a_project(vision, stranger):
    vision.visibility = PUBLIC
    vision.save()
    remembered = Project.objects.get(pk=vision.pk)

    Project.objects.filter(pk=vision.pk).update(visibility=PRIVATE)

    assert access.role_in(remembered, Actor(stranger)) is None


@pytest.mark.parametrize(
    ("scope", "most"),
    [("read", Role.READER), ("log", Role.WRITER), ("all", Role.OWNER)],
)
@pytest.mark.parametrize("name", ["reader", "writer", "owner"])
def test_a_token_may_no_more_than_its_scope_and_its_owner(
    vision, cast, name, scope, most
):
    token = tokens.issue(cast[name], name="x", scope=AccessToken.Scope(scope)).row

    assert access.role_in(vision, Actor(cast[name], token)) == min(
        most, Role[name.upper()]
    )


def test_a_project_token_works_in_its_project_alone(vision):
    other = make.project("other", visibility=PUBLIC)

    token = tokens.issue_for_project(vision, name="ci").row

    assert access.role_in(vision, Actor(token.user, token)) == Role.WRITER
    assert access.role_in(other, Actor(token.user, token)) is None


def test_a_project_token_ends_with_its_bot(vision):
    issued = tokens.issue_for_project(vision, name="ci")
    assert tokens.find(issued.secret)

    tokens.revoke(issued.row)
    tokens.revoke(issued.row)

    assert tokens.find(issued.secret) is None
    bot = User.objects.get(is_bot=True)
    assert (bot.is_active, bot.memberships.count()) == (False, 0)


def test_a_bot_is_nobody_one_can_name(vision):
    bot = tokens.issue_for_project(vision, name="ci").row.user

    with pytest.raises(NotFound):
        members.find_user(bot.username)
    assert not bot.has_usable_password()


def test_an_account_switched_off_stops_at_once_and_comes_back(vision, cast):
    secret = tokens.issue(cast["writer"], name="x").secret

    members.deactivate(cast["writer"])
    assert tokens.find(secret) is None
    members.activate(cast["writer"])

    assert tokens.find(secret).user == cast["writer"]


def test_finds_a_person_by_an_address_that_is_nobody_elses(db):
    ann = make.user("ann", email="ann@example.com")
    make.user("bo", email="team@example.com")
    make.user("cy", email="team@example.com")

    assert members.find_user("Ann@Example.com") == ann
    with pytest.raises(NotFound):
        members.find_user("team@example.com")


def test_an_owner_stays_and_a_membership_ends_in_the_future(vision, stranger):
    now = timezone.now()
    for role, ends_at in (
        (Role.OWNER, now + timedelta(days=1)),
        (Role.READER, now - timedelta(seconds=1)),
    ):
        with pytest.raises(Invalid):
            members.set_role(vision, stranger, role, ends_at=ends_at)


def test_a_bot_does_not_count_as_the_owner_of_a_project(vision, owner):
    tokens.issue_for_project(vision, name="x", scope=AccessToken.Scope.ALL)

    with pytest.raises(Conflict):
        members.remove(vision, owner)


def test_a_deleted_project_is_known_to_its_members_alone(vision, cast):
    projects.delete(vision)

    for name, who in cast.items():
        assert access.role_in(vision, Actor(who)) is None
        remembered = access.remembers(vision, Actor(who))
        assert (remembered is not None) == (
            name in ("reader", "writer", "owner", "admin")
        )
    projects.restore(vision)
    assert access.role_in(vision, Actor(cast["writer"])) == Role.WRITER


def test_remembers_what_was_changed_about_who_may(vision, cast):
    projects.change(vision, name="v", description="", visibility=INTERNAL)
    invited = invitations.invite(vision, Role.READER, by=cast["owner"])
    invitations.accept(invited.row, cast["stranger"])
    invitations.revoke(invitations.invite(vision, Role.READER, by=cast["owner"]).row)
    members.deactivate(cast["stranger"])
    members.activate(cast["stranger"])
    members.change_password(cast["stranger"], "another fine password")
    members.end_sessions(cast["stranger"])
    projects.delete(vision)
    projects.restore(vision)

    told = list(AuditEvent.objects.order_by("pk").values_list("what", flat=True))

    assert told[-13:] == [
        What.VISIBILITY_CHANGED,
        What.PROJECT_CHANGED,
        What.MEMBER_INVITED,
        What.INVITATION_USED,
        What.MEMBER_ADDED,
        What.MEMBER_INVITED,
        What.INVITATION_WITHDRAWN,
        What.USER_BLOCKED,
        What.USER_UNBLOCKED,
        What.PASSWORD_CHANGED,
        What.SESSIONS_ENDED,
        What.DELETED,
        What.RESTORED,
    ]


def test_a_project_whose_purge_has_begun_does_not_come_back(vision, cast):
    projects.delete(vision)
    assert list(access.restorable_by(cast["owner"])) == [vision]
    for name in ("writer", "over", "stranger", "anonymous"):
        assert not access.restorable_by(cast[name]).exists()

    Project.objects.update(purged_at=timezone.now())

    assert not access.restorable_by(cast["admin"]).exists()
    with pytest.raises(NotFound):
        projects.restore(vision)
