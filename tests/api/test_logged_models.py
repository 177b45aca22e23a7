import pytest

from tests import make
from tests.api.words import GONE, INVALID, kv, refused
from tracker import lifecycle
from tracker.models import LoggedModel


@pytest.fixture
def model(api, experiment):
    _, body = create(api, name="clf", params=kv(C="1"), tags=kv(team="x"))
    return body["model"]["info"]["model_id"]


def create(api, **fields):
    return api.post("logged-models", **{"experiment_id": "1"} | fields)


def info(api, model):
    return api.get(f"logged-models/{model}")[1]["model"]["info"]


def test_answers_the_whole_model(api, experiment):
    run = make.candidate(experiment)

    status, body = create(
        api,
        name="clf",
        model_type="Agent",
        source_run_id=run.eid,
        params=kv(C="1"),
        tags=kv(team="x"),
    )

    made = LoggedModel.objects.get()
    assert status == 200
    assert body["model"] == {
        "info": {
            "model_id": made.eid,
            "experiment_id": "1",
            "name": "clf",
            "creation_timestamp_ms": made.created_ms,
            "last_updated_timestamp_ms": made.created_ms,
            "artifact_uri": f"mlflow-artifacts:/1/models/{made.eid}/artifacts",
            "status": "LOGGED_MODEL_PENDING",
            "status_message": "",
            "model_type": "Agent",
            "source_run_id": run.eid,
            "tags": kv(team="x"),
        },
        "data": {"params": kv(C="1")},
    }
    assert made.eid.startswith("m-") and len(made.eid) == 34
    assert api.get(f"logged-models/{made.eid}")[1] == body


def test_invents_a_name_and_leaves_the_rest_empty(api, experiment):
    made = create(api)[1]["model"]["info"]

    assert len(made["name"].split("-")) == 3
    assert (made["model_type"], made["source_run_id"]) == ("", "")


def test_keeps_files_where_the_experiment_says(api):
    api.post("experiments/create", name="a", artifact_location="s3://b/x")

    made = create(api)[1]["model"]["info"]

    assert made["artifact_uri"] == f"s3://b/x/models/{made['model_id']}/artifacts"


def test_lets_models_share_a_name(api, model):
    assert create(api, name="clf")[0] == 200


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"experiment_id": "99"}, GONE),
        ({"experiment_id": None}, INVALID),
        ({"experiment_id": 1}, INVALID),
        ({"name": "a/b"}, INVALID),
        ({"name": "a:b"}, INVALID),
        ({"name": "a.b"}, INVALID),
        ({"name": "a%b"}, INVALID),
        ({"name": 'a"b'}, INVALID),
        ({"name": "a'b"}, INVALID),
        ({"name": "n" * 501}, INVALID),
        ({"model_type": "t" * 501}, INVALID),
        ({"source_run_id": "r" * 257}, INVALID),
        ({"params": kv(C="1") + kv(C="1")}, INVALID),
        ({"params": [{"key": ""}]}, INVALID),
        ({"tags": [{"key": "../k"}]}, INVALID),
        ({"tags": kv(k="v" * 100_001)}, INVALID),
    ],
)
def test_refuses_what_cannot_be_kept(api, experiment, fields, expected):
    assert refused(create(api, **fields)) == expected
    assert not LoggedModel.objects.exists()


def test_refuses_a_deleted_experiment(api, experiment):
    lifecycle.delete_experiment(experiment)

    assert refused(create(api)) == INVALID


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("LOGGED_MODEL_READY", "LOGGED_MODEL_READY"),
        (2, "LOGGED_MODEL_READY"),
        ("LOGGED_MODEL_UPLOAD_FAILED", "LOGGED_MODEL_UPLOAD_FAILED"),
        (1, "LOGGED_MODEL_PENDING"),
    ],
)
def test_finishes_a_model(api, model, status, name):
    answer = api.patch(f"logged-models/{model}", model_id=model, status=status)

    assert answer[0] == 200
    assert answer[1]["model"]["info"]["status"] == name
    assert info(api, model)["status"] == name


@pytest.mark.parametrize(
    "fields",
    [
        {"status": None},
        {"status": "READY"},
        {"status": 0},
        {"status": 9},
        {"model_id": None},
        {"model_id": "m-other"},
    ],
)
def test_refuses_to_finish_it_otherwise(api, model, fields):
    asked = {"model_id": model, "status": "LOGGED_MODEL_READY"} | fields

    answer = api.patch(f"logged-models/{model}", **asked)

    assert refused(answer) == INVALID
    assert info(api, model)["status"] == "LOGGED_MODEL_PENDING"


def test_hides_a_deleted_model_from_who_does_not_ask(api, model):
    for _ in range(2):
        assert api.send("DELETE", f"logged-models/{model}", "", "") == (200, {})

    assert refused(api.get(f"logged-models/{model}")) == GONE
    status, _ = api.get(f"logged-models/{model}", allow_deleted="true")
    assert status == 200


def test_sets_and_deletes_tags(api, model):
    tags = f"logged-models/{model}/tags"

    assert api.patch(tags, tags=kv(team="y", **{"a/b": "z"})) == (200, {})
    assert info(api, model)["tags"] == [*kv(**{"a/b": "z"}), *kv(team="y")]

    # No body, no content type; a key may hold slashes.
    assert api.send("DELETE", f"{tags}/a/b", "", "") == (200, {})
    assert info(api, model)["tags"] == kv(team="y")
    assert refused(api.delete(f"{tags}/a/b")) == GONE


@pytest.mark.parametrize(
    "tags", ["x", [{"key": ""}], [{"key": "k", "value": 5}], kv(k="v" * 100_001)]
)
def test_refuses_tags_that_cannot_be_kept(api, model, tags):
    assert refused(api.patch(f"logged-models/{model}/tags", tags=tags)) == INVALID


def test_writes_params_once(api, model):
    route = f"logged-models/{model}/params"
    assert api.post(route, model_id=model, params=kv(D="v" * 6001)) == (200, {})

    again = api.post(route, model_id=model, params=kv(E="1", C="1"))

    assert refused(again) == INVALID
    _, body = api.get(f"logged-models/{model}")
    assert body["model"]["data"]["params"] == kv(C="1", D="v" * 6000)


@pytest.mark.parametrize("wanted", [None, "", "m-other"])
def test_wants_the_id_in_the_body_too(api, model, wanted):
    answer = api.post(f"logged-models/{model}/params", model_id=wanted, params=[])

    assert refused(answer) == INVALID


def test_does_not_find_another_model(api):
    nobody = "logged-models/m-nobody"

    assert refused(api.get(nobody)) == GONE
    assert refused(api.delete(nobody)) == GONE
    assert refused(api.delete(f"{nobody}/tags/k")) == GONE
    assert refused(api.patch(f"{nobody}/tags", tags=[])) == GONE
    assert refused(api.post(f"{nobody}/params", model_id="m-nobody")) == GONE
    asked = {"model_id": "m-nobody", "status": "LOGGED_MODEL_READY"}
    assert refused(api.patch(nobody, **asked)) == GONE


def test_costs_few_statements(api, model, django_assert_num_queries):
    # model with experiment, experiment's number, tags, params, metrics
    with django_assert_num_queries(5):
        api.get(f"logged-models/{model}")
