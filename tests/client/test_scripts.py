"""Whole scripts, run as their authors would run them."""

import json
import time

import pytest
from mlflow import MlflowClient


@pytest.mark.parametrize("form", ["root", "project"])
def test_runs_the_tutorial_and_loads_its_model_back(
    scripts_at, addresses, form, request
):
    uri = addresses[form]

    run_id, model_id = scripts_at(uri).run("tutorial", request.node.name)

    client = MlflowClient(uri)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"n_estimators": "20", "max_depth": "3"}
    assert run.data.metrics["accuracy"] > 0.8
    assert [model.model_id for model in run.outputs.model_outputs] == [model_id]
    model = client.get_logged_model(model_id)
    assert (model.name, str(model.status)) == ("random_forest_model", "READY")


def test_takes_a_thousand_steps_of_ten_metrics(scripts, addresses, request):
    began = time.monotonic()
    [run_id] = scripts.run("thousand_steps", request.node.name)
    seconds = time.monotonic() - began

    client = MlflowClient(addresses["root"])
    assert len(client.get_run(run_id).data.metrics) == 10
    for number in (0, 9):
        history = client.get_metric_history(run_id, f"metric_{number}")
        assert [point.step for point in history] == list(range(1000))
        assert [point.value for point in history] == [
            step * number / 10 for step in range(1000)
        ]
    assert seconds < 120


def test_keeps_a_family_of_runs_and_every_kind_of_file(scripts, addresses, request):
    [parent] = scripts.run("family", request.node.name)

    client = MlflowClient(addresses["root"])
    experiment = client.get_run(parent).info.experiment_id
    children = client.search_runs(
        [experiment], f"tags.mlflow.parentRunId = '{parent}'", order_by=["metrics.loss"]
    )
    assert len(children) == 20
    assert children[0].data.params["number"] == "19"
    listed = {file.path for file in client.list_artifacts(parent)}
    assert listed == {
        "answers.json",
        "black.png",
        "config.json",
        "figures",
        "images",
        "nested",
        "notes",
    }
    assert len(client.list_artifacts(parent, "images")) == 6  # and each in small
    tags = client.get_run(parent).data.tags
    assert tags["mlflow.loggedImages"] == "True"
    assert json.loads(tags["mlflow.loggedArtifacts"]) == [
        {"path": "answers.json", "type": "table"}
    ]


def test_writes_down_a_grid_search_by_itself(scripts, addresses, request):
    [run_id] = scripts.run("grid_search", request.node.name)

    client = MlflowClient(addresses["root"])
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.autologging"] == "sklearn"
    assert run.data.params["best_max_depth"] in {"1", "2", "3"}
    assert "best_cv_score" in run.data.metrics
    assert run.inputs.dataset_inputs[0].tags[0].value == "train"
    children = client.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{run_id}'"
    )
    assert len(children) == 3
    assert {file.path for file in client.list_artifacts(run_id)} >= {"cv_results.csv"}


def test_gives_jobs_that_start_together_the_same_experiment(scripts, request):
    jobs = [scripts.start("same_experiment", request.node.name) for _ in range(3)]

    ids = [scripts.finish(job) for job in jobs]

    assert len({tuple(answer) for answer in ids}) == 1


def test_records_the_metrics_of_the_machine(scripts, addresses, request):
    [run_id] = scripts.run("system_metrics", request.node.name)

    metrics = MlflowClient(addresses["root"]).get_run(run_id).data.metrics
    assert "system/cpu_utilization_percentage" in metrics
    assert "system/system_memory_usage_megabytes" in metrics


def test_keeps_all_that_several_threads_send_at_once(scripts, addresses, request):
    [run_id] = scripts.run("asynchronous", request.node.name)

    client = MlflowClient(addresses["root"])
    history = client.get_metric_history(run_id, "shared")
    assert sorted(point.step for point in history) == list(range(200))
    assert client.get_run(run_id).data.metrics["shared"] == 199


@pytest.mark.parametrize(
    "stale",
    [
        {"MLFLOW_TRACKING_TOKEN": "left-over"},
        {"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "secret"},
    ],
    ids=["token", "password"],
)
def test_does_not_mind_credentials_that_nobody_asked_for(scripts, request, stale):
    """On a laptop there are none; people carry those of another server around."""
    assert scripts.run("same_experiment", request.node.name, **stale)
