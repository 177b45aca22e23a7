import pytest

from tests import make
from tests.api.words import GONE, INVALID, refused
from tracker import lifecycle
from tracker.models import Status


@pytest.fixture
def run(experiment):
    return make.candidate(experiment, name="first")


def test_finishes_a_run(api, run):
    status, body = api.post(
        "runs/update", run_id=run.eid, run_uuid=run.eid, status="FINISHED", end_time=99
    )

    assert status == 200
    assert body["run_info"]["status"] == "FINISHED"
    assert body["run_info"]["end_time"] == 99
    assert api.get("runs/get", run_id=run.eid)[1]["run"]["info"] == body["run_info"]


def test_starts_a_finished_run_again_and_keeps_its_end(api, run):
    api.post("runs/update", run_id=run.eid, status="FINISHED", end_time=99)

    _, body = api.post("runs/update", run_id=run.eid, status="RUNNING")

    assert (body["run_info"]["status"], body["run_info"]["end_time"]) == ("RUNNING", 99)


def test_changes_nothing_that_is_not_named(api, run):
    _, body = api.post("runs/update", run_uuid=run.eid, run_name="")

    assert body["run_info"]["run_name"] == "first"
    assert body["run_info"]["status"] == "RUNNING"


def test_renames_the_tag_with_the_run(api, run):
    api.post("runs/update", run_id=run.eid, run_name="second")

    assert run.tags.get(key="mlflow.runName").value == "second"
    run.refresh_from_db()
    assert run.name == "second"


def test_renames_the_run_with_the_tag(api, run):
    api.post("runs/set-tag", run_id=run.eid, key="mlflow.runName", value="third")

    info = api.get("runs/get", run_id=run.eid)[1]["run"]["info"]
    assert info["run_name"] == "third"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "BOGUS"},
        {"status": "finished"},
        {"status": 99},
        {"status": 0},
        {"status": {}},
        {"status": True},
        {"end_time": "later"},
        {"end_time": 10**30},
        {"run_name": "n" * 501},
    ],
)
def test_refuses_what_cannot_be_kept(api, run, fields):
    answer = api.post("runs/update", **{"run_id": run.eid, "end_time": 5} | fields)

    assert refused(answer) == INVALID
    run.refresh_from_db()
    assert (run.status, run.ended_ms) == (Status.RUNNING, None)


def test_refuses_to_change_a_deleted_run(api, run):
    lifecycle.delete_candidate(run)

    answer = api.post("runs/update", run_id=run.eid, status="FINISHED")

    assert refused(answer) == INVALID
    assert f"The run {run.eid} must be in the 'active' state" in answer[1]["message"]


def test_does_not_find_another_run(api):
    assert refused(api.post("runs/update", run_id="nobody")) == GONE


def test_costs_few_statements(api, run, django_assert_num_queries):
    api.get("runs/get", run_id=run.eid)

    with django_assert_num_queries(1):
        api.post("runs/update", run_id=run.eid, status="FINISHED", end_time=99)
