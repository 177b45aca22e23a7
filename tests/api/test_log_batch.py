import json

import pytest
from django.db import connection

from tests import make
from tests.api.words import GONE, INVALID, kv, metric, refused
from tracker.models import Key, Point


@pytest.fixture
def run(experiment):
    return make.candidate(experiment, params={"lr": "0.1"})


def log(api, run, **fields):
    return api.post("runs/log-batch", run_id=run.eid, **fields)


def data(api, run):
    return api.get("runs/get", run_id=run.eid)[1]["run"]["data"]


def test_keeps_metrics_params_and_tags(api, run):
    answer = log(
        api,
        run,
        metrics=[metric("a", 1.0, 5, step=2), metric("b", "NaN", 5)],
        params=kv(depth="3"),
        tags=kv(team="x"),
    )

    assert answer == (200, {})
    kept = data(api, run)
    assert kept["metrics"] == [
        {"key": "a", "value": 1.0, "timestamp": 5, "step": 2},
        {"key": "b", "value": "NaN", "timestamp": 5, "step": 0},
    ]
    assert kept["params"] == kv(depth="3", lr="0.1")
    assert kv(team="x")[0] in kept["tags"]


def test_accepts_an_empty_batch(api, run):
    assert log(api, run) == (200, {})
    assert log(api, run, metrics=[], params=[], tags=[]) == (200, {})


def test_changes_nothing_when_it_is_sent_again(api, run):
    batch = {
        "metrics": [metric(step=i) for i in range(50)],
        "params": kv(lr="0.1", depth="3"),
        "tags": kv(team="x"),
    }

    for _ in range(3):
        assert log(api, run, **batch) == (200, {})

    assert Point.objects.count() == 50
    assert run.metrics.get().count == 50


def test_takes_the_last_of_two_tags_with_one_key(api, run):
    log(api, run, tags=kv(team="x") + kv(team="y"))

    assert run.tags.get(key="team").value == "y"


def test_keeps_empty_values(api, run):
    log(api, run, params=kv(empty=""), tags=[{"key": "empty"}])

    assert run.params.get(key="empty").value == ""
    assert run.tags.get(key="empty").value == ""


def test_cuts_long_values(api, run):
    batch = {"params": kv(long="v" * 6001), "tags": kv(long="v" * 8001)}

    # Twice: the cut value is what the next one is compared with.
    for _ in range(2):
        assert log(api, run, **batch) == (200, {})

    assert run.params.get(key="long").value == "v" * 6000
    assert run.tags.get(key="long").value == "v" * 8000


def test_keeps_the_largest_batch_there_is(api, run):
    status, _ = log(
        api,
        run,
        metrics=[metric(f"m{i}") for i in range(800)],
        params=[{"key": f"p{i}", "value": "v" * 6000} for i in range(100)],
        tags=[{"key": f"t{i}", "value": "v" * 8000} for i in range(100)],
    )

    assert status == 200
    assert run.metrics.count() == 800
    assert Key.objects.filter(experiment=run.experiment).count() >= 1000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"metrics": [metric(step=i) for i in range(1001)]}, "at most 1000 metrics"),
        (
            {"params": [{"key": f"p{i}", "value": ""} for i in range(101)]},
            "at most 100 params",
        ),
        (
            {"tags": [{"key": f"p{i}", "value": ""} for i in range(101)]},
            "at most 100 tags",
        ),
        (
            {"metrics": [metric(step=i) for i in range(1000)], "tags": kv(a="1")},
            "at most 1000 metrics, params, and tags",
        ),
    ],
)
def test_refuses_more_than_the_limits(api, run, fields, words):
    answer = log(api, run, **fields)

    assert refused(answer) == INVALID
    assert words in answer[1]["message"]
    assert not run.metrics.exists()


