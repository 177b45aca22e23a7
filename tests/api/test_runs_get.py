import pytest

from tests import make
from tests.api.words import GONE, INVALID, dataset, refused
from tracker import lifecycle


def test_answers_everything_of_a_run(api, experiment):
    run = make.candidate(experiment, metrics={"acc": 0.9}, params={"lr": "0.1"})
    api.post(
        "runs/log-inputs",
        run_id=run.eid,
        datasets=[dataset(tags={"mlflow.data.context": "train"}, schema="{}")],
        models=[{"model_id": "m-1"}],
    )
    api.post("runs/outputs", run_id=run.eid, models=[{"model_id": "m-2", "step": 3}])

    body = api.get("runs/get", run_id=run.eid)[1]["run"]

    assert body["data"]["metrics"] == [
        {"key": "acc", "value": 0.9, "timestamp": 1000, "step": 0}
    ]
    assert body["data"]["params"] == [{"key": "lr", "value": "0.1"}]
    assert body["inputs"] == {
        "dataset_inputs": [
            {
                "tags": [{"key": "mlflow.data.context", "value": "train"}],
                "dataset": {
                    "name": "iris",
                    "digest": "d1",
                    "source_type": "code",
                    "source": "{}",
                    "schema": "{}",
                },
            }
        ],
        "model_inputs": [{"model_id": "m-1"}],
    }
    assert body["outputs"] == {"model_outputs": [{"model_id": "m-2", "step": 3}]}


def test_leaves_out_what_is_empty_and_unset(api, experiment):
    run = make.candidate(experiment)

    body = api.get("runs/get", run_id=run.eid)[1]["run"]

    assert "end_time" not in body["info"]
    assert set(body["data"]) == {"tags"}
    assert (body["inputs"], body["outputs"]) == ({}, {})


def test_understands_run_uuid_and_prefers_run_id(api, experiment):
    one, other = make.candidates(experiment, 2)

    old = api.get("runs/get", run_uuid=one.eid)[1]
    both = api.get("runs/get", run_id=one.eid, run_uuid=other.eid)[1]

    assert old == both
    assert old["run"]["info"]["run_id"] == one.eid


def test_answers_deleted_runs(api, experiment):
    run = make.candidate(experiment)
    lifecycle.delete_candidate(run)

    info = api.get("runs/get", run_id=run.eid)[1]["run"]["info"]

    assert info["lifecycle_stage"] == "deleted"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("", INVALID),
        ("0" * 32, GONE),
        ("../../etc", GONE),
        ("' OR '1'='1", GONE),
        ("a\x00b", INVALID),
        ("x" * 10_000, GONE),
    ],
)
def test_does_not_find_a_run_that_is_not_there(api, wanted, expected):
    assert refused(api.get("runs/get", run_id=wanted)) == expected


def test_needs_an_id(api):
    answer = api.get("runs/get")

    assert refused(answer) == INVALID
    assert "required parameter 'run_id'" in answer[1]["message"]


def test_costs_the_same_for_one_metric_or_fifty(
    api, experiment, django_assert_num_queries
):
    few = make.candidate(experiment, metrics={"a": 1.0})
    many = make.candidate(experiment, metrics={f"m{i}": 1.0 for i in range(50)})
    api.get("runs/get", run_id=few.eid)

    for run in few, many:
        # run, experiment's number, metrics, params, tags, datasets and their tags, models
        with django_assert_num_queries(8):
            api.get("runs/get", run_id=run.eid)
