"""Every call of the client that Tracker answers, one function for each row of a table.

Prints what became of each row, as JSON: "" or what went wrong.
"""

import io
import json
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
os.environ["MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"] = "false"
os.environ["MLFLOW_DISABLE_ENV_CREATION"] = "true"

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient, MlflowException
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.entities.logged_model_status import LoggedModelStatus
from sklearn.linear_model import LogisticRegression

NAME = sys.argv[1]
ROWS = {}
HERE = Path(tempfile.mkdtemp())
client = MlflowClient()
X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])


def row(number):
    def keep(function):
        ROWS[number] = function
        return function

    return keep


def refused(code, call, *arguments, **more):
    try:
        call(*arguments, **more)
    except MlflowException as problem:
        assert problem.error_code == code, problem
    else:
        raise AssertionError("it was not refused")


class world:
    """What earlier rows leave for later ones."""

    experiment = run = model = None


@row("1 set_tracking_uri")
def _():
    mlflow.set_tracking_uri(mlflow.get_tracking_uri())


@row("3 set_experiment, new")
def _():
    made = mlflow.set_experiment(NAME)
    assert made.name == NAME and made.lifecycle_stage == "active"
    assert made.artifact_location.startswith("mlflow-artifacts:/")
    world.experiment = made.experiment_id


@row("2 set_experiment, existing")
def _():
    assert mlflow.set_experiment(NAME).experiment_id == world.experiment
    found = mlflow.set_experiment(experiment_id=world.experiment)
    assert found.name == NAME


@row("4 create_experiment")
def _():
    world.other = mlflow.create_experiment(f"{NAME} other", tags={"team": "a b"})
    refused("RESOURCE_ALREADY_EXISTS", mlflow.create_experiment, NAME)


@row("5 get_experiment")
def _():
    assert mlflow.get_experiment(world.other).tags == {"team": "a b"}
    assert mlflow.get_experiment_by_name(NAME).experiment_id == world.experiment
    assert mlflow.get_experiment_by_name("nobody") is None
    refused("RESOURCE_DOES_NOT_EXIST", mlflow.get_experiment, "99999")


@row("6 search_experiments")
def _():
    def names(**query):
        return [one.name for one in mlflow.search_experiments(**query)]

    assert names(filter_string=f"name LIKE '{NAME}%'") == [f"{NAME} other", NAME]
    assert names(max_results=1, order_by=["name"]) != []
    assert names(filter_string="tags.team = 'a b'") == [f"{NAME} other"]
    page = client.search_experiments(max_results=1)
    assert client.search_experiments(max_results=1, page_token=page.token) != page


@row("7 rename_, delete_ and restore_experiment")
def _():
    client.rename_experiment(world.other, f"{NAME} renamed")
    mlflow.delete_experiment(world.other)
    assert mlflow.get_experiment(world.other).lifecycle_stage == "deleted"
    gone = mlflow.search_experiments(view_type=ViewType.DELETED_ONLY)
    assert world.other in [one.experiment_id for one in gone]
    client.restore_experiment(world.other)
    assert mlflow.get_experiment(world.other).name == f"{NAME} renamed"


@row("8 set_experiment_tag(s), delete")
def _():
    mlflow.set_experiment_tags({"a": "1", "b/c": "2"})
    mlflow.set_experiment_tag("d", "3")
    client.delete_experiment_tag(world.experiment, "a")
    tags = mlflow.get_experiment(world.experiment).tags
    assert {key: tags.get(key) for key in ("a", "b/c", "d")} == {
        **{"a": None, "b/c": "2", "d": "3"}
    }


@row("9 start_run")
def _():
    with mlflow.start_run(
        run_name="first", tags={"k": "v"}, description="**x**"
    ) as run:
        assert mlflow.active_run().info.run_id == run.info.run_id
    world.run = run.info.run_id
    tags = mlflow.get_run(world.run).data.tags
    assert tags["mlflow.note.content"] == "**x**" and tags["mlflow.runName"] == "first"
    assert tags["mlflow.source.name"].endswith("every_call.py")
    with mlflow.start_run() as unnamed:
        assert unnamed.info.run_name


@row("10 start_run, resumed")
def _():
    with mlflow.start_run(run_id=world.run) as run:
        assert run.info.status == "RUNNING"
        assert run.info.run_name == "first"


