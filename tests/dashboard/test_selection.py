"""What is done to chosen candidates: counted first, done, and undone."""

import json
import re

import pytest

from tests import make
from tests.dashboard.reading import Page
from tracker import bulk, jobs, many, recording
from tracker.models import (
    Action,
    Candidate,
    ExperimentTag,
    LoggedModel,
    ModelVersion,
    Status,
    Tag,
)


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


@pytest.fixture
def five(sweep):
    candidates = [make.candidate(sweep, params={"lr": str(n)}) for n in range(5)]
    Candidate.objects.update(status=Status.FINISHED, ended_ms=9)
    return candidates


def alive():
    return list(Candidate.objects.alive().order_by("iid").values_list("iid", flat=True))


def undo(browser, answer):
    """Press Undo on the page that an answer leads to."""
    page = Page(browser.get(answer.url))
    [toast] = [f for f in page.root.all("form") if f.text == "Undo"]
    return browser.post(toast.attributes["action"], {"next": answer.url})


def test_says_how_many_and_who_is_left_out_before_anything_happens(browser, five, url):
    many.lock([five[1].pk])

    page = Page(browser.get(url + "act/", {"verb": "delete", "c": "1-3"}))

    assert page.root.one("h1").text == "Delete 2 candidates"
    assert "1 is locked and will be skipped." in page.main.text
    assert alive() == [1, 2, 3, 4, 5]


def test_deletes_the_chosen_and_undo_brings_them_back(browser, five, url):
    at = f"{url}?q=lr+%3E+0"

    answer = browser.post(url + "act/", {"verb": "delete", "c": ["1,2", "4"], "at": at})

    assert answer.url == at
    assert alive() == [3, 5]
    assert "3 candidates are in the trash." in Page(browser.get(at)).root.text
    answer = browser.post(url + "act/", {"verb": "delete", "c": "3", "at": at})
    undo(browser, answer)
    assert alive() == [3, 5]


def test_all_that_match_are_chosen_by_the_filter(browser, five, url):
    chosen = {"verb": "delete", "all": "1", "q": "lr >= 2"}

    page = Page(browser.get(url + "act/", chosen))
    browser.post(url + "act/", chosen)

    assert page.root.one("h1").text == "Delete 3 candidates"
    assert alive() == [1, 2]


def test_very_many_are_left_to_a_worker_and_undone_by_one(
    browser, sweep, url, monkeypatch
):
    monkeypatch.setattr(bulk, "AT_ONCE", 10)
    monkeypatch.setattr(bulk, "BATCH", 7)
    for _ in range(24):
        make.candidate(sweep, tags={"team": "red"})

    answer = browser.post(url + "act/", {"verb": "delete", "all": "1", "q": ""})
    assert re.match(r"/p/vision/actions/\d+/\?next=", answer.url)
    page = Page(browser.get(answer.url))
    assert "Delete 24 candidates" in page.main.text
    assert "Undo" not in page.main.text  # there is nothing yet to put back
    while jobs.run_waiting(5):
        pass
    assert alive() == []

    page = Page(browser.get(answer.url))
    [form] = [f for f in page.root.all("form") if f.text == "Undo"]
    browser.post(form.attributes["action"])
    while jobs.run_waiting(5):
        pass
    assert len(alive()) == 24
    assert Tag.objects.filter(key="team", candidate__deleted_at=None).count() == 24


def test_tags_and_takes_the_tag_back(browser, five, url):
    answer = browser.post(
        url + "act/",
        {"verb": "tag", "c": "1,2", "key": "team", "value": "blue", "at": url},
    )
    assert Tag.objects.filter(key="team", value="blue").count() == 2

    undo(browser, answer)
    assert not Tag.objects.filter(key="team").exists()


def test_moves_and_links_still_lead_there(browser, vision, five, url):
    other = make.experiment(vision, "other")
    eid = five[0].eid

    page = Page(browser.get(url + "act/", {"verb": "move", "c": "1"}))
    answer = browser.post(
        url + "act/", {"verb": "move", "c": "1", "to": other.iid, "at": url}
    )

    assert [o.text for o in page.root.all("option")] == ["Default", "other"]
    assert Candidate.objects.get(iid=1).experiment == other
    assert browser.get(f"/r/{eid}/").url == "/p/vision/c/1/"
    undo(browser, answer)
    assert Candidate.objects.get(iid=1).experiment == five[1].experiment
    assert browser.get("/p/vision/c/1/").status_code == 200


def test_locks_and_offers_to_unlock(browser, five, url):
    browser.post(url + "act/", {"verb": "lock", "c": "1-2"})
    assert Candidate.objects.filter(locked_at__isnull=False).count() == 2
    assert Page(browser.get(url)).root.all("span", class_="locked")

    page = Page(browser.get(url + "act/", {"verb": "lock", "c": "1-2"}))
    assert "Unlock 2" in page.main.text
    browser.post(url + "act/", {"verb": "unlock", "c": "1-2"})
    assert not Candidate.objects.filter(locked_at__isnull=False).exists()


def rows(browser, url, **query):
    page = Page(browser.get(url, query))
    return [row[0].split()[0] for row in page.rows] if page.main.all("tbody") else []


def undo_last(browser):
    pk = Action.objects.latest("pk").pk
    browser.post(f"/p/vision/actions/{pk}/undo/", {"next": "/p/vision/"})


