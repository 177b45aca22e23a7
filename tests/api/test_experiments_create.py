import pytest

from tests import make
from tests.api.words import EXISTS, INVALID, kv, refused
from tracker import lifecycle
from tracker.models import Experiment

LONG_KEY = "k" * 251


def test_numbers_experiments_within_the_project(api):
    first = api.post("experiments/create", name="a")
    second = api.post("experiments/create", name="b", tags=kv(team="growth"))

    assert first == (200, {"experiment_id": "1"})
    assert second == (200, {"experiment_id": "2"})
    _, body = api.get("experiments/get", experiment_id="2")
    assert body["experiment"]["tags"] == kv(team="growth")


@pytest.mark.parametrize(
    "name",
    [
        "наука",
        "a/b: c",
        "line\nbreak",
        "\u202eright to left",
        "🔬",
        "  spaced  ",
        "\x01",
    ],
)
def test_keeps_a_name_exactly(api, name):
    _, made = api.post("experiments/create", name=name)

    _, body = api.get("experiments/get-by-name", experiment_name=name)

    assert body["experiment"]["name"] == name
    assert body["experiment"]["experiment_id"] == made["experiment_id"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": None},
        {"name": 5},
        {"name": ["a"]},
        {"name": {"a": 1}},
        {"name": True},
        {"name": "n" * 501},
        {"name": "n", "tags": {}},
        {"name": "n", "tags": [1]},
        {"name": "n", "tags": [None]},
        {"name": "n", "tags": [[]]},
        {"name": "n", "tags": [{"key": 1}]},
        {"name": "n", "tags": [{"key": "k", "value": 1}]},
        {"name": "n", "tags": [{"key": LONG_KEY}]},
        {"name": "n", "tags": [{"key": "../k"}]},
        {"name": "n", "tags": [{"key": "k", "value": "v" * 20_001}]},
    ],
)
def test_refuses_what_cannot_be_kept(api, fields):
    assert refused(api.post("experiments/create", **fields)) == INVALID
    assert not Experiment.objects.exclude(iid=0).exists()


def test_refuses_a_name_that_is_taken(api):
    api.post("experiments/create", name="a")

    assert refused(api.post("experiments/create", name="a")) == EXISTS


def test_refuses_the_name_of_a_deleted_experiment(api, experiment):
    lifecycle.delete_experiment(experiment)

    assert refused(api.post("experiments/create", name=experiment.name)) == EXISTS


def test_lets_two_projects_use_one_name(api, vision):
    make.experiment(vision, "a")

    assert api.post("experiments/create", name="a") == (200, {"experiment_id": "1"})


@pytest.mark.parametrize(
    ("location", "root"),
    [
        ("", "mlflow-artifacts:/1"),
        ("mlflow-artifacts:/", "mlflow-artifacts:/1"),
        ("mlflow-artifacts:/team/a", "mlflow-artifacts:/team/a"),
        ("s3://bucket/path", "s3://bucket/path"),
        ("gs://bucket/path/", "gs://bucket/path"),
        ("wasbs://c@a.blob.core.windows.net/x", "wasbs://c@a.blob.core.windows.net/x"),
        ("abfss://c@a.dfs.core.windows.net/x", "abfss://c@a.dfs.core.windows.net/x"),
        ("hdfs://namenode:8020/x", "hdfs://namenode:8020/x"),
        ("dbfs:/x", "dbfs:/x"),
    ],
)
def test_gives_runs_an_address_below_the_experiments(api, location, root):
    _, made = api.post("experiments/create", name="a", artifact_location=location)

    _, body = api.post("runs/create", experiment_id=made["experiment_id"])

    info = body["run"]["info"]
    assert info["artifact_uri"] == f"{root}/{info['run_id']}/artifacts"


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc",
        "file:/etc",
        "file://localhost/etc",
        "FILE:///etc",
        "file:///%65tc",
        "/etc",
        "etc",
        "../../etc",
        "./../../etc",
        "mlflow-artifacts:/../../etc",
        "mlflow-artifacts:/%2e%2e/etc",
        "mlflow-artifacts:/%252e%252e/etc",
        "mlflow-artifacts:/..;/etc",
        "mlflow-artifacts://host/x",
        "mlflow-artifacts:/" + "x" * 600,
        "http:///#/../../etc",
        "http:///?/../../etc",
        "http://169.254.169.254/latest",
        "https://example.com/x",
        "s3://b/../../etc",
        "s3://b/%2e%2e/etc",
        "s3://b/x?versionId=1",
        "s3://b/x#y",
        "s3:/x",
        "s3://",
        "s3://b/x\\y",
        "s3://b/x y",
        "s3://b/%00",
        "//host/share",
        "\\\\host\\share",
        "C:\\x",
        "s3://[/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "gopher://x/y",
        "runs:/0123/x",
        "models:/m/1",
        "s3://b/" + "x" * 5000,
    ],
)
def test_refuses_a_location_that_could_be_somebodys_file(api, location):
    answer = api.post("experiments/create", name="a", artifact_location=location)

    assert refused(answer) == INVALID
    assert not Experiment.objects.exclude(iid=0).exists()