@row("11 end_run")
def _():
    for said in ("FINISHED", "FAILED", "KILLED"):
        run = mlflow.start_run()
        mlflow.end_run(said)
        found = mlflow.get_run(run.info.run_id).info
        assert found.status == said and found.end_time >= found.start_time
    client.set_terminated(world.run)
    client.update_run(world.run, name="renamed")
    assert mlflow.get_run(world.run).data.tags["mlflow.runName"] == "renamed"


@row("12 log_param(s)")
def _():
    with mlflow.start_run(run_id=world.run):
        mlflow.log_param("one", 1)
        mlflow.log_params({f"p{number}": number for number in range(150)})
        refused("INVALID_PARAMETER_VALUE", mlflow.log_param, "one", 2)
    params = mlflow.get_run(world.run).data.params
    assert params["one"] == "1" and len(params) == 151


@row("13 log_metric(s)")
def _():
    with mlflow.start_run(run_id=world.run):
        for step in range(3):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metric("nan", float("nan"))
        mlflow.log_metric("inf", float("inf"))
    # In a run of its own: log_model asks for the history of each metric of its run.
    with mlflow.start_run() as many:
        mlflow.log_metrics({f"m{number}": number for number in range(1500)}, step=7)
    assert len(mlflow.get_run(many.info.run_id).data.metrics) == 1500
    metrics = mlflow.get_run(world.run).data.metrics
    assert metrics["loss"] == 1 / 3
    assert np.isnan(metrics["nan"]) and metrics["inf"] > 1e308


@row("14 set_tag(s), delete_tag")
def _():
    with mlflow.start_run(run_id=world.run):
        mlflow.set_tag("t", "1")
        mlflow.set_tags({"u": "2", "v": "3"})
        mlflow.delete_tag("u")
        refused("RESOURCE_DOES_NOT_EXIST", mlflow.delete_tag, "u")
    tags = mlflow.get_run(world.run).data.tags
    assert (tags["t"], tags["v"], "u" in tags) == ("1", "3", False)


@row("15 log_batch")
def _():
    now = int(time.time() * 1000)
    client.log_batch(
        world.run,
        metrics=[Metric("batch", step, now, step) for step in range(5)],
        params=[Param("batch", "x")],
        tags=[RunTag("batch", "y")],
    )
    assert mlflow.get_run(world.run).data.metrics["batch"] == 4


@row("16 get_run, get_parent_run")
def _():
    with mlflow.start_run() as parent, mlflow.start_run(nested=True) as child:
        pass
    assert mlflow.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    assert mlflow.get_parent_run(parent.info.run_id) is None
    refused("RESOURCE_DOES_NOT_EXIST", mlflow.get_run, "0" * 32)


@row("17 search_runs")
def _():
    frame = mlflow.search_runs(filter_string="params.one = '1'")
    assert isinstance(frame, pd.DataFrame) and list(frame.run_id) == [world.run]
    assert frame["metrics.loss"][0] == 1 / 3
    found = mlflow.search_runs(
        experiment_names=[NAME], order_by=["metrics.loss"], output_format="list"
    )
    assert found[0].info.run_id == world.run and len(found) > 5
    assert len(mlflow.search_runs(search_all_experiments=True)) >= len(found)
    pages, token = [], None
    while token != "":
        page = client.search_runs([world.experiment], max_results=2, page_token=token)
        pages += [run.info.run_id for run in page]
        token = page.token or ""
    assert sorted(pages) == sorted(run.info.run_id for run in found)


@row("18 delete_run, restore_run")
def _():
    mlflow.delete_run(world.run)
    assert mlflow.get_run(world.run).info.lifecycle_stage == "deleted"
    refused("INVALID_PARAMETER_VALUE", client.log_param, world.run, "late", "1")
    client.restore_run(world.run)
    assert mlflow.get_run(world.run).info.lifecycle_stage == "active"


@row("19 get_metric_history")
def _():
    history = client.get_metric_history(world.run, "loss")
    assert [(point.step, point.value) for point in history] == [
        (0, 1.0),
        (1, 0.5),
        (2, 1 / 3),
    ]
    assert client.get_metric_history(world.run, "nobody") == []


