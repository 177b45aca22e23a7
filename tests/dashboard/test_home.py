"""Home: what runs, what ended, where to go; and the first run of a fresh installation."""

import pytest

from tests import make
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import lifecycle, recording
from tracker.models import Candidate, Status


def test_a_fresh_installation_shows_the_first_run(browser):
    page = Page(browser.get("/"))

    assert page.root.one("h1").text == "Log your first candidate"
    assert "export MLFLOW_TRACKING_URI=http://testserver" in page.main.text
    assert "Waiting for your first candidate" in page.main.text


def test_lists_what_runs_and_what_ended(browser, vision):
    experiment = make.experiment(vision, "sweep")
    make.candidate(experiment, name="still-going", metrics={"val/acc": 0.5})
    make.finish(make.candidate(experiment, name="done", metrics={"val/acc": 0.9}))

    page = Page(browser.get("/"))

    live, finished, projects = page.root.all("section")
    assert "still-going" in live.text and "done" not in live.text
    assert (
        "val/acc max best of its experiment: 0.9000" in finished.text
        and "still-going" not in finished.text
    )
    assert "2 candidates in 2 experiments" in projects.text
    assert page.title == "● 1 Tracker"


def test_leaves_out_what_was_deleted(browser, vision):
    experiment = make.experiment(vision)
    candidate = make.candidate(experiment, name="deleted-one")
    make.candidate(experiment, name="other")
    candidate.deleted_at = candidate.created_at
    candidate.save()

    assert "deleted-one" not in Page(browser.get("/")).main.text


def test_what_went_silent_or_failed_needs_attention(browser, vision):
    experiment = make.experiment(vision)
    for name in ("silent", "fine", "failed", "failed-long-ago"):
        make.candidate(experiment, name=name)
    named = {c.name: c for c in Candidate.objects.all()}
    Candidate.objects.filter(name="silent").update(written_ms=1, trained_ms=1)
    make.finish(named["failed"], Status.FAILED)
    Candidate.objects.filter(name="failed-long-ago").update(status="FAILED", ended_ms=1)

    page = Page(browser.get("/"))

    [trouble] = [s for s in page.root.all("section") if "Needs attention" in s.text]
    assert {link.text.split()[-1] for link in trouble.all("a")} == {"silent", "failed"}


def test_draws_the_course_of_what_runs(browser, vision):
    points = [recording.Point("val/acc", n / 10, n, n) for n in range(9)]
    make.candidate(make.experiment(vision), points=points)

    page = Page(browser.get("/"))

    assert page.root.all("svg", class_="spark")


def test_starred_experiments_are_one_click_away(browser, vision):
    experiment = make.experiment(vision, "mine")
    make.candidate(experiment)
    browser.post(f"/p/vision/experiments/{experiment.iid}/star/")

    page = Page(browser.get("/"))

    assert page.link("mine") == f"/p/vision/experiments/{experiment.iid}/"
    browser.post(f"/p/vision/experiments/{experiment.iid}/star/")
    assert not Page(browser.get("/")).links("mine")


def test_is_a_tracking_uri_for_links_of_the_client(browser):
    page = Page(browser.get("/"))

    tracking = page.root.one("body").attributes["data-tracking-page"]
    assert tracking == "/p/default/"
    [script_free] = [n for n in page.main.all("noscript") if n.all("form")]
    assert script_free.one("form").attributes["action"] == "/r/"


def test_hostile_names_stay_text(browser, vision):
    experiment = make.experiment(vision, HOSTILE)
    make.finish(make.candidate(experiment, name=HOSTILE, metrics={"val/acc": 1.0}))

    page = Page(browser.get("/"))

    assert is_harmless(page)
    assert HOSTILE in page.main.text


@pytest.mark.parametrize("number", [1, 8])
def test_costs_the_same_for_one_or_eight(
    browser, vision, number, django_assert_num_queries
):
    lifecycle.default_project()
    for _ in range(number):
        experiment = make.experiment(vision)
        make.candidate(experiment, metrics={"val/acc": 0.5})
        make.finish(make.candidate(experiment, metrics={"val/acc": 0.5}))
    browser.get("/")

    # in trouble, live, finished, their experiments' metrics, the values, the best of each
    # experiment and who has it, stars, projects
    with django_assert_num_queries(9):
        browser.get("/")
