"""Signing in, one-time links and access tokens, as team mode serves them."""

import re

import pytest
from django.test import Client

from tests import make
from tracker import members, tokens
from tracker.errors import AlreadyExists, Conflict, Invalid
from tracker.models import AccessToken, Membership, Role

PASSWORD = "a long enough password"


def signed_in(name):
    client = Client()
    client.post("/sign-in/", {"username": name, "password": PASSWORD})
    return client


def test_leads_a_visitor_to_the_page_they_wanted(team, owner, vision):
    client = Client()
    answer = client.get("/p/vision/")
    assert answer["Location"] == "/sign-in/?next=/p/vision/"

    sign_in = answer["Location"]
    answer = client.post(sign_in, {"username": "owner", "password": PASSWORD})

    assert answer["Location"] == "/p/vision/"
    assert client.get("/p/vision/").status_code == 200


def test_says_the_same_for_an_unknown_name_and_a_wrong_password(team, owner):
    pages = [
        Client().post("/sign-in/", {"username": name, "password": "wrong"}).content
        for name in ("owner", "nobody")
    ]

    strip = [re.sub(rb'(value|content)="[^"]*"', b"", page) for page in pages]
    assert strip[0] == strip[1]
    assert b"is not right" in pages[0]


def test_shows_a_stranger_the_same_404_as_for_nothing_at_all(team, vision, stranger):
    client = signed_in("stranger")

    answers = [client.get(path) for path in ("/p/vision/", "/p/nothing/")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_ends_a_membership_with_the_next_request(team, owner, reader, vision):
    client = signed_in("reader")
    assert client.get("/p/vision/").status_code == 200

    members.remove(vision, reader)

    assert client.get("/p/vision/").status_code == 404


def test_opens_an_account_by_its_one_time_link_once(team, db):
    user = members.create_user("ann")
    path = members.one_time_path(user)
    client = Client()
    form = client.get(path)["Location"]

    client.post(form, {"new_password1": PASSWORD, "new_password2": PASSWORD})

    assert client.get("/you/tokens/").status_code == 200
    assert b"This link has ended" in Client().get(path).content


@pytest.mark.parametrize(
    "password", ["short", "createuser-ann", "passwordpassword"[:8]]
)
def test_refuses_a_weak_password(db, password):
    with pytest.raises(Invalid):
        members.create_user("createuser-ann", password=password)


def test_refuses_a_name_that_is_taken(owner):
    with pytest.raises(AlreadyExists):
        members.create_user("owner", password=PASSWORD)


def test_keeps_the_last_owner_of_a_project(owner, vision):
    with pytest.raises(Conflict):
        members.remove(vision, owner)
    with pytest.raises(Conflict):
        members.set_role(vision, owner, Role.READER)

    members.set_role(vision, make.user("second"), Role.OWNER)
    members.remove(vision, owner)

    assert not Membership.objects.filter(user=owner).exists()


def test_shows_a_new_token_once(team, owner):
    client = signed_in("owner")

    page = client.post("/you/tokens/", {"name": "laptop", "scope": "log", "days": "30"})
    secret = re.search(rb"trk_[\w-]{20,}", page.content)[0].decode()

    assert tokens.find(secret).name == "laptop"
    assert secret not in client.get("/you/tokens/").content.decode()


def test_revokes_only_tokens_of_ones_own(team, owner, stranger):
    token = tokens.issue(owner, name="laptop").row

    assert (
        signed_in("stranger").post(f"/you/tokens/{token.pk}/revoke/").status_code == 404
    )
    signed_in("owner").post(f"/you/tokens/{token.pk}/revoke/")

    assert AccessToken.objects.get().revoked_at is not None


def test_offers_a_stranger_no_project_but_their_own(team, vision, stranger):
    client = signed_in("stranger")

    answer = client.post(
        "/you/tokens/",
        {"name": "x", "scope": "log", "days": "30", "project": vision.pk},
    )

    assert answer.status_code == 200
    assert not AccessToken.objects.exists()
