"""Files of runs, and what they read."""

from pathlib import Path

import mlflow
import numpy as np

from calls import DATASET, HERE, client, row, world


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
