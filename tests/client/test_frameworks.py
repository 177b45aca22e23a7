"""A tiny real training in each framework, logged by the framework's own means."""

import pytest
from mlflow import MlflowClient


@pytest.fixture
def client(addresses):
    return MlflowClient(addresses["root"])


@pytest.mark.parametrize(
    ("name", "params", "series", "points"),
    [
        ("lightgbm", {"num_leaves": "7"}, "check-binary_logloss", 20),
        ("xgboost", {"max_depth": "3"}, "check-logloss", 20),
        ("keras", {"epochs": "5", "batch_size": "32"}, "val_loss", 5),
    ],
)
def test_writes_a_training_down(scripts, client, request, name, params, series, points):
    [run_id] = scripts.run(f"train_{name}", request.node.name)

    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.autologging"] == name
    assert params.items() <= run.data.params.items()
    history = client.get_metric_history(run_id, series)
    assert [point.step for point in history] == list(range(points))
    assert history[-1].value < history[0].value
    (output,) = run.outputs.model_outputs
    model = client.get_logged_model(output.model_id)
    assert (model.status, model.source_run_id) == ("READY", run_id)
    assert {"MLmodel", "requirements.txt"} <= {
        file.path for file in client.list_logged_model_artifacts(model.model_id)
    }


def test_keeps_the_trials_of_a_study_below_it(scripts, client, request):
    [run_id] = scripts.run("train_optuna", request.node.name)

    study = client.get_run(run_id)
    trials = client.search_runs(
        [study.info.experiment_id],
        f"tags.mlflow.parentRunId = '{run_id}'",
        order_by=["metrics.distance"],
    )
    assert len(trials) == 10
    best = trials[0].data
    assert best.metrics["distance"] == study.data.metrics["best"]
    assert {key: f"{value}" for key, value in best.params.items()} == {
        key.removeprefix("best "): value for key, value in study.data.params.items()
    }
    assert {trial.data.metrics["x as a metric"] for trial in trials} == {
        float(trial.data.params["x"]) for trial in trials
    }
    assert best.tags["direction"] == "MINIMIZE"


# ---------------------------------------------------------------- with torch


@pytest.mark.torch
def test_is_a_logger_of_lightning(scripts, client, request):
    [run_id] = scripts.run("train_lightning", request.node.name)

    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["width"] == "8"
    history = client.get_metric_history(run_id, "loss")
    assert [point.step for point in history] == sorted(p.step for p in history)
    assert len(history) == 10
    [checkpoint] = client.list_artifacts(run_id)
    files = [file.path for file in client.list_artifacts(run_id, checkpoint.path)]
    assert any(path.endswith(".ckpt") for path in files), files


@pytest.mark.torch
def test_is_a_tracker_of_transformers(scripts, client, request):
    [run_id] = scripts.run("train_transformers", request.node.name)

    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "tiny"
    assert run.data.params["learning_rate"] == "0.001"
    assert len(run.data.params) > 100  # all of the trainer's arguments
    assert len(client.get_metric_history(run_id, "loss")) == 5
    assert "eval_loss" in run.data.metrics
