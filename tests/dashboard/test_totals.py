"""Pages take the total of a very large experiment from the worker, and add what came since."""

import pytest

from dashboard import find
from tests import make
from tracker import tallies
from tracker.models import Tally


@pytest.fixture
def large(vision, monkeypatch):
    monkeypatch.setattr(tallies, "MANY", 2)
    experiment = make.experiment(vision)
    make.candidates(experiment, 2)
    tallies.count(experiment)
    Tally.objects.update(candidates=70_000)  # as though so many were there
    return experiment


def test_adds_what_came_since(vision, large):
    assert find.experiment(vision, large.iid).total == 70_000

    make.candidate(large)
    make.candidate(make.experiment(vision))

    assert find.experiment(vision, large.iid).total == 70_001


def test_lists_say_the_same(browser, vision, large):
    make.candidate(large)

    for page in ("/p/vision/experiments/", "/p/vision/"):
        assert "70\u202f001" in browser.get(page).content.decode()
    assert "70\u202f000" in browser.get("/projects/").content.decode()


def test_counts_a_small_one_each_time(vision):
    experiment = make.experiment(vision)
    make.candidate(experiment)

    assert find.experiment(vision, experiment.iid).total == 1
    make.candidate(experiment)
    assert find.experiment(vision, experiment.iid).total == 2
