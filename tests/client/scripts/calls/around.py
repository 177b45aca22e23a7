"""What the client does by itself around a script."""

import io
import time

import mlflow
import pandas as pd
from mlflow.entities.logged_model_status import LoggedModelStatus
from sklearn.linear_model import LogisticRegression

from calls import HERE, NAME, X, Y, client, row, world


@row("38 autolog and fit")
def _():
    mlflow.sklearn.autolog()
    LogisticRegression(C=0.5).fit(X, Y)
    mlflow.sklearn.autolog(disable=True)
    logged = mlflow.last_active_run()
    assert logged.data.params["C"] == "0.5" and logged.data.metrics
    assert logged.data.tags["mlflow.autologging"] == "sklearn"
    assert logged.outputs.model_outputs and logged.inputs.dataset_inputs


@row("39 start_run with system metrics")
def _():
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(1)
    with mlflow.start_run(log_system_metrics=True) as run:
        time.sleep(1)
    keys = mlflow.get_run(run.info.run_id).data.metrics
    assert "system/cpu_utilization_percentage" in keys


@row("40 log_…(synchronous=False)")
def _():
    with mlflow.start_run() as run:
        waiting = [
            mlflow.log_metric("a", n, step=n, synchronous=False) for n in range(50)
        ]
        waiting.append(mlflow.log_params({"p": 1}, synchronous=False))
        waiting.append(mlflow.set_tags({"t": 1}, synchronous=False))
        for one in waiting:
            one.wait()
    data = mlflow.get_run(run.info.run_id).data
    assert (data.metrics["a"], data.params["p"], data.tags["t"]) == (49, "1", "1")
    assert len(client.get_metric_history(run.info.run_id, "a")) == 50


@row("prompts, which are kept in the registry")
def _():
    name = NAME.replace(" ", "-")
    prompt = client.register_prompt(name, "Say {{ what }}", tags={"a": "1"})
    assert prompt.version == 1
    client.create_prompt(f"{name}-2", description="d", tags={"k": "v"})
    client.create_prompt_version(f"{name}-2", "Ask {{ what }}")
    client.set_prompt_alias(name, "best", 1)
    assert client.get_prompt_version_by_alias(name, "best").template == prompt.template
    loaded = client.load_prompt(f"prompts:/{name}@best")
    assert loaded.format(what="it") == "Say it"
    client.delete_prompt_alias(name, "best")
    client.set_prompt_tag(name, "t", "1")
    client.delete_prompt_tag(name, "t")
    assert "t" not in client.get_prompt(name).tags
    client.set_prompt_version_tag(name, 1, "t", "1")
    client.delete_prompt_version_tag(name, 1, "t")
    assert "t" not in client.get_prompt_version(name, "1").tags
    assert {name, f"{name}-2"} <= {one.name for one in client.search_prompts()}
    assert len(client.search_prompt_versions(name)) == 1
    models = mlflow.search_registered_models()
    assert name not in [one.name for one in models]
    client.link_prompt_version_to_run(world.run, f"prompts:/{name}/1")
    client.link_prompt_version_to_model(name, "1", world.model)
    tags = mlflow.get_logged_model(world.model).tags
    assert name in tags["mlflow.linkedPrompts"]
    client.delete_prompt_version(name, "1")
    client.delete_prompt(name)
    assert client.get_prompt(name) is None


@row("files and links of logged models")
def _():
    made = client.create_logged_model(world.experiment, name="bare").model_id
    (HERE / "one.txt").write_text("1")
    client.log_model_artifact(made, str(HERE / "one.txt"))
    client.log_model_artifacts(made, str(HERE / "tree" / "deep"))
    files = {file.path for file in client.list_logged_model_artifacts(made)}
    assert files == {"one.txt", "empty"}
    client.finalize_logged_model(made, LoggedModelStatus.READY)
    run = client.create_run(world.experiment).info.run_id
    client.log_inputs(run, models=[mlflow.entities.LoggedModelInput(made)])
    client.log_outputs(run, models=[mlflow.entities.LoggedModelOutput(made, 3)])
    client.log_stream(run, io.BytesIO(b"abc"), "stream.bin")
    linked = client.get_run(run)
    assert linked.inputs.model_inputs[0].model_id == made
    assert linked.outputs.model_outputs[0].step == 3
    assert [file.path for file in client.list_artifacts(run)] == ["stream.bin"]


@row("evaluate")
def _():
    table = pd.DataFrame({"said": [0, 1, 1, 0], "true": [0, 1, 0, 0]})
    with mlflow.start_run() as run:
        mlflow.models.evaluate(
            data=table, predictions="said", targets="true", model_type="classifier"
        )
    metrics = mlflow.get_run(run.info.run_id).data.metrics
    assert metrics["accuracy_score"] == 0.75


@row("traces, which are not kept and stop nothing")
def _():
    @mlflow.trace
    def add(a, b):
        return a + b

    with mlflow.start_run() as run:
        assert add(1, 2) == 3
        mlflow.log_metric("after", 1)
    assert mlflow.get_run(run.info.run_id).data.metrics["after"] == 1
