"""Who did what: in a project for its owners, on the whole server for administrators."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.test import Client

from dashboard import events
from tests import make
from tests.dashboard.reading import Page
from tracker import audit, lifecycle
from tracker.models import AuditEvent, What

pytestmark = pytest.mark.usefixtures("team")

HISTORY = "/p/vision/settings/history/"


@pytest.fixture
def own(owner):
    browser = Client()
    browser.force_login(owner)
    return browser


@pytest.fixture
def admin(db):
    browser = Client()
    browser.force_login(make.user("root", is_superuser=True))
    return browser


def told(project, number, **more):
    AuditEvent.objects.bulk_create(
        AuditEvent(
            **{"what": What.EXPORTED, "user_name": "ann", "project": project}
            | {"project_slug": project.slug, "title": f"thing {n}", **more}
        )
        for n in range(number)
    )


def titles(answer):
    return [cell.text for cell in Page(answer).main.all("td") if "why" in cell.classes]


def test_tells_who_did_what_to_which_thing_and_from_where(own, vision):
    sweep = make.experiment(vision, "<b>sweep</b>")
    own.post(f"/p/vision/experiments/{sweep.iid}/delete/")

    answer = own.get(HISTORY)

    row = Page(answer).main.all("tr")[1]
    for word in ("owner", "Deleted", "<b>sweep</b>", "127.0.0.1"):
        assert word in row.text
    assert f'href="/p/vision/experiments/{sweep.iid}/"' in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 5),
        ("who=ann", 2),
        ("who=nobody", 0),
        ("what=deleted", 1),
        ("who=ann&what=exported", 1),
        ("since=2026-03-02", 3),
        ("until=2026-03-02", 4),
        ("since=2026-03-02&until=2026-03-02", 2),
        ("until=9999-12-31&since=0001-01-01", 5),
    ],
)
def test_finds_by_person_kind_and_time(own, vision, query, number):
    AuditEvent.objects.all()._raw_delete("default")
    for day, hour, who, what in (
        (1, 12, "ann", What.EXPORTED),
        (1, 12, "bob", What.EXPORTED),
        (2, 0, "bob", What.DELETED),
        (2, 23, "ann", What.RESTORED),
        (3, 0, "bob", What.EXPORTED),
    ):
        at = datetime(2026, 3, day, hour, tzinfo=UTC)
        told(vision, 1, at=at, user_name=who, what=what)

    assert len(titles(own.get(f"{HISTORY}?{query}"))) == number
    rows = json.loads(own.get(f"{HISTORY[:-1]}.json?{query}").getvalue())
    # The file says of itself that it was taken.
    assert len([row for row in rows if row["title"] != "vision"]) == number


def test_turns_pages_by_keys_both_ways(own, vision, monkeypatch):
    monkeypatch.setattr(events, "ON_A_PAGE", 2)
    AuditEvent.objects.all()._raw_delete("default")
    told(vision, 5)

    first = own.get(HISTORY)
    second = own.get(HISTORY + link(first, "next"))
    third = own.get(HISTORY + link(second, "next"))

    assert titles(first) == ["thing 4", "thing 3"]
    assert titles(second) == ["thing 2", "thing 1"]
    assert titles(third) == ["thing 0"]
    assert link(first, "prev") is link(third, "next") is None
    assert titles(own.get(HISTORY + link(third, "prev"))) == titles(second)
    assert titles(own.get(HISTORY + link(second, "prev"))) == titles(first)


def link(answer, relation):
    found = Page(answer).main.all("a", rel=relation)
    return found[0].attributes["href"] if found else None


@pytest.mark.parametrize(
    "query",
    [
        "before=x",
        "before=-1",
        "after=" + "9" * 400,
        "before=%00",
        "before=٣",
        "since=yesterday",
        "until=2026-02-30",
        "what=nothing",
        "who=" + "x" * 500,
        "who=%00",
    ],
)
def test_nonsense_breaks_neither_page_nor_file(own, query):
    assert own.get(f"{HISTORY}?{query}").status_code == 200
    for form in ("csv", "json"):
        answer = own.get(f"{HISTORY[:-1]}.{form}?{query}")
        assert answer.status_code in (200, 400)
        answer.getvalue()


def test_says_what_a_wrong_filter_is(own):
    assert "valid date" in Page(own.get(f"{HISTORY}?since=x")).main.text
    assert "Nothing matches" in Page(own.get(f"{HISTORY}?who=zz")).main.text


def test_has_words_for_an_empty_history(own):
    AuditEvent.objects.all()._raw_delete("default")

    assert "Nothing has happened yet" in Page(own.get(HISTORY)).main.text


def test_costs_the_same_for_three_or_fifty(own, vision, django_assert_num_queries):
    for number in (3, 60):
        told(vision, number)
        # session, user, project with the role in it, events
        with django_assert_num_queries(4):
            own.get(HISTORY)


def test_the_server_costs_no_more(admin, vision, django_assert_num_queries):
    told(vision, 60)

    with django_assert_num_queries(3):  # session, user, events
        admin.get("/admin/history/")


def test_writes_all_into_a_file_batch_by_batch(
    own, vision, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(events, "IN_A_BATCH", 2)
    told(vision, 5, title="=cmd()", address="192.0.2.1", request_id="abc")
    cache.clear()

    answer = own.get(HISTORY[:-1] + ".csv?who=ann")
    with django_assert_num_queries(3):  # two, two, and the last one
        text = answer.getvalue().decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 5
    assert rows[0]["title"] == "'=cmd()"
    assert (rows[0]["address"], rows[0]["request_id"]) == ("192.0.2.1", "abc")
    assert "vision-history.csv" in answer["Content-Disposition"]
    assert AuditEvent.objects.filter(note="history as csv", user_name="owner").exists()


def test_shows_a_project_nothing_of_another_or_of_the_server(own, stranger, admin):
    other = lifecycle.create_project("other", owner=stranger)
    told(other, 1, title="foreign")
    Client().post("/sign-in/", {"username": "owner", "password": "wrong"})

    mine = own.get(HISTORY).content.decode()
    all_of_it = Page(admin.get("/admin/history/")).main.text

    assert "foreign" not in mine
    assert "Sign-in failed" not in mine
    assert "foreign" in all_of_it
    assert "Sign-in failed" in all_of_it
    rows = json.loads(admin.get("/admin/history.json?what=sign-in.failed").getvalue())
    assert [(row["user"], row["says"]) for row in rows] == [("owner", "Sign-in failed")]
    assert own.get("/admin/history/").status_code == 404


def test_offers_every_kind_of_event_once():
    offered = [
        one for _, whats in (events.ACCOUNTS, *events.OF_PROJECTS) for one in whats
    ]

    assert sorted(offered) == sorted(What)


@pytest.mark.parametrize(
    ("kind", "number", "title", "url"),
    [
        ("experiment", "3", "sweep", "/p/vision/experiments/3/"),
        ("candidate", "41", "#41 fox", "/p/vision/c/41/"),
        ("registered model", "7", "de tector", "/p/vision/models/de%20tector/"),
        ("model version", "9", "de tector 2", "/p/vision/models/de%20tector/2/"),
        ("model version", "9", "cut", ""),
        ("project", "1", "vision", "/p/vision/"),
        ("user", "1", "ann", ""),
        ("", "", "", ""),
    ],
)
def test_leads_to_the_page_of_the_thing(kind, number, title, url):
    event = AuditEvent(
        what=What.DELETED, project_slug="vision", kind=kind, number=number, title=title
    )

    assert events.address(event) == url
    event.what = What.PURGED
    assert events.address(event) == ""


def test_remembers_what_a_command_did(own, vision):
    audit.record(What.DELETED, project=vision, about=vision)

    assert "The server" in Page(own.get(HISTORY)).main.text