GOOD = [metric(step=step) for step in range(5)]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"metrics": {}}, "'metrics'"),
        ({"metrics": "foo"}, "Invalid value \"foo\" for parameter 'metrics' supplied"),
        ({"params": "foo"}, "Invalid value \"foo\" for parameter 'params' supplied"),
        ({"tags": "foo"}, "Invalid value \"foo\" for parameter 'tags' supplied"),
        ({"metrics": [1]}, "'metrics[0]'"),
        ({"metrics": [*GOOD, None]}, "'metrics[5]'"),
        ({"metrics": [*GOOD, "m"]}, "'metrics[5]'"),
        ({"metrics": [*GOOD, []]}, "'metrics[5]'"),
        ({"metrics": [*GOOD, {"key": "m", "value": 1}]}, "'metrics[5].timestamp'"),
        ({"metrics": [*GOOD, {"key": "m", "timestamp": 1}]}, "'metrics[5].value'"),
        ({"metrics": [*GOOD, metric(None)]}, "'metrics[5].key'"),
        ({"metrics": [*GOOD, metric("")]}, "'metrics[5].key'"),
        ({"metrics": [*GOOD, metric("a/../b")]}, "'metrics[5].name'"),
        ({"metrics": [*GOOD, metric("k" * 251)]}, "'metrics[5].name'"),
        ({"metrics": [*GOOD, metric(value="x")]}, "'metrics[5].value'"),
        ({"metrics": [*GOOD, metric(value=True)]}, "'metrics[5].value'"),
        ({"metrics": [*GOOD, metric(timestamp=-1)]}, "'metrics[5].timestamp'"),
        ({"metrics": [*GOOD, metric(step=2**63)]}, "'metrics[5].step'"),
        ({"metrics": [*GOOD, metric(model_id="m-nobody")]}, "m-nobody"),
        ({"metrics": GOOD, "params": [{"value": "1"}]}, "'params[0].key'"),
        ({"metrics": GOOD, "params": [{"key": "k", "value": 1}]}, "'params[0].value'"),
        ({"metrics": GOOD, "params": kv(a="1") + kv(**{"/": "1"})}, "'params[1].key'"),
        ({"metrics": GOOD, "params": kv(a="1") + kv(a="2")}, "Duplicate"),
        ({"metrics": GOOD, "params": kv(a="1") + kv(a="1")}, "Duplicate"),
        ({"metrics": GOOD, "params": kv(lr="0.2")}, "lr"),
        ({"metrics": GOOD, "tags": [{"key": ""}]}, "'tags[0].key'"),
        (
            {"metrics": GOOD, "tags": kv(a="1", b="1") + [{"key": ".."}]},
            "'tags[2].key'",
        ),
        ({"metrics": GOOD, "tags": [{"key": "k", "value": {}}]}, "'tags[0].value'"),
    ],
)
def test_stores_nothing_of_a_batch_with_one_fault(api, run, fields, names):
    before = data(api, run)

    answer = log(api, run, **{"params": kv(new="1"), "tags": kv(new="1")} | fields)

    assert refused(answer) == INVALID
    assert names in answer[1]["message"]
    assert data(api, run) == before
    assert not Point.objects.exists()


@pytest.mark.parametrize(
    "run_id", [None, "", "-starts-with-a-dash", "a b", "a/b", "r" * 257, 5]
)
def test_refuses_what_cannot_be_a_run_id(api, run_id):
    assert refused(api.post("runs/log-batch", run_id=run_id)) == INVALID


def test_does_not_find_another_run(api):
    assert refused(api.post("runs/log-batch", run_id="nobody")) == GONE


def test_does_not_understand_run_uuid(api, run):
    assert refused(api.post("runs/log-batch", run_uuid=run.eid)) == INVALID


@pytest.mark.parametrize("points", [1, 30, 450])
def test_costs_the_same_for_one_point_or_hundreds(
    api, run, points, django_assert_num_queries
):
    log(api, run, metrics=[metric(f"m{i}") for i in range(3)])
    batch = [metric(f"m{i % 3}", i, i, step=i + 1) for i in range(points)]
    body = json.dumps({"run_id": run.eid, "metrics": batch})

    # begin, lock, series, points, summaries, catalogue (not remembered in tests), commit;
    # a point each of some series: series, points, summaries; one statement on PostgreSQL
    short = 1 if connection.vendor == "postgresql" else 3
    with django_assert_num_queries(short if points == 1 else 7):
        api.send("POST", "runs/log-batch", body)
