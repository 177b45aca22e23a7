"""Where a version's files come from: stores, runs, logged models, other versions."""

import json

import pytest

from tests import make
from tests.api.versions import VERSION, create, created, download_uri, get
from tests.api.words import EXISTS, GONE, INVALID, kv, refused
from tracker import logged_models, new_versions, registry
from tracker.models import ModelVersion


@pytest.mark.parametrize(
    "source",
    [
        "s3://bucket/path/model",
        "gs://bucket/a b",
        "gs://bucket/a%20b",
        "dbfs:/models/1",
        "hdfs://host/models/1",
        "abfss://fs@account/x",
    ],
)
def test_keeps_an_address_in_an_object_store(api, churn, source):
    assert created(api, source=source)["source"] == source
    assert download_uri(api) == source


@pytest.mark.parametrize(
    "source",
    [
        "/etc",
        "path/to/model",
        "dummy-source",
        "file:///etc",
        "file:/etc",
        "FILE:///etc",
        "http://host/model",
        "https://host/model",
        "ftp://host/model",
        "data:,x",
        "weird:/x",
        "C:/x",
        "s3://bucket/../x",
        "s3://bucket/%2e%2e/x",
        "s3://bucket/%252e%252e/x",
        "s3://bucket/./x",
        "s3://bucket/a?b=c",
        "s3://bucket/a#b",
        "s3:/bucket/a",
        "s3://bucket/a\nb",
        "s3://" + "b" * 2048,
        "mlflow-artifacts:/1/unknown/artifacts",
        "mlflow-artifacts://host/1/r/artifacts",
        "runs:/r/../s",
        "runs:/",
        "runs:",
        "models:/",
        "models:/m-123",
        "models:/churn",
        "models:/churn/1/x",
        "models:/a/../b",
    ],
)
def test_refuses_an_address_of_elsewhere(api, churn, source):
    make.version(churn)

    assert refused(create(api, source=source)) == INVALID
    assert refused(create(api, source=source, run_id="x")) == INVALID
    assert ModelVersion.objects.count() == 1


def test_takes_files_of_the_run_it_names(api, churn, run):
    for source in (
        f"runs:/{run.eid}/model",
        f"runs:/{run.eid}",
        run.artifact_uri,
        f"{run.artifact_uri}/model",
    ):
        assert created(api, source=source, run_id=run.eid)["source"] == source
        assert refused(create(api, source=source)) == INVALID
        assert refused(create(api, source=source, run_id="4bc7")) == INVALID
    assert download_uri(api) == f"runs:/{run.eid}/model"


def test_takes_no_other_place_that_begins_like_the_run(api, churn, run):
    for source in (
        f"{run.artifact_uri}x/model",
        run.artifact_uri.replace(run.eid, "0" * 32),
        f"mlflow-artifacts:/1/{'0' * 32}/artifacts/{run.eid}/artifacts",
    ):
        assert refused(create(api, source=source, run_id=run.eid)) == INVALID


def test_takes_a_run_that_nobody_knows(api, churn):
    # The reference does too: the run may be on another server.
    assert created(api, source="runs:/4bc7/m", run_id="4bc7")["run_id"] == "4bc7"


def test_takes_a_logged_model_and_its_run(api, churn, model, run):
    made = created(api, source=f"models:/{model.eid}", model_id=model.eid)

    assert (made["run_id"], made["model_id"]) == (run.eid, model.eid)
    assert download_uri(api) == model.artifact_uri
    inside = created(api, source=f"{model.artifact_uri}/x", model_id=model.eid)
    assert inside["run_id"] == run.eid
    said = created(
        api, source=f"models:/{model.eid}", model_id=model.eid, run_id="4bc7"
    )
    assert said["run_id"] == "4bc7"


def test_wants_the_logged_model_named_twice(api, churn, model, experiment):
    other = make.logged_model(experiment)

    for more in ({}, {"model_id": other.eid}):
        for source in (f"models:/{model.eid}", model.artifact_uri):
            assert refused(create(api, source=source, **more)) == INVALID


def test_does_not_know_a_deleted_model(api, churn, model):
    logged_models.delete(model)

    answer = create(api, source=f"models:/{model.eid}", model_id=model.eid)

    assert refused(answer) == GONE


def test_does_not_know_models_and_versions_of_another_project(api, churn, vision):
    theirs = make.logged_model(make.experiment(vision))
    make.version(make.registered_model(vision, "theirs"))

    model = create(api, source=f"models:/{theirs.eid}", model_id=theirs.eid)
    version = create(api, source="models:/theirs/1")

    assert refused(model) == refused(version) == GONE


def test_tells_the_logged_model(api, churn, model):
    def told():
        tags = api.get(f"logged-models/{model.eid}")[1]["model"]["info"]["tags"]
        return next(
            json.loads(tag["value"])
            for tag in tags
            if tag["key"] == new_versions.VERSIONS_OF_MODEL
        )

    source = {"source": f"models:/{model.eid}", "model_id": model.eid}
    created(api, **source)
    assert told() == [{"name": "churn", "version": 1}]

    # The client writes a list of its own; whatever it holds is no obstacle.
    logged_models.set_tags(model, {new_versions.VERSIONS_OF_MODEL: "no JSON"})
    created(api, **source)
    assert told() == [{"name": "churn", "version": 2}]


