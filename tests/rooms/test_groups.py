"""The provider's groups: what they give they also take, and nothing else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tracker import groups, members
from tracker.access import Actor, role_in
from tracker.groups import Rule
from tracker.models import AuditEvent, Membership, Role, What


@pytest.fixture(autouse=True)
def rules(settings):
    settings.OIDC_ROLES = ["team=vision:reader", "leads=vision:owner", "x=gone:owner"]
    settings.OIDC_STAFF_GROUP = "operators"


@pytest.fixture
def ann(vision):
    return make.user("ann")


def role(project, user):
    return role_in(project, Actor(user))


def test_gives_the_highest_role_and_follows_it_down(vision, ann):
    for having, wanted in (
        (["team"], Role.READER),
        (["team", "leads"], Role.OWNER),
        (["team"], Role.READER),
        (["others"], None),
    ):
        groups.follow(ann, having)
        assert role(vision, ann) == wanted

    told = AuditEvent.objects.filter(title="ann").order_by("pk")
    assert list(told.values_list("what", flat=True)) == [
        *(What.MEMBER_ADDED, What.ROLE_CHANGED),
        *(What.ROLE_CHANGED, What.MEMBER_REMOVED),
    ]
    assert all("by groups" in one.note for one in told)


def test_ends_by_itself_when_the_person_stays_away(vision, ann, settings):
    settings.OIDC_GROUP_DAYS = 7
    groups.follow(ann, ["leads"])

    [member] = Membership.objects.filter(user=ann)
    left = member.ends_at - timezone.now()
    assert timedelta(days=6) < left < timedelta(days=8)
    Membership.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert role(vision, ann) is None
    groups.follow(ann, ["leads"])
    assert role(vision, ann) == Role.OWNER


def test_leaves_alone_what_was_given_by_hand(vision, ann):
    members.set_role(vision, ann, Role.WRITER)
    for having in (["leads"], ["team"], []):
        groups.follow(ann, having)
        assert role(vision, ann) == Role.WRITER


def test_a_change_by_hand_takes_it_from_the_groups(vision, ann):
    groups.follow(ann, ["team"])
    members.set_role(vision, ann, Role.WRITER)

    groups.follow(ann, [])

    assert role(vision, ann) == Role.WRITER


def test_makes_administrators_and_unmakes_them(ann, settings):
    for having in (["operators"], []):
        groups.follow(ann, having)
        ann.refresh_from_db()
        assert (ann.is_staff, ann.is_superuser) == (bool(having), bool(having))
    settings.OIDC_STAFF_GROUP = ""
    ann.is_superuser = True
    ann.save()

    groups.follow(ann, [])

    ann.refresh_from_db()
    assert ann.is_superuser


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a=p:reader", Rule("a", "p", Role.READER)),
        ("cn=ml=p:owner", Rule("cn=ml", "p", Role.OWNER)),
        ("/staff/ml=p:writer", Rule("/staff/ml", "p", Role.WRITER)),
    ],
)
def test_reads_a_rule(text, rule):
    assert groups.rule(text) == rule
