import math

import pytest
from django.db import connection

from tests import make
from tests.api.words import GONE, INVALID, metric, refused
from tracker.models import Point


@pytest.fixture
def run(experiment):
    return make.candidate(experiment)


def log(api, run, **fields):
    return api.post("runs/log-metric", run_id=run.eid, **metric(**fields))


def latest(api, run):
    (found,) = api.get("runs/get", run_id=run.eid)[1]["run"]["data"]["metrics"]
    return found


def test_keeps_a_point(api, run):
    assert log(api, run, value=0.5, timestamp=7, step=3) == (200, {})

    assert latest(api, run) == {"key": "loss", "value": 0.5, "timestamp": 7, "step": 3}


def test_counts_from_step_zero(api, run):
    log(api, run)

    assert latest(api, run)["step"] == 0


def test_understands_run_uuid(api, run):
    assert api.post("runs/log-metric", run_uuid=run.eid, **metric()) == (200, {})


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(2.0, 9, 2), (1.0, 99, 1)], 2.0),  # step before time
        ([(2.0, 9, 1), (1.0, 99, 1)], 1.0),  # time before value
        ([(2.0, 9, 1), (1.0, 9, 1)], 2.0),  # the greatest value
        ([(-1.0, 9, 1), ("NaN", 9, 1)], "NaN"),  # NaN counts as zero
        ([(1.0, 9, 1), ("NaN", 9, 1)], 1.0),
        ([(1.0, 9, -5), (2.0, 9, -6)], 1.0),  # steps may be negative
    ],
)
def test_takes_the_greatest_step_then_time_then_value_as_latest(
    api, run, points, expected
):
    for value, timestamp, step in points:
        log(api, run, value=value, timestamp=timestamp, step=step)

    assert latest(api, run)["value"] == expected


def test_keeps_one_point_however_often_it_is_sent(api, run):
    for _ in range(3):
        log(api, run, value="NaN")
        log(api, run, value=1)

    assert Point.objects.count() == 2
    assert run.metrics.get().count == 2


def test_keeps_two_values_of_one_step_and_time(api, run):
    log(api, run, value=1.0)
    log(api, run, value=2.0)

    assert Point.objects.count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"value": "high"},
        {"value": [1]},
        {"value": {}},
        {"value": None},
        {"value": True},
        {"value": ""},
        {"value": 10**400},
        {"timestamp": None},
        {"timestamp": "now"},
        {"timestamp": -1},
        {"timestamp": 1.5},
        {"timestamp": 2**64},
        {"timestamp": 10**400},
        {"step": "first"},
        {"step": 2**63},
        {"step": -(2**63) - 1},
        {"step": 0.5},
        {"step": True},
        {"key": None},
        {"key": ""},
        {"key": "k" * 251},
        {"key": 7},
        {"key": "../k"},
        {"key": "/k"},
        {"key": "k/"},
        {"key": "a//b"},
        {"key": "./a"},
        {"key": "."},
        {"key": ".."},
        {"key": 'say "k"'},
        {"key": "a\x00"},
        {"key": "a\n"},
        {"key": "a\nb"},
        {"key": "a,b"},
        {"model_id": 5},
        {"model_id": "m-nobody"},
        {"dataset_name": "d" * 501},
        {"dataset_digest": "d" * 37},
        {"run_id": None},
    ],
)
def test_refuses_what_cannot_be_kept(api, run, fields):
    answer = api.post("runs/log-metric", **{"run_id": run.eid} | metric() | fields)

    assert refused(answer) == INVALID
    assert not run.metrics.exists()
    (wrong,) = fields
    assert wrong in answer[1]["message"] or wrong in ("key", "model_id")


@pytest.mark.parametrize("key", ["train/loss", "a.b-c_d e:f", "потеря", "k" * 250])
def test_accepts_keys_of_any_script(api, run, key):
    assert log(api, run, key=key) == (200, {})

    assert latest(api, run)["key"] == key


def test_does_not_find_another_run(api):
    answer = api.post("runs/log-metric", run_id="nobody", **metric())

    assert refused(answer) == GONE
    assert "Run with id=nobody not found" in answer[1]["message"]


def test_keeps_a_models_point_on_the_run_and_on_the_model(api, run):
    _, body = api.post("logged-models", experiment_id=str(run.experiment.iid))
    model_id = body["model"]["info"]["model_id"]

    for value in (0.9, 0.8):  # the second has the first one's identity, and is dropped
        log(
            api,
            run,
            value=value,
            model_id=model_id,
            dataset_name="iris",
            dataset_digest="d1",
        )
    log(api, run, value="NaN", step=1, model_id=model_id)

    _, body = api.get(f"logged-models/{model_id}")
    first = {"key": "loss", "timestamp": 1, "model_id": model_id, "run_id": run.eid}
    assert body["model"]["data"]["metrics"] == [
        first
        | {"value": 0.9, "step": 0, "dataset_name": "iris", "dataset_digest": "d1"},
        first | {"value": "NaN", "step": 1},
    ]
    assert run.metrics.get().count == 3


def test_costs_one_statement_or_a_short_transaction(
    api, run, django_assert_num_queries
):
    log(api, run)
    log(api, run, step=1)

    # series, point, summary; PostgreSQL does all of it in one
    with django_assert_num_queries(1 if connection.vendor == "postgresql" else 3):
        log(api, run, step=2)


def test_summary_ignores_what_is_not_finite(api, run):
    for step, value in enumerate([1, "NaN", "Infinity", 3]):
        log(api, run, value=value, step=step)

    row = run.metrics.get()
    assert (row.min_value, row.max_value, row.mean, row.count) == (1, 3, 2, 4)
    assert not math.isnan(row.value)
