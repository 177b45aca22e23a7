"""Searching runs through MLflow's own client."""

import math

import pytest
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException


@pytest.fixture(scope="module")
def client(addresses):
    from mlflow import MlflowClient

    return MlflowClient(addresses["project"])


@pytest.fixture(scope="module")
def zoo(client):
    """Five runs, by name, in one experiment."""
    experiment = client.create_experiment("zoo")
    made = {}
    for number, (name, acc, params, tags) in enumerate(
        [
            ("ant", 0.9, {"lr": "0.1", "opt": "Adam"}, {"team/a b": "red"}),
            ("bee", 0.8, {"lr": "0.01", "opt": "adamw"}, {"team/a b": "blue"}),
            ("cat", math.nan, {"lr": "0.1"}, {}),
            ("dog", None, {"opt": "SGD"}, {"note": "it's"}),
            ("eel", -1.5, {}, {}),
        ]
    ):
        run = client.create_run(experiment, start_time=1000 + number, run_name=name)
        client.log_batch(
            run.info.run_id,
            metrics=[] if acc is None else [Metric("acc", acc, 1, 0)],
            params=[Param(*one) for one in params.items()],
            tags=[RunTag(*one) for one in tags.items()],
        )
        made[name] = run.info.run_id
    return experiment, made


def names(client, zoo, query="", **options):
    found = client.search_runs([zoo[0]], query, **options)
    return [run.info.run_name for run in found]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "eel dog cat bee ant"),
        ("metrics.acc > 0.85", "ant"),
        ("metrics.acc <= 0.8", "eel bee"),
        ("metrics.acc != 0.9", "eel cat bee"),
        ("metrics.acc > -2 AND params.lr = '0.1'", "ant"),
        ("params.opt LIKE 'Adam%'", "ant"),
        ("params.opt ILIKE 'adam%'", "bee ant"),
        ("params.opt != 'SGD'", "bee ant"),
        ("params.opt IS NULL", "eel cat"),
        ("params.opt IS NOT NULL", "dog bee ant"),
        ("tags.`team/a b` = 'red'", "ant"),
        ('tags."team/a b" = "blue"', "bee"),
        ('tags.note = "it\'s"', "dog"),
        ("attributes.run_name = 'cat'", "cat"),
        ("run_name LIKE '%e%'", "eel bee"),
        ("start_time >= 1003", "eel dog"),
        ("attributes.status = 'RUNNING' and metrics.acc = 0.8", "bee"),
        ("status = 'FINISHED'", ""),
    ],
)
def test_finds_by_filter(client, zoo, query, found):
    assert names(client, zoo, query) == found.split()


def test_finds_by_a_list_of_ids(client, zoo):
    _, made = zoo
    listed = f"('{made['ant']}', '{made['eel']}')"

    assert names(client, zoo, f"run_id IN {listed}") == ["eel", "ant"]
    assert names(client, zoo, f"run_id NOT IN {listed}") == ["dog", "cat", "bee"]


@pytest.mark.parametrize(
    "query",
    [
        "metrics.acc > 0.5 OR metrics.acc < 0.1",
        "NOT metrics.acc > 0.5",
        "(metrics.acc > 0.5)",
        "metrics.acc > 'high'",
        "metrics.acc LIKE '1'",
        "params.lr > '0.1'",
        "attributes.lifecycle_stage = 'active'",
        "attributes.experiment_id = '1'",
        "status IN ('RUNNING')",
        "params.a/b = '1'",
        "params.lr",
        "= 3",
    ],
)
def test_refuses_a_filter_it_does_not_understand(client, zoo, query):
    with pytest.raises(MlflowException) as caught:
        names(client, zoo, query)

    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("metrics.acc ASC", "eel bee ant cat dog"),
        ("metrics.acc DESC", "ant bee eel cat dog"),
        ("params.lr", "bee cat ant eel dog"),
        ("attributes.run_name DESC", "eel dog cat bee ant"),
        ("start_time ASC", "ant bee cat dog eel"),
    ],
)
def test_orders_with_nan_and_the_missing_last(client, zoo, order, found):
    assert names(client, zoo, order_by=[order]) == found.split()


def test_pages_one_by_one_without_losing_any(client, zoo):
    found, token = [], None
    for _ in range(6):
        page = client.search_runs(
            [zoo[0]], order_by=["metrics.acc DESC"], max_results=1, page_token=token
        )
        found += [run.info.run_name for run in page]
        token = page.token
        if not token:
            break

    assert found == ["ant", "bee", "eel", "cat", "dog"]
