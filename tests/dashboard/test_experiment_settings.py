"""An experiment's settings: how long its candidates may be silent."""

import pytest

from tests import make
from tests.dashboard.reading import Page
from tracker import lifecycle
from tracker.models import AuditEvent, Candidate
from tracker.patience import Patience

DEFAULTS = Patience()
GIVEN = {
    "quiet_factor": "5",
    "stalled_factor": "20",
    "lost_factor": "30",
    "lost_minutes": "90",
    "close_hours": "24",
}


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/settings/"


def kept(experiment):
    experiment.refresh_from_db()
    return Patience.of(experiment)


def test_shows_the_defaults_and_what_they_mean(browser, url):
    page = Page(browser.get(url))

    assert [page.values(name) for name in GIVEN] == [
        ["3"],
        ["10"],
        ["10"],
        ["10"],
        [""],
    ]
    assert [row[:4] for row in page.rows] == [
        ["10 s", "30 s", "1.7 min", "10 min"],
        ["1 min", "3 min", "10 min", "10 min"],
        ["10 min", "30 min", "1.7 h", "1.7 h"],
        ["1 h", "3 h", "10 h", "10 h"],
    ]


def test_keeps_what_is_filled_in_and_writes_it_down(browser, vision, sweep, url):
    answer = browser.post(f"{url}signs-of-life/", GIVEN)

    assert answer["Location"] == f"{url}#signs-of-life"
    assert kept(sweep) == Patience(5, 20, 30, 90, 24)
    line = AuditEvent.objects.get(what="experiment.changed")
    assert (line.project, line.title) == (vision, "sweep")
    assert line.user_name == "local"
    assert line.note == (
        "signs of life: quiet 5×, stalled 20×, lost 30× and 90 min, ended after 24 h;"
        " before: quiet 3×, stalled 10×, lost 10× and 10 min"
    )


def test_saving_the_same_again_is_no_change(browser, url):
    for _ in range(2):
        browser.post(f"{url}signs-of-life/", GIVEN)

    assert AuditEvent.objects.filter(what="experiment.changed").count() == 1


def test_goes_back_to_the_defaults(browser, sweep, url):
    browser.post(f"{url}signs-of-life/", GIVEN)
    browser.post(f"{url}signs-of-life/", GIVEN | {"defaults": "1"})

    assert kept(sweep) == DEFAULTS


def test_changes_nothing_that_scripts_are_told(browser, api, sweep, url):
    candidate = make.candidate(sweep)
    Candidate.objects.update(written_ms=1)

    def told():
        return [
            api.get("experiments/get", experiment_id=str(sweep.iid)),
            api.get("runs/get", run_id=candidate.eid),
        ]

    before = told()
    browser.post(f"{url}signs-of-life/", GIVEN)

    assert told() == before


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"quiet_factor": "0"}, "greater than or equal to 1."),
        ({"stalled_factor": "1001"}, "less than or equal to 1000."),
        ({"lost_factor": ""}, "This field is required."),
        ({"lost_factor": "\0"}, "Enter a whole number."),
        ({"lost_minutes": "-1"}, "greater than or equal to 0."),
        ({"lost_minutes": str(10**30)}, "less than or equal to 525600."),
        ({"close_hours": "0"}, "greater than or equal to 1."),
        ({"close_hours": "soon"}, "Enter a whole number."),
        ({"close_hours": "1"}, "Lost comes before ended: not sooner than that."),
        ({"quiet_factor": "31"}, "Quiet comes before lost"),
    ],
)
def test_refuses_what_makes_no_sense(browser, sweep, url, wrong, says):
    answer = browser.post(f"{url}signs-of-life/", GIVEN | wrong)

    page = Page(answer)
    assert answer.status_code == 422
    assert says in page.main.text
    assert page.values("name") == ["sweep"]
    assert kept(sweep) == DEFAULTS
    assert not AuditEvent.objects.filter(what="experiment.changed").exists()


def test_has_nothing_to_change_once_deleted(browser, sweep, url):
    lifecycle.delete_experiment(sweep)

    answer = browser.post(f"{url}signs-of-life/", GIVEN)

    assert answer.status_code == 410
    assert kept(sweep) == DEFAULTS
