import pytest

from tests import make
from tests.api.words import INVALID, dataset, refused
from tests.conftest import Api
from tracker import lifecycle

ROUTE = "experiments/search-datasets"


@pytest.fixture
def ajax(db):
    return Api(root="/ajax-api/2.0/mlflow/")


def test_names_each_dataset_and_context_once(ajax, api, experiment):
    for context in ("train", "train", "eval"):
        run = make.candidate(experiment)
        api.post(
            "runs/log-inputs",
            run_id=run.eid,
            datasets=[dataset(tags={"mlflow.data.context": context, "a": "b"})],
        )
    api.post("runs/log-inputs", run_id=run.eid, datasets=[dataset("wine")])

    status, body = ajax.post(ROUTE, experiment_ids=["1", "99"])

    iris = {"experiment_id": "1", "name": "iris", "digest": "d1"}
    wine = {"experiment_id": "1", "name": "wine", "digest": "d1"}
    assert status == 200
    assert body["dataset_summaries"] == [
        iris | {"context": "eval"},
        iris | {"context": "train"},
        wine,
    ]


def test_leaves_out_deleted_and_foreign_experiments(ajax, api, experiment):
    run = make.candidate(experiment)
    api.post("runs/log-inputs", run_id=run.eid, datasets=[dataset()])
    lifecycle.delete_experiment(experiment)

    assert ajax.post(ROUTE, experiment_ids=["1"]) == (200, {"dataset_summaries": []})


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (None, "must specify at least one experiment_id."),
        ([], "must specify at least one experiment_id."),
        ([f"id_{i}" for i in range(21)], "cannot specify more than"),
        (["abc"], "abc"),
        ("1", "experiment_ids"),
    ],
)
def test_refuses_what_it_cannot_answer(ajax, ids, words):
    answer = ajax.post(ROUTE, experiment_ids=ids)

    assert refused(answer) == INVALID
    assert words in answer[1]["message"]


def test_has_no_twin_below_api(api):
    assert refused(api.post(ROUTE)) == (404, "ENDPOINT_NOT_FOUND")
