"""Rename, delete, restore."""

import pytest

from tests import make
from tests.api.words import EXISTS, GONE, INVALID, refused
from tracker import lifecycle
from tracker.models import Candidate


def test_renames_and_keeps_where_the_files_are(api, experiment):
    assert api.post("experiments/update", experiment_id="1", new_name="b") == (200, {})

    _, body = api.get("experiments/get", experiment_id="1")
    assert body["experiment"]["name"] == "b"
    assert body["experiment"]["artifact_location"] == "mlflow-artifacts:/1"
    assert body["experiment"]["last_update_time"] >= experiment.updated_ms


def test_refuses_a_name_that_is_taken(api, experiment):
    answer = api.post("experiments/update", experiment_id="1", new_name="Default")

    assert refused(answer) == EXISTS
    experiment.refresh_from_db()
    assert experiment.name == "resnet-sweep"


def test_refuses_to_rename_a_deleted_experiment(api, experiment):
    lifecycle.delete_experiment(experiment)

    answer = api.post("experiments/update", experiment_id="1", new_name="b")

    # Not the 500 of the contract: clients repeat that for minutes.
    assert refused(answer) == (400, "INVALID_STATE")


@pytest.mark.parametrize("name", ["", " ", None, 5, "n" * 501])
def test_refuses_a_name_that_cannot_be_one(api, experiment, name):
    answer = api.post("experiments/update", experiment_id="1", new_name=name)

    assert refused(answer) == INVALID


def test_hides_the_runs_with_the_experiment_and_brings_them_back(api, experiment):
    kept, deleted = make.candidates(experiment, 2)
    lifecycle.delete_candidate(deleted)

    assert api.post("experiments/delete", experiment_id="1") == (200, {})
    assert not Candidate.objects.alive().filter(experiment=experiment).exists()

    assert api.post("experiments/restore", experiment_id="1") == (200, {})
    # Also those that were deleted one by one: so the contract has it.
    assert set(Candidate.objects.alive().filter(experiment=experiment)) == {
        kept,
        deleted,
    }
    _, body = api.get("experiments/get", experiment_id="1")
    assert body["experiment"]["lifecycle_stage"] == "active"


def test_deletes_once_and_restores_once(api, experiment):
    assert refused(api.post("experiments/restore", experiment_id="1")) == GONE
    api.post("experiments/delete", experiment_id="1")
    assert refused(api.post("experiments/delete", experiment_id="1")) == GONE


def test_can_delete_the_default_experiment(api, experiment):
    assert api.post("experiments/delete", experiment_id="0") == (200, {})


@pytest.mark.parametrize("route", ["delete", "restore"])
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("99", GONE), (None, INVALID), (["1"], INVALID), (1, INVALID)],
)
def test_refuses_an_experiment_that_is_not_there(api, route, wanted, expected):
    answer = api.post(f"experiments/{route}", experiment_id=wanted)

    assert refused(answer) == expected
