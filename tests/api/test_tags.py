"""set-tag and delete-tag."""

import pytest

from tests import make
from tests.api.words import GONE, INVALID, refused
from tracker.models import CIBuild


@pytest.fixture
def run(experiment):
    return make.candidate(experiment)


def set_tag(api, run, **fields):
    return api.post("runs/set-tag", **{"run_id": run.eid, "key": "team"} | fields)


def test_keeps_the_last_value(api, run):
    set_tag(api, run, value="x")
    assert set_tag(api, run, value="line\nbreak") == (200, {})

    assert run.tags.get(key="team").value == "line\nbreak"


def test_understands_run_uuid_when_setting(api, run):
    assert api.post("runs/set-tag", run_uuid=run.eid, key="k") == (200, {})


def test_cuts_a_long_value(api, run):
    assert set_tag(api, run, value="v" * 8001) == (200, {})

    assert run.tags.get(key="team").value == "v" * 8000


def test_refuses_a_body_over_the_limit(api, run):
    answer = set_tag(api, run, value="v" * 10 * 1024**2)

    assert refused(answer) == (413, "RESOURCE_EXHAUSTED")


@pytest.mark.parametrize(
    "fields",
    [
        {"key": None},
        {"key": ""},
        {"key": 5},
        {"key": "k" * 251},
        {"value": {}},
        {"value": 41},
        {"run_id": 31},
    ],
)
def test_refuses_what_cannot_be_kept(api, run, fields):
    before = run.tags.count()

    assert refused(set_tag(api, run, **fields)) == INVALID
    assert run.tags.count() == before


def test_follows_the_parent(api, run, experiment):
    parent = make.candidate(experiment)

    set_tag(api, run, key="mlflow.parentRunId", value=parent.eid)
    run.refresh_from_db()
    assert run.parent_eid == parent.eid

    api.post("runs/delete-tag", run_id=run.eid, key="mlflow.parentRunId")
    run.refresh_from_db()
    assert run.parent_eid == ""


@pytest.mark.parametrize("value", ["7", "x" * 33, ""])
def test_accepts_a_parent_that_cannot_be_one(api, run, value):
    assert set_tag(api, run, key="mlflow.parentRunId", value=value) == (200, {})

    run.refresh_from_db()
    assert run.parent_eid == ""


def test_cuts_a_name_that_comes_as_a_long_tag(api, run):
    assert set_tag(api, run, key="mlflow.runName", value="n" * 600) == (200, {})

    run.refresh_from_db()
    assert run.name == "n" * 500


def test_follows_the_ci_job_until_its_last_tag_is_gone(api, run):
    set_tag(api, run, key="gitlab.CI_JOB_ID", value="77")
    assert CIBuild.objects.get(candidate=run).job_id == "77"

    api.post("runs/delete-tag", run_id=run.eid, key="gitlab.CI_JOB_ID")
    assert not CIBuild.objects.exists()


def test_deletes_a_tag_once(api, run):
    set_tag(api, run, value="x")

    assert api.post("runs/delete-tag", run_id=run.eid, key="team") == (200, {})

    answer = api.post("runs/delete-tag", run_id=run.eid, key="team")
    assert refused(answer) == GONE
    assert "No tag with name: team" in answer[1]["message"]


@pytest.mark.parametrize("route", ["runs/set-tag", "runs/delete-tag"])
def test_does_not_find_another_run(api, route):
    assert refused(api.post(route, run_id="nobody", key="k")) == GONE


def test_does_not_understand_run_uuid_when_deleting(api, run):
    answer = api.post("runs/delete-tag", run_uuid=run.eid, key="mlflow.runName")

    assert refused(answer) == INVALID
