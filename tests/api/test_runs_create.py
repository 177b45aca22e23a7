import pytest

from tests.api.words import GONE, INVALID, kv, refused
from tracker import lifecycle
from tracker.models import Candidate, CIBuild


def create(api, **fields):
    return api.post("runs/create", **{"experiment_id": "1"} | fields)


def test_answers_the_whole_run(api, experiment):
    status, body = create(
        api,
        user_id="ann",
        run_name="bold-fox",
        start_time=456,
        tags=kv(my="tag"),
    )

    info = body["run"]["info"]
    assert status == 200
    assert info == {
        "run_id": info["run_id"],
        "run_uuid": info["run_id"],
        "run_name": "bold-fox",
        "experiment_id": "1",
        "user_id": "ann",
        "status": "RUNNING",
        "start_time": 456,
        "artifact_uri": f"mlflow-artifacts:/1/{info['run_id']}/artifacts",
        "lifecycle_stage": "active",
    }
    assert body["run"]["data"] == {
        "tags": [
            {"key": "mlflow.runName", "value": "bold-fox"},
            {"key": "my", "value": "tag"},
        ]
    }
    assert (body["run"]["inputs"], body["run"]["outputs"]) == ({}, {})
    assert api.get("runs/get", run_id=info["run_id"])[1] == body


def test_numbers_runs_for_people_and_names_them_for_machines(api, experiment):
    ids = [create(api)[1]["run"]["info"]["run_id"] for _ in range(3)]

    made = Candidate.objects.filter(eid__in=ids).order_by("iid")
    assert [one.eid for one in made] == ids == sorted(ids)
    assert all(len(one) == 32 and int(one, 16) for one in ids)


def test_logs_into_the_default_experiment_where_none_is_named(api):
    _, body = api.post("runs/create")

    assert body["run"]["info"]["experiment_id"] == "0"


def test_invents_a_name_and_starts_now(api, experiment):
    before = lifecycle.now_ms()

    info = create(api)[1]["run"]["info"]

    assert len(info["run_name"].split("-")) == 3
    assert before <= info["start_time"] <= lifecycle.now_ms()
    assert info["user_id"] == ""


def test_takes_the_name_from_the_tag(api, experiment):
    _, body = create(api, tags=kv(**{"mlflow.runName": "from the tag"}))

    assert body["run"]["info"]["run_name"] == "from the tag"


def test_accepts_a_name_that_the_tag_repeats(api, experiment):
    _, body = create(api, run_name="a", tags=kv(**{"mlflow.runName": "a"}))

    assert body["run"]["info"]["run_name"] == "a"


def test_refuses_a_name_that_the_tag_contradicts(api, experiment):
    answer = create(api, run_name="a", tags=kv(**{"mlflow.runName": "b"}))

    assert refused(answer) == INVALID
    assert not Candidate.objects.exists()


def test_remembers_the_parent(api, experiment):
    parent = create(api)[1]["run"]["info"]["run_id"]

    child = create(api, tags=kv(**{"mlflow.parentRunId": parent}))[1]["run"]["info"]

    assert Candidate.objects.get(eid=child["run_id"]).parent_eid == parent


def test_takes_the_last_of_two_tags_with_one_key(api, experiment):
    _, body = create(api, run_name="a", tags=kv(k="1") + kv(k="2"))

    assert kv(k="2")[0] in body["run"]["data"]["tags"]


def test_cuts_a_long_tag(api, experiment):
    _, body = create(api, tags=kv(k="v" * 8001))

    tag = next(tag for tag in body["run"]["data"]["tags"] if tag["key"] == "k")
    assert tag["value"] == "v" * 8000


def test_recognises_the_ci_job(api, experiment):
    create(api, tags=kv(**{"gitlab.CI_JOB_ID": "77"}))

    assert CIBuild.objects.get().job_id == "77"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"experiment_id": "99"}, GONE),
        ({"experiment_id": "abc"}, INVALID),
        ({"experiment_id": 1}, INVALID),
        ({"start_time": "soon"}, INVALID),
        ({"start_time": 1.5}, INVALID),
        ({"start_time": 2**63}, INVALID),
        ({"start_time": 10**400}, INVALID),
        ({"run_name": "n" * 100_000}, INVALID),
        ({"run_name": 5}, INVALID),
        ({"user_id": "u" * 257}, INVALID),
        ({"tags": kv(**{f"k{n}": "" for n in range(1001)})}, INVALID),
        ({"tags": {"k": "v"}}, INVALID),
        ({"tags": [{"key": ""}]}, INVALID),
        ({"tags": [{"key": "a/../b"}]}, INVALID),
    ],
)
def test_refuses_what_cannot_be_kept(api, experiment, fields, expected):
    assert refused(create(api, **fields)) == expected
    assert not Candidate.objects.exists()


def test_refuses_a_deleted_experiment(api, experiment):
    lifecycle.delete_experiment(experiment)

    assert refused(create(api)) == INVALID


def test_costs_few_statements(api, experiment, django_assert_num_queries):
    create(api)

    # experiment, begin, number, run, tags, catalogue, commit; the catalogue would be
    # remembered, had it been committed
    with django_assert_num_queries(7):
        create(api, tags=kv(a="1", b="2"))


def test_begins_none_in_an_experiment_that_is_gone_a_moment_later(api, experiment):
    for _ in range(2):  # the second goes the short way, and finds it remembered
        assert api.post("runs/create", experiment_id=str(experiment.iid))[0] == 200
    api.post("experiments/delete", experiment_id=str(experiment.iid))

    status, body = api.post("runs/create", experiment_id=str(experiment.iid))

    assert (status, body["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert experiment.candidates.count() == 2

    api.post("experiments/restore", experiment_id=str(experiment.iid))
    assert api.post("runs/create", experiment_id=str(experiment.iid))[0] == 200
