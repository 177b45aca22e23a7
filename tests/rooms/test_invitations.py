"""Invitations: one person, one time, for as long as whoever invited may."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tracker import invitations, members
from tracker.errors import Conflict, Invalid, NotFound
from tracker.models import Invitation, Membership, Role


def secret_of(invited):
    return invited.path.strip("/").split("/")[-1]


def role_of(user):
    return Membership.objects.get(user=user).role


def test_makes_the_first_who_opens_it_a_member(vision, owner, stranger):
    invited = invitations.invite(vision, Role.WRITER, by=owner)

    found = invitations.find(secret_of(invited))
    invitations.accept(found, stranger)

    assert role_of(stranger) == Role.WRITER
    with pytest.raises(NotFound):
        invitations.find(secret_of(invited))
    with pytest.raises(Conflict):
        invitations.accept(found, make.user("late"))
    assert secret_of(invited) not in str(Invitation.objects.values().get())


@pytest.mark.parametrize("end", ["time", "withdrawn", "demoted", "off", "deleted"])
def test_ends(vision, owner, end):
    members.set_role(vision, make.user("second"), Role.OWNER)
    invited = invitations.invite(vision, Role.READER, by=owner)

    if end == "time":
        Invitation.objects.update(expires_at=timezone.now())
    if end == "withdrawn":
        invitations.revoke(invited.row)
    if end == "demoted":
        members.set_role(vision, owner, Role.WRITER)
    if end == "off":
        members.deactivate(owner)
    if end == "deleted":
        vision.deleted_at = timezone.now()
        vision.save()

    with pytest.raises(NotFound):
        invitations.find(secret_of(invited))


def test_takes_no_role_away(vision, owner):
    invited = invitations.invite(vision, Role.READER, by=owner)

    invitations.accept(invited.row, owner)

    assert role_of(owner) == Role.OWNER


@pytest.mark.parametrize("days", [0, -1, 31])
def test_lives_up_to_a_month(vision, owner, days):
    with pytest.raises(Invalid):
        invitations.invite(vision, Role.READER, by=owner, lifetime=timedelta(days=days))
