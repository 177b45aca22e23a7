"""Runs, metrics, params and tags through MLflow's own client, at every tracking URI."""

import math

import pytest
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException


def history(client, run, key):
    return [
        (point.step, point.timestamp, point.value)
        for point in client.get_metric_history(run, key)
    ]


def refusal(call, *arguments, **named):
    """The code of the error that a call raises."""
    with pytest.raises(MlflowException) as caught:
        call(*arguments, **named)
    return caught.value.error_code


# ---------------------------------------------------------------- experiments


def test_knows_no_experiment_of_an_unknown_name(client):
    assert client.get_experiment_by_name("missing") is None


def test_has_a_default_experiment(client):
    assert client.get_experiment("0").name == "Default"


def test_names_the_reason_when_a_name_is_taken(client, experiment):
    name = client.get_experiment(experiment).name

    assert refusal(client.create_experiment, name) == "RESOURCE_ALREADY_EXISTS"


def test_hides_the_runs_of_a_deleted_experiment_until_it_returns(
    client, experiment, run
):
    client.delete_experiment(experiment)
    gone = client.search_runs([experiment])
    client.restore_experiment(experiment)

    assert gone == []
    assert [one.info.run_id for one in client.search_runs([experiment])] == [run]


# ---------------------------------------------------------------- metrics


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("many", [False, True])
def test_keeps_numbers_that_are_none(client, experiment, run, value, many):
    if many:
        client.log_batch(run, metrics=[Metric("odd", value, 1, 0)])
    else:
        client.log_metric(run, "odd", value, 1, 0)

    found = [
        client.get_run(run).data.metrics["odd"],
        client.get_metric_history(run, "odd")[0].value,
        client.search_runs([experiment])[0].data.metrics["odd"],
    ]
    assert all(
        math.isnan(one) if math.isnan(value) else one == value for one in found
    ), found


@pytest.mark.parametrize(
    ("points", "latest"),
    [
        ([(2, 1, 0.2), (1, 9, 0.1)], 0.2),
        ([(1, 1, 0.1), (1, 2, 0.05)], 0.05),
        ([(1, 1, 0.1), (1, 1, 0.3), (1, 1, 0.2)], 0.3),
    ],
    ids=["greatest step", "then latest timestamp", "then greatest value"],
)
def test_shows_the_latest_point(client, run, points, latest):
    for step, timestamp, value in points:
        client.log_metric(run, "loss", value, timestamp, step)

    assert client.get_run(run).data.metrics["loss"] == latest


def test_keeps_a_point_once_however_often_it_is_sent(client, run):
    for _ in range(2):
        client.log_metric(run, "loss", 0.5, 7, 3)

    assert history(client, run, "loss") == [(3, 7, 0.5)]


def test_takes_twenty_five_hundred_metrics_in_one_call(client, run):
    client.log_batch(run, metrics=[Metric(f"m{n}", n, 1, 0) for n in range(1000)])
    client.log_batch(run, metrics=[Metric(f"n{n}", n, 1, 0) for n in range(1000)])
    client.log_batch(run, metrics=[Metric(f"o{n}", n, 1, 0) for n in range(500)])

    assert len(client.get_run(run).data.metrics) == 2500


@pytest.mark.parametrize(
    "batch",
    [
        {"metrics": [Metric("m", n, n, n) for n in range(1001)]},
        {"params": [Param(f"p{n}", "1") for n in range(101)]},
        {"tags": [RunTag(f"t{n}", "1") for n in range(101)]},
        {
            "metrics": [Metric("m", n, n, n) for n in range(950)],
            "params": [Param(f"p{n}", "1") for n in range(51)],
        },
    ],
    ids=["metrics", "params", "tags", "total"],
)
def test_refuses_a_batch_that_is_too_long(client, run, batch):
    body = {
        "run_id": run,
        "metrics": [dict(one) for one in batch.get("metrics", [])],
        "params": [dict(one) for one in batch.get("params", [])],
        "tags": [dict(one) for one in batch.get("tags", [])],
    }
    status, answer = post(client.tracking_uri, "runs/log-batch", body)

    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert client.get_run(run).data.metrics == {}


@pytest.mark.parametrize("uri", ["project"], indirect=True)
def test_pages_through_a_long_history(client, run):
    count = 25_003
    for start in range(0, count, 1000):
        client.log_batch(
            run,
            metrics=[
                # The steps run backwards: order is by time, then step.
                Metric("long", n / 2, n, count - n)
                for n in range(start, min(start + 1000, count))
            ],
        )

    found = client.get_metric_history(run, "long")

    assert [point.timestamp for point in found] == list(range(count))


# ---------------------------------------------------------------- params and tags


def test_takes_a_param_again_but_no_other_value(client, run):
    client.log_param(run, "lr", "0.1")
    client.log_param(run, "lr", "0.1")

    assert refusal(client.log_param, run, "lr", "0.2") == "INVALID_PARAMETER_VALUE"
    assert client.get_run(run).data.params == {"lr": "0.1"}


def test_cuts_a_param_that_is_too_long(client, run):
    client.log_param(run, "long", "x" * 6001)

    assert client.get_run(run).data.params["long"] == "x" * 6000


def test_keeps_what_a_deleted_run_has_and_takes_no_more(client, experiment, run):
    client.log_param(run, "lr", "0.1")

    client.delete_run(run)

    assert client.get_run(run).info.lifecycle_stage == "deleted"
    assert client.search_runs([experiment]) == []
    assert len(client.search_runs([experiment], "", ViewType.DELETED_ONLY)) == 1
    assert refusal(client.log_metric, run, "m", 1.0) == "INVALID_PARAMETER_VALUE"
    client.restore_run(run)
    client.log_metric(run, "m", 1.0)
    assert client.get_run(run).data.params == {"lr": "0.1"}


# ---------------------------------------------------------------- datasets


def test_remembers_the_first_context_of_a_dataset(client, experiment, run):
    from mlflow.entities import Dataset, DatasetInput, InputTag

    def read(context):
        data = Dataset("iris", "ab12", "code", "{}", schema="{}", profile="{}")
        client.log_inputs(
            run, [DatasetInput(data, [InputTag("mlflow.data.context", context)])]
        )

    read("train")
    read("test")

    [used] = client.get_run(run).inputs.dataset_inputs
    assert (used.dataset.name, used.tags[0].value) == ("iris", "train")
    found = client.search_runs([experiment], "datasets.context = 'train'")
    assert [one.info.run_id for one in found] == [run]
    assert client.search_runs([experiment], "datasets.context = 'test'") == []


def post(uri, route, body):
    """What the client would not send by itself."""
    import requests

    answer = requests.post(f"{uri}/api/2.0/mlflow/{route}", json=body, timeout=30)
    return answer.status_code, answer.json()
