"""How clients before MLflow 3 tell of a model."""

import json

import pytest

from tests import make
from tests.api.words import GONE, INVALID, refused

MODEL = {"artifact_path": "m", "flavors": {}, "utc_time_created": "now", "run_id": "r"}


@pytest.fixture
def run(experiment):
    return make.candidate(experiment)


def log(api, run, model):
    text = model if isinstance(model, str) else json.dumps(model)
    return api.post("runs/log-model", run_id=run.eid, model_json=text)


def history(run):
    return json.loads(run.tags.get(key="mlflow.log-model.history").value)


def test_adds_to_the_list(api, run):
    for path in ("a", "b"):
        assert log(api, run, MODEL | {"artifact_path": path}) == (200, {})

    assert [model["artifact_path"] for model in history(run)] == ["a", "b"]


def test_keeps_a_list_that_is_longer_than_a_tag_may_be(api, run):
    for _ in range(3):
        log(api, run, MODEL | {"signature": "s" * 5000})

    assert len(history(run)) == 3


def test_begins_anew_where_the_tag_holds_something_else(api, run):
    api.post(
        "runs/set-tag", run_id=run.eid, key="mlflow.log-model.history", value="{oops"
    )

    log(api, run, MODEL)

    assert history(run) == [MODEL]


@pytest.mark.parametrize(
    "model",
    [
        "",
        "{",
        "[]",
        "5",
        "[" * 100_000,
        '{"a": NaN}',
        {},
        {**MODEL, "flavors": "x" * 10**6},
    ],
)
def test_refuses_what_is_no_model(api, run, model):
    assert refused(log(api, run, model)) == INVALID


def test_names_what_is_missing(api, run):
    _, body = log(api, run, {"artifact_path": "m", "run_id": "r"})

    assert "['flavors', 'utc_time_created']" in body["message"]


def test_does_not_find_another_run(api):
    answer = api.post("runs/log-model", run_id="nobody", model_json=json.dumps(MODEL))

    assert refused(answer) == GONE
