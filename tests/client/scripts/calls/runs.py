"""Runs: started, ended, found, and what is logged to them."""

import time

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Metric, Param, RunTag

from calls import NAME, client, refused, row, world


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
