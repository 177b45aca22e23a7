import pytest

from tests import make
from tests.api.words import GONE, INVALID, dataset, kv, metric, refused
from tracker import lifecycle


@pytest.fixture
def run(experiment):
    return make.candidate(experiment, params={"lr": "1"}, tags={"old": "1"})


def stage(api, run):
    info = api.get("runs/get", run_id=run.eid)[1]["run"]["info"]
    return info["lifecycle_stage"]


def test_deletes_and_restores_as_often_as_asked(api, run):
    for _ in range(2):
        assert api.post("runs/delete", run_id=run.eid) == (200, {})
        assert stage(api, run) == "deleted"

    for _ in range(2):
        assert api.post("runs/restore", run_id=run.eid) == (200, {})
        assert stage(api, run) == "active"


@pytest.mark.parametrize("route", ["runs/delete", "runs/restore"])
def test_does_not_find_another_run(api, route):
    assert refused(api.post(route, run_id="nobody")) == GONE
    assert refused(api.post(route)) == INVALID


@pytest.mark.parametrize("route", ["runs/delete", "runs/restore"])
def test_does_not_understand_run_uuid(api, run, route):
    assert refused(api.post(route, run_uuid=run.eid)) == INVALID


@pytest.mark.parametrize(
    ("route", "fields"),
    [
        ("log-metric", metric()),
        ("log-parameter", {"key": "new", "value": "1"}),
        ("set-tag", {"key": "new", "value": "1"}),
        ("delete-tag", {"key": "old"}),
        ("log-batch", {"tags": kv(new="1")}),
        ("log-inputs", {"datasets": [dataset()]}),
        ("outputs", {"models": [{"model_id": "m-1"}]}),
        (
            "log-model",
            {
                "model_json": '{"artifact_path": "m", "flavors": {}, "run_id": "r",'
                ' "utc_time_created": "now"}'
            },
        ),
        ("update", {"status": "FINISHED"}),
    ],
)
def test_refuses_to_write_to_a_deleted_run(api, run, route, fields):
    lifecycle.delete_candidate(run)
    before = api.get("runs/get", run_id=run.eid)

    answer = api.post(f"runs/{route}", run_id=run.eid, **fields)

    assert refused(answer) == INVALID
    assert api.get("runs/get", run_id=run.eid) == before