# ---------------------------------------------------------------- copies


@pytest.fixture
def origin(churn, model):
    """Version 1 of churn, in Staging and the champion, made from a logged model."""
    made = make.version(churn, f"models:/{model.eid}", model_id=model.eid)
    registry.set_alias(made, "champion")
    make.registered_model(churn.project, "copies")
    return registry.move(made, registry.Stage.STAGING)


@pytest.mark.parametrize(
    "source",
    [
        "models:/churn/1",
        "models:/churn/Staging",
        "models:/churn/latest",
        "models:/churn@champion",
        "models:/churn@latest",
    ],
)
def test_copies_a_version_with_its_lineage(api, origin, model, run, source):
    copy = created(api, name="copies", source=source)

    assert copy["source"] == "models:/churn/1"
    assert (copy["name"], copy["version"]) == ("copies", "1")
    assert (copy["run_id"], copy["model_id"]) == (run.eid, model.eid)
    assert copy["current_stage"] == "None"
    assert download_uri(api, name="copies") == model.artifact_uri


def test_finds_the_files_of_a_copy_when_the_original_is_gone(api, origin, model):
    created(api, name="copies", source="models:/churn/1")
    created(api, name="copies", source="models:/copies/1")
    api.delete("registered-models/delete", name="churn")

    for version in ("1", "2"):
        assert download_uri(api, version, "copies") == model.artifact_uri


def test_lets_a_copy_repeat_its_lineage_and_not_change_it(api, origin, model, run):
    source = {"name": "copies", "source": "models:/churn/1"}

    assert create(api, **source, run_id=run.eid, model_id=model.eid)[0] == 200
    assert refused(create(api, **source, run_id="4bc7")) == INVALID
    assert refused(create(api, **source, model_id="m-1")) == INVALID


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("models:/churn/99", GONE),
        ("models:/nobody/1", GONE),
        ("models:/churn/Production", GONE),
        ("models:/churn/bogus", INVALID),
        ("models:/churn@nobody", INVALID),
        ("models:/copies/latest", GONE),
    ],
)
def test_refuses_to_copy_what_is_not_there(api, origin, source, expected):
    assert refused(create(api, source=source)) == expected


# ---------------------------------------------------------------- prompts


def test_takes_a_word_for_the_files_of_a_prompt(api, churn):
    prompt = kv(**{new_versions.IS_PROMPT: "true"})

    assert created(api, source="dummy-source", tags=prompt)["source"] == "dummy-source"
    for source in ("file:///etc", "/etc", "a/b", "..", "http://x"):
        assert refused(create(api, source=source, tags=prompt)) == INVALID


# ---------------------------------------------------------------- GitLab's versions


def test_finds_a_semantic_version_as_an_alias(api, churn):
    created(api, tags=kv(**{"gitlab.version": "1.0.0"}))
    created(api, tags=kv(**{"gitlab.version": "2.0.0-rc.1+5"}))

    for text, version in (("1.0.0", "1"), ("2.0.0-rc.1+5", "2")):
        _, body = api.get("registered-models/alias", name="churn", alias=text)
        assert body["model_version"]["version"] == version
    answer = api.get("registered-models/alias", name="churn", alias="3.0.0")
    assert refused(answer) == INVALID


def test_names_a_semantic_version_as_gitlab_does(api, churn):
    made = created(api, tags=kv(**{"gitlab.version": "1.0.0"}))
    registry.set_alias(registry.version(churn.project, "churn", 1), "champion")

    assert made["aliases"] == ["1.0.0"]
    assert get(api, "1.0.0") == get(api, "1")
    assert get(api, "1")["aliases"] == ["champion", "1.0.0"]
    answer = api.get(f"{VERSION}/get", name="churn", version="2.0.0")
    assert refused(answer) == INVALID


def test_gives_a_version_of_gitlabs_a_run_to_log_to(api, churn):
    for semantic in ("1.0.0", "1.1.0"):
        tags = kv(**{"gitlab.version": semantic, "gitlab.CI_JOB_ID": "7"})
        made = created(api, source="", tags=tags)

        _, body = api.get("runs/get", run_id=made["run_id"])
        assert made["source"] == f"runs:/{made['run_id']}"
        assert body["run"]["info"]["run_name"] == semantic
        assert {"key": "gitlab.CI_JOB_ID", "value": "7"} in body["run"]["data"]["tags"]
    names = api.post("experiments/search", max_results=10)[1]["experiments"]
    assert [one["name"] for one in names].count("[model]churn") == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.0.0", EXISTS), ("1.0", INVALID), ("v1.0.0", INVALID), ("01.0.0", INVALID)],
)
def test_gives_a_semantic_version_once(api, churn, value, expected):
    created(api, tags=kv(**{"gitlab.version": "1.0.0"}))
    created(api)

    assert refused(create(api, tags=kv(**{"gitlab.version": value}))) == expected
    tag = {"name": "churn", "version": "2", "key": "gitlab.version", "value": value}
    assert refused(api.post(f"{VERSION}/set-tag", **tag)) == expected
    # Of another version's it may be; and of its own it is.
    tag["version"] = "1"
    if expected == EXISTS:
        assert api.post(f"{VERSION}/set-tag", **tag) == (200, {})
