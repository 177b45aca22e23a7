"""`seed_load` makes what scripts would have logged, and goes on where it was stopped."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from tests import make
from tracker.management import indexes, load
from tracker.management.load import Load, Size, told
from tracker.models import Candidate, Experiment, Key, Kind, Point, Tag
from tracker.search import candidates as search

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(load, "FACTS_AT_ONCE", 7 * 20)


def test_makes_the_same_as_a_script_that_logs_it(experiment):
    list(Load(experiment).candidates(10))

    one = told(3)
    logged = make.candidate(
        make.experiment(experiment.project), metrics=one.metrics, params=one.params
    )
    logged.refresh_from_db()
    loaded = experiment.candidates.get(name="run-3")
    for name in ("params", "metrics"):
        columns = ("key", "value")
        assert set(getattr(loaded, name).values_list(*columns)) == set(
            getattr(logged, name).values_list(*columns)
        )
    assert loaded.config == logged.config
    assert dict(loaded.tags.values_list("key", "value")) == one.tags
    assert Point.objects.filter(metric__candidate=loaded).count() == 10
    assert Key.objects.filter(experiment=experiment).count() == 25


def test_goes_on_where_it_was_stopped(experiment):
    once = Load(experiment).candidates(20)
    for done, _ in once:
        if done == 7:
            break

    list(Load(experiment).candidates(20))
    list(Load(experiment).curves(2, 100))
    list(Load(experiment).curves(2, 100))

    names = set(experiment.candidates.values_list("name", flat=True))
    assert names == {f"run-{number}" for number in range(20)}
    iids = sorted(experiment.candidates.values_list("iid", flat=True))
    assert iids == list(range(1, 21))
    for candidate in experiment.candidates.filter(name__in=["run-18", "run-19"]):
        row = candidate.metrics.get(key="curve")
        assert row.count == row.points.count() == 100


def test_can_be_searched_at_once(experiment):
    list(Load(experiment).candidates(30))

    page = search.find(
        Experiment.objects.filter(pk=experiment.pk),
        text="params.p0 = '3' and tags.team LIKE '%red%'",
    )

    assert {one.name for one in page.rows} == {
        f"run-{number}" for number in range(30) if number % 10 == 3 and number % 7 == 0
    }


def test_keys_can_be_more_than_a_candidate_has(experiment):
    list(Load(experiment, Size(metrics=3, params=2, keys=7)).candidates(3))

    held = [
        {metric.key for metric in one.metrics.all()}
        for one in experiment.candidates.order_by("iid")
    ]
    assert held == [{"m0", "m1", "m2"}, {"m3", "m4", "m5"}, {"m6", "m0", "m1"}]
    assert Key.objects.filter(experiment=experiment, kind=Kind.METRIC).count() == 7
    assert experiment.candidates.get(iid=3).params.count() == 2


def test_is_a_command(capsys):
    for _ in range(2):
        call_command("seed_load", candidates=9, long=1, points=50, beside=2)

    assert Experiment.objects.filter(name__startswith="small-").count() == 2
    assert Candidate.objects.filter(experiment__name="load-9").count() == 9


@pytest.mark.django_db(transaction=True)
def test_indexes_are_there_again_also_after_a_stop(monkeypatch):
    monkeypatch.setattr(load, "INDEXED_BELOW", 10)
    started = Load(make.experiment(make.project())).candidates(20)
    next(started)
    next(started)
    assert any(indexes.missing(model) for model in load.FILLED)

    started.close()

    assert not any(indexes.missing(model) for model in load.FILLED)


@pytest.mark.django_db(transaction=True)
def test_the_database_looks_at_rows_again_also_after_a_stop():
    started = Load(make.experiment(make.project())).candidates(20)
    next(started)
    next(started)
    started.close()

    with pytest.raises(IntegrityError):
        Tag.objects.create(candidate_id=99, experiment_id=99, key="k", value="")