@row("20 log_artifact(s), log_text, log_dict, log_figure")
def _():
    import matplotlib.pyplot as plt

    (HERE / "tree" / "deep").mkdir(parents=True)
    (HERE / "tree" / "a b+c%.txt").write_text("a")
    (HERE / "tree" / "deep" / "empty").write_bytes(b"")
    with mlflow.start_run(run_id=world.run):
        mlflow.log_artifact(str(HERE / "tree" / "a b+c%.txt"), "single")
        mlflow.log_artifacts(str(HERE / "tree"), "tree")
        mlflow.log_text("text", "text.txt")
        mlflow.log_dict({"a": 1}, "dict.json")
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        mlflow.log_figure(figure, "figure.png")


@row("21 list_artifacts")
def _():
    def listed(path=None):
        return {one.path for one in client.list_artifacts(world.run, path)}

    assert {"single", "tree", "text.txt", "dict.json", "figure.png"} <= listed()
    assert listed("tree") == {"tree/a b+c%.txt", "tree/deep"}
    assert listed("text.txt") == listed("nobody") == set()


@row("22 download_artifacts")
def _():
    one = mlflow.artifacts.download_artifacts(
        run_id=world.run, artifact_path="text.txt"
    )
    assert Path(one).read_text() == "text"
    tree = mlflow.artifacts.download_artifacts(f"runs:/{world.run}/tree")
    assert (Path(tree) / "a b+c%.txt").read_text() == "a"
    assert (Path(tree) / "deep" / "empty").read_bytes() == b""
    assert mlflow.artifacts.load_dict(f"runs:/{world.run}/dict.json") == {"a": 1}


@row("23 log_table, log_image")
def _():
    with mlflow.start_run(run_id=world.run):
        mlflow.log_table({"q": ["a"]}, "table.json")
        mlflow.log_table({"q": ["b"]}, "table.json")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), key="seen", step=1)
        mlflow.flush_artifact_async_logging()
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "black.png")
    assert list(mlflow.load_table("table.json", run_ids=[world.run]).q) == ["a", "b"]
    assert len(client.list_artifacts(world.run, "images")) == 2
    assert mlflow.get_run(world.run).data.tags["mlflow.loggedImages"] == "True"


DATASET = mlflow.data.from_pandas(pd.DataFrame({"x": [1.0]}), name="little")


@row("24 log_input")
def _():
    with mlflow.start_run(run_id=world.run):
        mlflow.log_input(DATASET, context="training", tags={"more": "1"})
        mlflow.log_input(DATASET, context="again")
    (made,) = mlflow.get_run(world.run).inputs.dataset_inputs
    assert made.dataset.name == "little" and made.dataset.source_type == "code"
    assert {tag.key: tag.value for tag in made.tags} == {
        "mlflow.data.context": "training",
        "more": "1",
    }
    found = mlflow.search_runs(filter_string="datasets.context = 'training'")
    assert list(found.run_id) == [world.run]


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


@row("32 create_registered_model, get_, search_, update, rename, delete, tags")
def _():
    client.create_registered_model(NAME, tags={"t": "1"}, description="d")
    refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, NAME)
    client.update_registered_model(NAME, description="new")
    client.set_registered_model_tag(NAME, "u", "2")
    client.delete_registered_model_tag(NAME, "t")
    made = client.get_registered_model(NAME)
    assert made.description == "new" and made.tags == {"u": "2"}
    assert made.latest_versions == [] and made.aliases == {}
    assert NAME in [one.name for one in mlflow.search_registered_models()]
    found = mlflow.search_registered_models(filter_string=f"name = '{NAME}'")
    assert [one.name for one in found] == [NAME]
    client.create_registered_model(f"{NAME} gone")
    client.rename_registered_model(f"{NAME} gone", f"{NAME} going")
    client.delete_registered_model(f"{NAME} going")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, f"{NAME} going")


