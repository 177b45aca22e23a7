"""log-inputs and outputs."""

import pytest

from tests import make
from tests.api.words import GONE, INVALID, dataset, kv, refused
from tracker.models import Dataset, DatasetUse


@pytest.fixture
def run(experiment):
    return make.candidate(experiment)


def log(api, run, **fields):
    return api.post("runs/log-inputs", run_id=run.eid, **fields)


def inputs(api, run):
    return api.get("runs/get", run_id=run.eid)[1]["run"]["inputs"]


def test_keeps_the_first_context_of_a_dataset(api, run):
    train = dataset(tags={"mlflow.data.context": "train"})

    assert log(api, run, datasets=[train, dataset(tags={"a": "b"})]) == (200, {})
    log(api, run, datasets=[dataset(tags={"mlflow.data.context": "eval"})])

    (found,) = inputs(api, run)["dataset_inputs"]
    assert found["tags"] == kv(**{"mlflow.data.context": "train"})


def test_tells_datasets_apart_by_name_and_digest(api, run):
    log(api, run, datasets=[dataset(), dataset(digest="d2"), dataset("wine")])

    names = [
        (one["dataset"]["name"], one["dataset"]["digest"])
        for one in inputs(api, run)["dataset_inputs"]
    ]
    assert names == [("iris", "d1"), ("iris", "d2"), ("wine", "d1")]


def test_shares_a_dataset_within_its_experiment(api, run, experiment):
    other = make.candidate(experiment)
    elsewhere = make.candidate(make.experiment(experiment.project))

    for one in (run, other, elsewhere):
        log(api, one, datasets=[dataset()])

    assert (Dataset.objects.count(), DatasetUse.objects.count()) == (2, 3)


def test_keeps_the_largest_description_there_is(api, run):
    described = dataset(schema="s" * 1_048_575, profile="p" * 16_777_215)

    assert log(api, run, datasets=[described])[0] == 200


def test_names_a_model_as_often_as_it_likes(api, run):
    for _ in range(2):
        assert log(api, run, models=[{"model_id": "m-1"}] * 2) == (200, {})

    assert inputs(api, run)["model_inputs"] == [{"model_id": "m-1"}]


def test_accepts_nothing(api, run):
    assert log(api, run) == (200, {})


@pytest.mark.parametrize(
    "fields",
    [
        {"datasets": {}},
        {"datasets": [None]},
        {"datasets": [{}]},
        {"datasets": [{"dataset": {"name": "a"}}]},
        {"datasets": [dataset("")]},
        {"datasets": [dataset(digest="")]},
        {"datasets": [dataset(source_type="")]},
        {"datasets": [dataset(source=None)]},
        {"datasets": [dataset("n" * 501)]},
        {"datasets": [dataset(digest="d" * 37)]},
        {"datasets": [dataset(source="s" * 65_536)]},
        {"datasets": [dataset(schema="s" * 1_048_576)]},
        {"datasets": [dataset(profile="p" * 16_777_216)]},
        {"datasets": [dataset(tags={"k" * 256: "v"})]},
        {"datasets": [dataset(tags={"k": "v" * 501})]},
        {"datasets": [dataset(), dataset(digest=5)]},
        {"models": [{}]},
        {"models": [{"model_id": "m" * 257}]},
        {"models": "m-1"},
    ],
)
def test_stores_nothing_of_a_message_with_one_fault(api, run, fields):
    answer = log(api, run, **{"datasets": [dataset("good")]} | fields)

    assert refused(answer) == INVALID
    assert not Dataset.objects.exists()


def test_keeps_what_a_run_made(api, run):
    for step in (4, 5):  # the first step stays
        answer = api.post(
            "runs/outputs", run_id=run.eid, models=[{"model_id": "m-1", "step": step}]
        )
        assert answer == (200, {})

    outputs = api.get("runs/get", run_id=run.eid)[1]["run"]["outputs"]
    assert outputs == {"model_outputs": [{"model_id": "m-1", "step": 4}]}


@pytest.mark.parametrize("models", [None, "m-1", [{}], [{"model_id": ""}], [5]])
def test_refuses_outputs_that_name_no_model(api, run, models):
    answer = api.post("runs/outputs", run_id=run.eid, models=models)

    assert refused(answer) == INVALID


@pytest.mark.parametrize("route", ["runs/log-inputs", "runs/outputs"])
def test_does_not_find_another_run(api, route):
    assert refused(api.post(route, run_id="nobody", models=[])) == GONE


def test_costs_the_same_for_one_dataset_or_twenty(api, run, django_assert_num_queries):
    log(api, run)

    # begin, lock, datasets: look, add, look; uses: look, add; tags, commit
    with django_assert_num_queries(9):
        log(api, run, datasets=[dataset(tags={"a": "b"})])
    with django_assert_num_queries(9):
        log(api, run, datasets=[dataset(f"d{i}", tags={"a": "b"}) for i in range(20)])
