"""Access tokens, and the credentials that scripts send."""

import base64
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import make
from tracker import access, tokens
from tracker.access import Actor
from tracker.errors import Denied, Invalid, NotFound
from tracker.models import AccessToken, Role

pytestmark = pytest.mark.django_db


def ask(project, **headers):
    url = f"/p/{project.slug}/api/2.0/mlflow/experiments/get?experiment_id=0"
    return Client().get(url, headers=headers).status_code


def basic(name, password):
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return f"Basic {pair}"


def test_keeps_only_the_digest_of_a_token(owner, vision):
    issued = tokens.issue(owner, name="laptop", project=vision)

    assert issued.secret.startswith("trk_")
    assert issued.secret not in str(AccessToken.objects.values().get())
    assert tokens.find(issued.secret) == issued.row


def test_notes_when_a_token_was_last_used(owner):
    issued = tokens.issue(owner, name="laptop")

    tokens.find(issued.secret)

    assert AccessToken.objects.get().last_used_at is not None


@pytest.mark.parametrize(
    "ending", ["revoked", "expired", "owner left", "one letter off"]
)
def test_finds_no_token_that_has_ended(owner, ending):
    issued = tokens.issue(owner, name="laptop")
    secret = issued.secret
    if ending == "revoked":
        tokens.revoke(issued.row)
    elif ending == "expired":
        AccessToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif ending == "owner left":
        owner.is_active = False
        owner.save()
    else:
        secret = secret[:-1]

    assert tokens.find(secret) is None


@pytest.mark.parametrize("days", [-1, 0, 366])
def test_refuses_a_lifetime_out_of_bounds(owner, days):
    with pytest.raises(Invalid):
        tokens.issue(owner, name="laptop", lifetime=timedelta(days=days))


def test_lets_a_token_do_no_more_than_its_scope(owner, vision):
    reading = tokens.issue(owner, name="r", scope=AccessToken.Scope.READ).row

    access.require(Role.READER, vision, Actor(owner, reading))
    with pytest.raises(Denied):
        access.require(Role.WRITER, vision, Actor(owner, reading))


def test_lets_a_token_do_no_more_than_its_owner(reader, vision):
    everything = tokens.issue(reader, name="a", scope=AccessToken.Scope.ALL).row

    with pytest.raises(Denied):
        access.require(Role.WRITER, vision, Actor(reader, everything))


def test_shuts_a_project_token_out_of_other_projects(owner, vision):
    other = make.project("other", owner=owner)
    token = tokens.issue(owner, name="ci", project=vision).row

    with pytest.raises(NotFound):
        access.require(Role.READER, other, Actor(owner, token))


def test_takes_a_token_as_bearer_and_as_basic_password(team, owner, vision):
    secret = tokens.issue(owner, name="laptop").secret

    assert ask(vision, authorization=f"Bearer {secret}") == 200
    assert ask(vision, authorization=basic("anything", secret)) == 200
    assert ask(vision, authorization=basic("owner", "a long enough password")) == 200


def test_forgets_a_remembered_password_when_it_changes(team, owner, vision):
    header = basic("owner", "a long enough password")
    assert ask(vision, authorization=header) == 200

    owner.set_password("another long password")
    owner.save()

    assert ask(vision, authorization=header) == 401


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer ", "Bearer x", "Bearer trk_", "bearer trk_x y", "Token trk_x",
        "Basic", "Basic ", "Basic !!", "Basic " + "A" * 5, basic("", ""), basic("owner", ""),
        basic("owner", "wrong"), basic("nobody", "wrong"), basic("owner", "trk_x"),
        basic("ow\0ner", "x"), "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Digest username=owner", "Negotiate abc", "Bearer \u00e9",
    ],
)  # fmt: skip
def test_refuses_a_wrong_header_and_never_takes_it_for_nobody(
    team, owner, vision, header
):
    assert ask(vision, authorization=header) == 401


def test_refuses_a_call_without_credentials(team, vision):
    assert ask(vision) == 401