@row("28 register_model, create_model_version")
def _():
    first = mlflow.register_model(f"models:/{world.model}", NAME)
    assert first.version == "1" or first.version == 1
    assert first.status == "READY" and first.run_id == world.run
    mlflow.register_model(f"runs:/{world.run}/clf", NAME, tags={"n": "2"})
    with mlflow.start_run() as run:
        mlflow.log_text("no model", "folder/file.txt")
    bare = client.create_model_version(
        NAME, f"runs:/{run.info.run_id}/folder", run.info.run_id, description="bare"
    )
    assert int(bare.version) == 3 and bare.current_stage == "None"
    tag = mlflow.get_logged_model(world.model).tags["mlflow.modelVersions"]
    assert {str(one["version"]) for one in json.loads(tag)} == {"1", "2"}
    client.delete_model_version(NAME, "3")
    again = client.create_model_version(
        NAME, f"runs:/{run.info.run_id}/folder", run.info.run_id
    )
    assert int(again.version) == 4


@row("33 set_registered_model_alias, delete")
def _():
    client.set_registered_model_alias(NAME, "champion", "1")
    client.set_registered_model_alias(NAME, "champion", "2")
    client.set_registered_model_alias(NAME, "old", "1")
    client.delete_registered_model_alias(NAME, "old")
    made = client.get_registered_model(NAME)
    assert {alias: int(v) for alias, v in made.aliases.items()} == {"champion": 2}


@row("34 get_model_version_by_alias")
def _():
    assert int(client.get_model_version_by_alias(NAME, "champion").version) == 2
    lost = client.get_model_version_by_alias
    refused("INVALID_PARAMETER_VALUE", lost, NAME, "old")


@row("35 transition_model_version_stage, get_latest_versions")
def _():
    client.transition_model_version_stage(NAME, "1", "staging")
    client.transition_model_version_stage(
        NAME, "2", "Staging", archive_existing_versions=True
    )
    stages = {
        int(one.version): one.current_stage for one in client.get_latest_versions(NAME)
    }
    assert stages == {1: "Archived", 2: "Staging", 4: "None"}
    (found,) = client.get_latest_versions(NAME, stages=["Staging"])
    assert int(found.version) == 2


@row("36 search_model_versions, get_model_version")
def _():
    found = mlflow.search_model_versions(filter_string=f"name = '{NAME}'")
    assert sorted(int(one.version) for one in found) == [1, 2, 4]
    by_run = mlflow.search_model_versions(
        filter_string=f"run_id = '{world.run}'", order_by=["version_number ASC"]
    )
    assert [int(one.version) for one in by_run] == [1, 2]
    page = client.search_model_versions(f"name = '{NAME}'", max_results=2)
    rest = client.search_model_versions(
        f"name = '{NAME}'", max_results=2, page_token=page.token
    )
    assert (len(page), len(rest), rest.token or None) == (2, 1, None)
    assert client.get_model_version(NAME, "2").aliases == ["champion"]
    assert client.get_model_version_stages(NAME, "2") == [
        *("None", "Staging", "Production", "Archived")
    ]


@row("37 update_, delete_model_version, tags, copy, download URI")
def _():
    client.update_model_version(NAME, "1", description="one")
    client.set_model_version_tag(NAME, "1", "a", "1")
    client.set_model_version_tag(NAME, "1", "b", "2")
    client.set_model_version_tag(NAME, key="by-stage", value="3", stage="Staging")
    client.delete_model_version_tag(NAME, "1", "a")
    made = client.get_model_version(NAME, "1")
    assert made.description == "one" and made.tags == {"b": "2"}
    uri = client.get_model_version_download_uri(NAME, "1")
    assert uri == mlflow.get_logged_model(world.model).artifact_location
    copy = client.copy_model_version(f"models:/{NAME}@champion", f"{NAME} copy")
    assert int(copy.version) == 1 and copy.run_id == world.run
    client.delete_model_version(NAME, "4")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, NAME, "4")


@row("27 load_model")
def _():
    for uri in (
        f"models:/{world.model}",
        f"runs:/{world.run}/clf",
        f"models:/{NAME}/1",
        f"models:/{NAME}@champion",
        f"models:/{NAME}/Staging",
        f"models:/{NAME}/latest",
        f"models:/{NAME} copy/1",
    ):
        assert list(mlflow.sklearn.load_model(uri).predict(X)) == list(Y), uri
    assert list(mlflow.pyfunc.load_model(f"models:/{NAME}/1").predict(X)) == list(Y)


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


results = {}
for name, function in ROWS.items():
    try:
        function()
        results[name] = ""
    except Exception:
        results[name] = traceback.format_exc()
    finally:
        while mlflow.active_run():
            mlflow.end_run()
print(json.dumps(results))
