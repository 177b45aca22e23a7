"""Who did what: written beside the change, never changed afterwards."""

import logging
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tests import make
from tracker import access, audit, lifecycle, many, members, tokens
from tracker.access import Actor
from tracker.errors import Denied, NotFound
from tracker.middleware import address_of
from tracker.models import AccessToken, AuditEvent, Role, What


@pytest.fixture(autouse=True)
def nobody_was_refused_before():
    cache.clear()


def told(*, since=0):
    return [
        (event.what, event.kind, event.title, event.note)
        for event in AuditEvent.objects.filter(pk__gt=since).order_by("pk")
    ]


def newest():
    return AuditEvent.objects.order_by("pk").last().pk


@pytest.mark.django_db
def test_tells_the_life_of_a_project():
    ann, bob = make.user("ann"), make.user("bob")
    project = lifecycle.create_project("p", owner=ann)
    members.set_role(project, bob, Role.READER)
    members.set_role(project, bob, Role.READER)
    members.set_role(project, bob, Role.WRITER)
    members.remove(project, bob)
    sweep = make.experiment(project, "sweep")
    one, two = make.candidate(sweep, name="one"), make.candidate(sweep, name="two")
    lifecycle.delete_candidate(one)
    lifecycle.delete_candidate(one)
    lifecycle.restore_candidate(one)
    many.delete([one.pk, two.pk])
    lifecycle.delete_experiment(sweep)
    lifecycle.restore_experiment(sweep)

    assert told() == [
        (What.PROJECT_CREATED, "project", "p", ""),
        (What.MEMBER_ADDED, "user", "bob", "as Reader"),
        (What.ROLE_CHANGED, "user", "bob", "from Reader to Writer"),
        (What.MEMBER_REMOVED, "user", "bob", ""),
        (What.DELETED, "candidate", "#1 one", ""),
        (What.RESTORED, "candidate", "#1 one", ""),
        (What.DELETED, "candidate", "#1 one", "and 1 more"),
        (What.DELETED, "experiment", "sweep", ""),
        (What.RESTORED, "experiment", "sweep", ""),
    ]


@pytest.mark.django_db
def test_tells_the_life_of_a_token(owner, vision):
    before = newest()
    issued = tokens.issue(owner, name="ci", project=vision)
    tokens.find(issued.secret)
    tokens.find(issued.secret)
    tokens.revoke(issued.row)
    tokens.revoke(issued.row)

    assert told(since=before) == [
        (What.TOKEN_MADE, "access token", "ci", "for owner"),
        (What.TOKEN_FIRST_USED, "access token", "ci", ""),
        (What.TOKEN_REVOKED, "access token", "ci", "of owner"),
    ]
    assert issued.secret not in str(list(AuditEvent.objects.values()))


@pytest.mark.django_db
def test_tells_who_signed_in_and_who_tried(team):
    make.user("ann")
    browser = Client()

    def sign_in(name, password):
        browser.post("/sign-in/", {"username": name, "password": password})

    sign_in("ann", "wrong")
    sign_in("my secret in the wrong field", "ann")
    sign_in("ann", "a long enough password")

    events = list(AuditEvent.objects.order_by("pk").values_list("what", "user_name"))
    assert events == [
        (What.SIGN_IN_FAILED, "ann"),
        (What.SIGN_IN_FAILED, ""),
        (What.SIGNED_IN, "ann"),
    ]
    assert {event.address for event in AuditEvent.objects.all()} == {"127.0.0.1"}


def test_knows_who_asked_and_from_where(vision, team):
    writer = make.member(vision, "writer", Role.WRITER)
    sweep = make.experiment(vision, "sweep")
    browser = Client()
    browser.force_login(writer)

    answer = browser.post(
        f"/p/vision/experiments/{sweep.iid}/delete/", headers={"user-agent": "me"}
    )

    event = AuditEvent.objects.get(what=What.DELETED)
    assert answer.status_code == 302
    assert (event.user, event.address, event.project) == (writer, "127.0.0.1", vision)
    assert event.request_id == answer["X-Request-Id"]
    assert event.number == str(sweep.iid)
    assert audit.origin() == audit.Origin()


@pytest.mark.django_db
def test_tells_once_of_a_loop_that_is_refused(vision, reader, stranger):
    token = tokens.issue(reader, name="ci", scope=AccessToken.Scope.READ).row
    before = newest()

    with audit.asking(audit.Origin("192.0.2.1")):
        for _ in range(3):
            for actor in (Actor(reader, token), Actor(stranger)):
                audit.known(*actor)
                with pytest.raises((Denied, NotFound)):
                    access.require(Role.WRITER, vision, actor)
                with pytest.raises(NotFound):
                    access.require(Role.READER, make.project(), Actor(stranger))

    events = AuditEvent.objects.filter(pk__gt=before, what=What.DENIED)
    assert sorted((e.user_name, e.token_name, e.address) for e in events) == [
        ("reader", "ci", "192.0.2.1"),
        ("stranger", "", "192.0.2.1"),
    ]


def test_is_rolled_back_with_what_it_tells_of(transactional_db, monkeypatch):
    sweep = make.experiment(make.project("p"), "sweep")
    monkeypatch.setattr(audit, "record", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        lifecycle.delete_experiment(sweep)

    sweep.refresh_from_db()
    assert not sweep.is_deleted


@pytest.mark.django_db
def test_cannot_be_changed():
    audit.record(What.EXPORTED, name="x")
    event = AuditEvent.objects.get()
    event.note = "another"

    for attempt in (
        event.save,
        event.delete,
        lambda: AuditEvent.objects.update(note="another"),
        lambda: AuditEvent.objects.all().delete(),
    ):
        with pytest.raises(TypeError):
            attempt()
    assert AuditEvent.objects.get().note == ""


def test_outlives_what_it_names(vision, owner):
    sweep = make.experiment(vision, "sweep")
    audit.record(What.EXPORTED, project=vision, about=sweep, by=owner)

    vision.delete()
    owner.delete()

    event = AuditEvent.objects.get(what=What.EXPORTED)
    assert (event.project_slug, event.user_name, event.title) == (
        "vision",
        "owner",
        "sweep",
    )


@pytest.mark.django_db
def test_forgets_after_a_year(settings, monkeypatch):
    monkeypatch.setattr(audit, "FORGET_AT_ONCE", 2)
    for days in (1, 364, 366, 400, 500):
        AuditEvent.objects.create(
            what=What.SIGNED_IN, at=timezone.now() - timedelta(days=days)
        )

    assert audit.forget_old() == 3
    assert AuditEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "192.0.2.7", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "192.0.2.7", "192.0.2.7"),
        (1, "10.0.0.1, 192.0.2.7", "192.0.2.7"),
        (2, "203.0.113.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        (2, "192.0.2.7", "192.0.2.7"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "'; DROP TABLE users", "127.0.0.1"),
        (1, "192.0.2.7\n", "192.0.2.7"),
        (1, "x" * 5000, "127.0.0.1"),
    ],
)
def test_believes_the_proxies_it_was_told_of(rf, settings, proxies, forwarded, address):
    settings.PROXIES = proxies

    assert address_of(rf.get("/", headers={"x-forwarded-for": forwarded})) == address


@pytest.mark.django_db
def test_keeps_a_text_of_any_length_and_alphabet(caplog):
    caplog.set_level(logging.WARNING)

    audit.record(What.SIGN_IN_FAILED, name="\0" + "ü" * 500, note="\0" + "n" * 900)

    event = AuditEvent.objects.get()
    assert (len(event.user_name), len(event.note)) == (150, 500)
