import pytest

from tests import make
from tests.api.words import GONE, INVALID, kv, refused
from tracker import lifecycle


def test_answers_the_whole_experiment(api):
    made = make.experiment(
        lifecycle.default_project(), "churn", tags={"team": "growth"}
    )

    status, body = api.get("experiments/get", experiment_id=str(made.iid))

    assert status == 200
    assert body["experiment"] == {
        "experiment_id": str(made.iid),
        "name": "churn",
        "artifact_location": f"mlflow-artifacts:/{made.iid}",
        "lifecycle_stage": "active",
        "creation_time": made.created_ms,
        "last_update_time": made.created_ms,
        "tags": kv(team="growth"),
    }


def test_has_a_default_experiment_from_the_start(api):
    _, body = api.get("experiments/get", experiment_id="0")

    assert body["experiment"]["name"] == "Default"


def test_finds_an_experiment_by_its_exact_name(api, experiment):
    _, body = api.get("experiments/get-by-name", experiment_name=experiment.name)

    assert body["experiment"]["experiment_id"] == str(experiment.iid)


def test_answers_deleted_experiments_too(api, experiment):
    lifecycle.delete_experiment(experiment)

    _, by_id = api.get("experiments/get", experiment_id=str(experiment.iid))
    _, by_name = api.get("experiments/get-by-name", experiment_name=experiment.name)

    assert by_id == by_name
    assert by_id["experiment"]["lifecycle_stage"] == "deleted"


@pytest.mark.parametrize("wanted", ["-1", "99", "9" * 20, "9" * 5000])
def test_does_not_find_an_id_that_nobody_has(api, wanted):
    assert refused(api.get("experiments/get", experiment_id=wanted)) == GONE


@pytest.mark.parametrize(
    "wanted", ["", "1.5", "0x1", "abc", "0'", "0 OR 1=1", "\x00", "٣", "1\n"]
)
def test_refuses_what_is_no_id(api, wanted):
    assert refused(api.get("experiments/get", experiment_id=wanted)) == INVALID


def test_refuses_to_guess_which_experiment(api):
    assert refused(api.get("experiments/get")) == INVALID
    assert refused(api.get("experiments/get-by-name")) == INVALID


@pytest.mark.parametrize("name", ["missing", "%", "RESNET-SWEEP", "resnet-sweep "])
def test_does_not_find_another_name(api, experiment, name):
    assert refused(api.get("experiments/get-by-name", experiment_name=name)) == GONE


def test_costs_two_queries(api, experiment, django_assert_num_queries):
    api.get("experiments/get", experiment_id="0")

    # experiment, tags; the project and the owner are remembered
    with django_assert_num_queries(2):
        api.get("experiments/get", experiment_id=str(experiment.iid))
