"""A candidate's page while it trains: 204 as long as nothing has changed."""

import pytest
from django.utils import timezone

from artifacts.models import Artifact
from tests import make
from tests.dashboard.candidate_page import curve, url
from tests.dashboard.reading import Page
from tracker import lifecycle, recording
from tracker.models import Status


@pytest.fixture
def running(vision):
    return make.candidate(make.experiment(vision, "sweep"), points=curve("loss", [1.0]))


def file(candidate, name):
    Artifact.objects.create(
        project=candidate.project, candidate=candidate, name=name, blob=name,
        size_bytes=1, sha256="0" * 64, uploaded_at=timezone.now(),
    )  # fmt: skip


def version(browser, candidate, part=""):
    page = Page(browser.get(url(candidate, part)))
    [mark] = [one for one in page.root.all("div") if "data-follow" in one.attributes]
    assert mark.attributes["data-follow"] == url(candidate, "changes")
    return mark.attributes["data-version"]


@pytest.mark.parametrize("part", ["", "metrics/", "artifacts/", "code/", "system/"])
def test_every_tab_knows_what_it_shows(browser, running, part):
    shown = version(browser, running, part)

    answer = browser.get(url(running, "changes"), {"since": shown})

    assert (answer.status_code, answer.content) == (204, b"")


def ends(candidate):
    lifecycle.update_candidate(candidate, status=Status.FINISHED, ended_ms=1)


def logs(candidate):
    recording.log_batch(candidate, metrics=curve("loss", [1.0, 0.5]))


def is_renamed(candidate):
    lifecycle.update_candidate(candidate, name="another")


def is_tagged(candidate):
    recording.log_batch(candidate, tags={"team": "vision"})


def is_noted(candidate):
    recording.log_batch(
        candidate, tags={"mlflow.note.content": "good"}, by_script=False
    )


def gets_a_file(candidate):
    file(candidate, "a.png")


def has_its_file_looked_at(candidate):
    Artifact.objects.filter(candidate=candidate).update(state=Artifact.State.READY)


@pytest.mark.parametrize(
    "change",
    [ends, logs, is_renamed, is_tagged, is_noted, gets_a_file, has_its_file_looked_at],
)
def test_tells_when_it(browser, running, change):
    file(running, "notes.txt")
    before = version(browser, running)

    change(running)

    answer = browser.get(url(running, "changes"), {"since": before})
    assert answer.status_code == 200
    assert answer.content.decode() == version(browser, running) != before


def test_says_that_it_is_live_and_can_be_paused(browser, running):
    page = Page(browser.get(url(running)))
    paused = Page(browser.get(url(running) + page.link("Pause")))
    ends(running)
    ended = browser.get(url(running)).content

    assert "Resume" in paused.main.text
    assert b"data-paused" in browser.get(url(running), {"live": "0"}).content
    assert b"data-live-text" not in ended


def test_one_that_was_deleted_is_gone(browser, running):
    lifecycle.delete_candidate(running)

    assert browser.get(url(running, "changes")).status_code == 410


def test_costs_the_same_for_many(
    browser, vision, running, django_assert_max_num_queries
):
    busy = make.candidate(
        running.experiment,
        points=[point for n in range(40) for point in curve(f"m{n}", [1, 2])],
        tags={f"t{n}": "x" for n in range(20)},
    )

    browser.get(url(running, "changes"))  # the person is looked up by the first request
    # person, project with role, candidate, metrics, files, tags
    for candidate in (running, busy):
        with django_assert_max_num_queries(6):
            browser.get(url(candidate, "changes"), {"since": "x"})