def logged(experiment, candidate):
    model = make.logged_model(experiment, source_run_id=candidate.eid)
    LoggedModel.objects.filter(pk=model.pk).update(status="READY")


def test_archives_so_that_the_table_leaves_them_out(browser, sweep, five, url):
    make.candidate(sweep)  # runs

    page = Page(browser.get(url + "act/", {"verb": "archive", "c": "1-2,6"}))
    browser.post(url + "act/", {"verb": "archive", "c": "1-2,6", "at": url})

    assert "1 is not finished: only what has ended can be archived." in page.main.text
    assert sorted(rows(browser, url)) == ["#3", "#4", "#5", "#6"]
    assert "2 archived" in Page(browser.get(url)).main.one("footer").text
    assert len(rows(browser, url, archived="1")) == 6
    assert sorted(rows(browser, url, q="archived = true")) == ["#1", "#2"]
    assert rows(browser, url, q="lr = 1") == []
    assert rows(browser, url, q="lr = 1", archived="1") == ["#2"]
    everything = {"verb": "tag", "all": "1", "q": ""}
    assert "Tag 4 cand" in Page(browser.get(url + "act/", everything)).main.text
    assert (
        "Take back 2"
        in Page(browser.get(url + "act/", {"verb": "archive", "c": "1-3"})).main.text
    )
    undo_last(browser)
    assert len(rows(browser, url)) == 6


def test_says_so_where_all_are_archived(browser, five, url):
    browser.post(url + "act/", {"verb": "archive", "c": "1-5"})

    page = Page(browser.get(url))

    assert "Every candidate is archived" in page.main.text
    assert len(Page(browser.get(page.link("Show the 5"))).rows) == 5


def test_stars_are_found_again(browser, five, url):
    at = "/p/vision/c/2/"
    answer = browser.post(url + "act/", {"verb": "star", "c": "2,4", "at": at})

    assert answer.url == at
    assert "Starred" in Page(browser.get(at)).main.text
    assert sorted(rows(browser, url, q="starred = true")) == ["#2", "#4"]
    assert sorted(rows(browser, url, q="starred != true")) == ["#1", "#3", "#5"]
    undo_last(browser)
    assert rows(browser, url, q="starred = yes") == []


def test_registers_the_models_of_many_and_takes_them_back(browser, sweep, five, url):
    for candidate in five[:2]:
        logged(sweep, candidate)
    history = json.dumps([{"artifact_path": "old", "run_id": five[2].eid}])
    recording.log_batch(five[2], tags={recording.MODEL_HISTORY: history})
    chosen = {"verb": "register", "c": "1-4", "at": url}

    page = Page(browser.get(url + "act/", chosen))
    browser.post(url + "act/", {**chosen, "name": "classifier"})

    assert page.root.one("h1").text == "Register 3 candidates"
    assert "1 has no logged model." in page.main.text
    versions = ModelVersion.objects.filter(model__name="classifier").order_by("version")
    assert [v.run_id for v in versions] == [c.eid for c in five[:3]]
    assert versions[2].source == f"runs:/{five[2].eid}/old"
    assert (
        "3 candidates are registered as versions of classifier."
        in Page(browser.get(url)).root.text
    )
    undo_last(browser)
    assert not versions.all().exists()


def test_a_model_needs_a_name(browser, five, sweep, url):
    logged(sweep, five[0])

    browser.post(url + "act/", {"verb": "register", "c": "1", "name": " ", "at": url})

    assert not ModelVersion.objects.exists()


def test_a_baseline_for_everyone_or_for_one_view(browser, five, url):
    at = f"{url}?q=lr+%3E+1"

    page = Page(browser.get(url + "act/", {"verb": "baseline", "c": "3", "at": at}))
    assert page.link("In this view alone") == f"{url}?q=lr+%3E+1&b=3"
    browser.post(url + "act/", {"verb": "baseline", "c": "3", "at": at})
    assert ExperimentTag.objects.get(key="tracker.baseline").value == "3"

    browser.post(url + "act/", {"verb": "baseline", "c": "3", "off": "1"})
    assert not ExperimentTag.objects.filter(key="tracker.baseline").exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"verb": "delete"},
        {"verb": "delete", "c": "999"},
        {"verb": "delete", "c": "x,1-,9999999999999999999999"},
        {"verb": "delete", "all": "1", "q": "lr <"},
        {"verb": "move", "c": "1", "to": "x"},
        {"verb": "move", "c": "1"},
        {"verb": "tag", "c": "1"},
        {"verb": "baseline"},
        {"verb": "delete", "c": "\0"},
    ],
)
def test_nonsense_changes_nothing_and_breaks_nothing(browser, five, url, fields):
    for ask in (browser.get, browser.post):
        assert ask(url + "act/", fields).status_code in (200, 302)

    assert alive() == [1, 2, 3, 4, 5]
    assert not Tag.objects.filter(key="").exists()


@pytest.mark.parametrize("at", ["https://evil.example/", "//evil", "/admin/", "\\evil"])
def test_leads_back_to_its_own_table_alone(browser, five, url, at):
    answer = browser.post(url + "act/", {"verb": "delete", "c": "1", "at": at})

    assert answer.url == url
    action = Action.objects.get()
    answer = browser.post(f"/p/vision/actions/{action.pk}/undo/", {"next": at})
    assert answer.url.startswith("/p/vision/")


def test_there_is_no_such_verb(browser, five, url):
    assert browser.get(url + "act/", {"verb": "explode", "c": "1"}).status_code == 404
