"""What a candidate reports first, the short way, leaves the same rows as the long one."""

import math

import pytest
from django.db import connection
from django.forms.models import model_to_dict
from django.utils import timezone

from tests.together import together
from tracker import first_batch, lifecycle, recording
from tracker.errors import Conflict, Invalid
from tracker.models import Candidate, CIBuild, Key, Kind, Param, Point
from tracker.points import Named
from tracker.recording import Point as P

pytestmark = pytest.mark.django_db(transaction=True)
# On SQLite the process's writer asks, by a connection of its own.
STATEMENTS = 1 if connection.vendor == "postgresql" else 0

METRICS = [
    P("loss", 0.5, 10, 1),
    P("loss", 0.25, 20, 2),
    P("loss", 0.25, 20, 2),
    P("acc", math.nan, 10, 1),
    P("huge", math.inf, 10, 1),
]
PARAMS = {"lr": "0.1", "seed": "3", "name": "ä" * 9000}
TAGS = {"team": "red", "note": "x" * 9000}
ROWS = ("metrics", "params", "tags")


def fresh(experiment):
    made = lifecycle.create_candidate(experiment, started_ms=5, tags={"team": "blue"})
    return made, Named(made.project_id, made.eid)


def kept(candidate):
    """All that is kept of it, but for what is its own."""
    own = {"id", "iid", "eid", "name", "artifact_uri", "written_ms", "trained_ms"}
    found = Candidate.objects.get(pk=candidate.pk)
    parts = {
        name: sorted(
            tuple(
                value
                for field, value in row.items()
                if field not in ("id", "candidate_id", "eid", "started_ms", "logged_ms")
            )
            for row in getattr(found, name).exclude(key="mlflow.runName").values()
        )
        for name in ROWS
    }
    points = Point.objects.filter(metric__candidate=found)
    return {
        **parts,
        "row": model_to_dict(found, exclude=own),
        "points": sorted(
            points.values_list("metric__key", "step", "timestamp", "value", "is_nan")
        ),
        "noted": found.trained_ms is not None and found.trained_ms == found.written_ms,
    }


@pytest.fixture
def known(experiment):
    """This process knows all keys, as after the first candidate of an experiment."""
    made, named = fresh(experiment)
    recording.log_batch(named, metrics=METRICS, params=PARAMS, tags=TAGS)
    return made


@pytest.mark.parametrize(
    "batch",
    [
        {"metrics": METRICS, "params": PARAMS, "tags": TAGS},
        {"metrics": METRICS},
        {"params": PARAMS},
        {"tags": {**TAGS, "team": "green"}},
        {"metrics": [P("system/cpu", 1.0, 5)], "params": {"lr": "1"}},
    ],
)
def test_leaves_the_same_rows(
    experiment, known, batch, monkeypatch, django_assert_num_queries
):
    Key.objects.get_or_create(experiment=experiment, kind=Kind.METRIC, key="system/cpu")
    recording._remember([(experiment.pk, Kind.METRIC, "system/cpu")])
    (quick, named), (long, other) = fresh(experiment), fresh(experiment)

    with django_assert_num_queries(STATEMENTS):
        recording.log_batch(named, **batch)
    monkeypatch.setattr(first_batch, "is_possible", lambda: False)
    recording.log_batch(other, **batch)

    assert kept(quick) == kept(long)


def test_is_for_those_that_nobody_has_touched(experiment, known):
    ways = {
        "status": "KILLED",
        "closed_ms": 5,
        "trained_ms": 5,
        "config": 7,
        "written_ms": 5,
    }
    for column, value in ways.items():
        made, named = fresh(experiment)
        Candidate.objects.filter(pk=made.pk).update(**{column: value})
        assert not recording.report_first(named, METRICS, PARAMS, {})
    made, named = fresh(experiment)
    recording.log_batch(made, params={"seed": "4"})
    assert not recording.report_first(named, [], {"seed": "3"}, {})
    with pytest.raises(Invalid, match="Changing param values"):
        recording.log_batch(named, params={"seed": "3"})


def test_refuses_what_the_long_way_refuses(experiment, known):
    made, named = fresh(experiment)
    Candidate.objects.filter(pk=made.pk).update(locked_at=timezone.now())
    with pytest.raises(Conflict):
        recording.log_batch(named, params=PARAMS)

    made, named = fresh(experiment)
    lifecycle.delete_candidate(made)
    with pytest.raises(Invalid, match="deleted"):
        recording.log_batch(named, metrics=METRICS)


def test_leaves_what_is_special_to_the_long_way(experiment, known):
    made, named = fresh(experiment)
    recording.log_batch(named, tags={recording.RUN_NAME: "new name"})
    assert Candidate.objects.get(pk=made.pk).name == "new name"

    made, named = fresh(experiment)
    recording._remember([(experiment.pk, Kind.TAG, "gitlab.CI_JOB_ID")])
    recording.log_batch(named, tags={"gitlab.CI_JOB_ID": "7"})
    assert CIBuild.objects.get(candidate=made).job_id == "7"

    _, named = fresh(experiment)
    recording.log_batch(named, params={"never seen": "1"})
    assert experiment.keys.filter(key="never seen").exists()


def test_catalogues_where_the_candidate_is_now(experiment, known, vision):
    made, named = fresh(experiment)
    elsewhere = lifecycle.create_experiment(vision, "elsewhere")
    Candidate.objects.filter(pk=made.pk).update(experiment=elsewhere)

    recording.log_batch(named, params=PARAMS)

    assert set(elsewhere.keys.values_list("key", flat=True)) == set(PARAMS)


def test_loses_nothing_when_many_report_first(experiment, known):
    made, named = fresh(experiment)
    keys = [f"p{index}" for index in range(8)]
    recording._remember((experiment.pk, Kind.PARAM, key) for key in keys)

    def report(index):
        first_batch.expect(made)
        recording.log_batch(
            named, metrics=[P("loss", 1.0, index, index)], params={keys[index]: "1"}
        )

    together(8, report)

    assert set(Param.objects.filter(candidate=made).values_list("key", flat=True)) == {
        *keys
    }
    series = made.metrics.get()
    assert (series.count, series.points.count()) == (8, 8)
