"""Logged models."""

import mlflow
from mlflow.entities.logged_model_status import LoggedModelStatus
from sklearn.linear_model import LogisticRegression

from calls import DATASET, X, Y, client, refused, row, world


@row("26 log_model")
def _():
    with mlflow.start_run(run_id=world.run):
        model = LogisticRegression().fit(X, Y)
        logged = mlflow.sklearn.log_model(
            model,
            name="clf",
            input_example=X[:1],
            params={"C": "1"},
            # Finding them out takes a second interpreter, and nothing of the server.
            pip_requirements=["scikit-learn"],
        )
    world.model = logged.model_id
    (output,) = mlflow.get_run(world.run).outputs.model_outputs
    assert output.model_id == world.model
    assert mlflow.last_logged_model().model_id == world.model


@row("25 log_metric with a dataset and a model")
def _():
    with mlflow.start_run(run_id=world.run):
        mlflow.log_metric("acc", 0.5, step=1, model_id=world.model, dataset=DATASET)
        mlflow.log_metrics({"f1": 0.25}, step=1, model_id=world.model, dataset=DATASET)
    metrics = {m.key: m for m in mlflow.get_logged_model(world.model).metrics}
    assert metrics["acc"].value == 0.5 and metrics["f1"].value == 0.25
    assert metrics["acc"].dataset_name == "little"
    assert metrics["acc"].dataset_digest == DATASET.digest
    assert metrics["acc"].run_id == world.run


@row("29 search_logged_models, get_logged_model")
def _():
    def found(**query):
        models = mlflow.search_logged_models(
            experiment_ids=[world.experiment], output_format="list", **query
        )
        return [model.model_id for model in models]

    assert found() == [world.model]
    assert found(filter_string="name = 'clf' AND metrics.acc > 0.4") == [world.model]
    assert found(filter_string="metrics.acc > 0.6") == []
    by_acc = [{"field_name": "metrics.acc", "ascending": False}]
    assert found(order_by=by_acc, datasets=[{"dataset_name": "little"}]) == [
        world.model
    ]
    made = mlflow.get_logged_model(world.model)
    assert made.status == LoggedModelStatus.READY and made.source_run_id == world.run
    refused("RESOURCE_DOES_NOT_EXIST", mlflow.get_logged_model, "m-" + "0" * 32)


@row("30 set_logged_model_tags, delete")
def _():
    mlflow.set_logged_model_tags(world.model, {"a": "1", "b": "2"})
    mlflow.delete_logged_model_tag(world.model, "a")
    tags = mlflow.get_logged_model(world.model).tags
    assert tags["b"] == "2" and "a" not in tags


@row("31 log_model_params, initialize_, finalize_, external")
def _():
    mlflow.log_model_params({f"q{n}": "1" for n in range(120)}, world.model)
    params = mlflow.get_logged_model(world.model).params
    assert len([key for key in params if key[0] == "q"]) == 120
    begun = mlflow.initialize_logged_model(name="begun", params={"x": "1"})
    assert begun.status == LoggedModelStatus.PENDING
    done = mlflow.finalize_logged_model(begun.model_id, "FAILED")
    assert done.status == LoggedModelStatus.FAILED
    outside = mlflow.create_external_model(name="outside")
    assert outside.status == LoggedModelStatus.READY
    mlflow.set_active_model(name="active")
    assert mlflow.get_active_model_id()
    mlflow.clear_active_model()
    client.delete_logged_model(begun.model_id)
    refused("RESOURCE_DOES_NOT_EXIST", mlflow.get_logged_model, begun.model_id)
