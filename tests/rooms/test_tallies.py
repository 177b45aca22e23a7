"""Very large experiments are counted by the worker, not for every page."""

import pytest

from tests import make
from tracker import lifecycle, tallies, tasks
from tracker.models import Recount, Tally

pytestmark = pytest.mark.django_db


@pytest.fixture
def large(experiment, monkeypatch):
    monkeypatch.setattr(tallies, "MANY", 3)
    make.candidates(experiment, 3)
    tasks.count_keys()
    return experiment


def test_a_small_experiment_has_none(experiment):
    make.candidate(experiment)

    tasks.count_keys()

    assert not Tally.objects.exists()


def test_says_what_was_there(large):
    tally = Tally.objects.get(experiment=large)

    assert (tally.candidates, tally.failed) == (3, 0)


def test_is_made_anew_after_a_candidate_came(large):
    make.candidate(large)

    [stale] = tallies.stale()
    tallies.count(stale)

    assert Tally.objects.get(experiment=large).candidates == 4


def test_is_made_anew_after_one_was_deleted(large):
    Recount.objects.all().delete()
    lifecycle.delete_candidate(large.candidates.first())

    [stale] = tallies.stale()
    tallies.count(stale)

    assert not Tally.objects.exists()  # it is small again


def test_rests_longer_the_more_there_are(large, monkeypatch):
    make.candidate(large)
    Tally.objects.update(candidates=10_000_000)

    assert tallies.stale() == []
