import json

import pytest

from tests import make
from tests.api.words import EXISTS, GONE, INVALID, kv, refused
from tracker import lifecycle, logged_models, registry
from tracker.models import ModelVersion

VERSION = "model-versions"


@pytest.fixture
def churn(experiment):
    return make.registered_model(lifecycle.default_project(), "churn")


@pytest.fixture
def run(experiment):
    return make.candidate(experiment)


@pytest.fixture
def model(experiment, run):
    return make.logged_model(experiment, name="clf", source_run_id=run.eid)


def create(api, **fields):
    asked = {"name": "churn", "source": "s3://bucket/path"} | fields
    return api.post(f"{VERSION}/create", **asked)


def created(api, **fields):
    status, body = create(api, **fields)
    assert status == 200, body
    return body["model_version"]


def get(api, version="1", name="churn"):
    status, body = api.get(f"{VERSION}/get", name=name, version=version)
    assert status == 200, body
    return body["model_version"]


def download_uri(api, version="1", name="churn"):
    query = {"name": name, "version": version}
    return api.get(f"{VERSION}/get-download-uri", **query)[1]["artifact_uri"]


def registered(api):
    return api.get("registered-models/get", name="churn")[1]["registered_model"]


def test_makes_a_version_that_is_ready(api, churn):
    status, body = create(
        api,
        run_id="4bc7",
        run_link="http://ci/1",
        description="the first",
        tags=kv(b="2", a="1"),
    )

    row = ModelVersion.objects.get()
    assert status == 200
    assert body["model_version"] == {
        "name": "churn",
        "version": "1",
        "creation_timestamp": row.created_ms,
        "last_updated_timestamp": row.created_ms,
        "user_id": "",
        "current_stage": "None",
        "description": "the first",
        "source": "s3://bucket/path",
        "run_id": "4bc7",
        "run_link": "http://ci/1",
        "status": "READY",
        "tags": kv(a="1", b="2"),
    }
    assert get(api) == body["model_version"]
    assert registered(api)["last_updated_timestamp"] == row.created_ms


def test_gives_empty_texts_for_what_is_not_said(api, churn):
    made = created(api)

    assert [made[name] for name in ("description", "run_id", "run_link")] == [""] * 3
    assert made.keys().isdisjoint({"tags", "aliases", "model_id"})


def test_gives_no_number_twice(api, churn):
    assert [created(api)["version"] for _ in range(2)] == ["1", "2"]

    api.delete(f"{VERSION}/delete", name="churn", version="2")

    assert created(api)["version"] == "3"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": None}, INVALID),
        ({"name": "nobody"}, GONE),
        ({"source": None}, INVALID),
        ({"source": ""}, INVALID),
        ({"source": 5}, INVALID),
        ({"model_id": "m-nobody"}, GONE),
        ({"run_id": 5}, INVALID),
        ({"run_id": "r" * 257}, INVALID),
        ({"run_link": "l" * 2049}, INVALID),
        ({"tags": kv(k="v" * 100_001)}, INVALID),
        ({"tags": [{"key": "../k"}]}, INVALID),
    ],
)
def test_refuses_what_is_no_version(api, churn, fields, expected):
    assert refused(create(api, **fields)) == expected
    assert not ModelVersion.objects.exists()
    assert created(api)["version"] == "1"


# ---------------------------------------------------------------- where it comes from


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
            if tag["key"] == registry.VERSIONS_OF_MODEL
        )

    source = {"source": f"models:/{model.eid}", "model_id": model.eid}
    created(api, **source)
    assert told() == [{"name": "churn", "version": 1}]

    # The client writes a list of its own; whatever it holds is no obstacle.
    logged_models.set_tags(model, {registry.VERSIONS_OF_MODEL: "no JSON"})
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
    prompt = kv(**{registry.IS_PROMPT: "true"})

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


# ---------------------------------------------------------------- get, update, delete


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"version": "2"}, GONE),
        ({"version": "0"}, GONE),
        ({"version": "-1"}, GONE),
        ({"version": "9" * 30}, GONE),
        ({"version": "x"}, INVALID),
        ({"version": "1.0"}, INVALID),
        ({"version": "１"}, INVALID),
        ({"version": ""}, INVALID),
        ({"name": "nobody"}, GONE),
        ({"name": ""}, INVALID),
    ],
)
@pytest.mark.parametrize("route", ["get", "get-download-uri"])
def test_knows_only_numbers_that_were_given(api, churn, route, query, expected):
    make.version(churn)

    answer = api.get(f"{VERSION}/{route}", **{"name": "churn", "version": "1"} | query)

    assert refused(answer) == expected


def test_says_which_version_is_not_there(api, churn):
    asked = {"name": "churn", "version": "7"}
    assert api.get(f"{VERSION}/get", **asked)[1]["message"] == (
        "Model Version (name=churn, version=7) not found"
    )
    asked["version"] = "x"
    assert api.get(f"{VERSION}/get", **asked)[1]["message"] == (
        "Parameter 'version' must be an integer, got 'x'."
    )


def test_describes_a_version(api, churn):
    made = make.version(churn, description="old")
    lifecycle.now_ms()

    status, body = api.patch(
        f"{VERSION}/update", name="churn", version="1", description="new"
    )

    assert (status, body["model_version"]["description"]) == (200, "new")
    assert body["model_version"]["last_updated_timestamp"] >= made.updated_ms
    # Without one it is cleared, as in MLflow.
    _, body = api.patch(f"{VERSION}/update", name="churn", version="1")
    assert body["model_version"]["description"] == "" == get(api)["description"]
    assert registered(api)["last_updated_timestamp"] == made.updated_ms


def test_deletes_a_version_for_good(api, churn):
    make.version(churn, tags={"k": "1"})
    asked = {"name": "churn", "version": "1"}

    assert api.delete(f"{VERSION}/delete", **asked) == (200, {})

    assert refused(api.get(f"{VERSION}/get", **asked)) == GONE
    assert refused(api.delete(f"{VERSION}/delete", **asked)) == GONE
    assert "latest_versions" not in registered(api)


@pytest.mark.parametrize(
    ("method", "route", "more"),
    [
        ("PATCH", "update", {"description": "d"}),
        ("DELETE", "delete", {}),
        ("POST", "transition-stage", {"stage": "Staging"}),
        ("POST", "set-tag", {"key": "k", "value": "v"}),
        ("DELETE", "delete-tag", {"key": "k"}),
    ],
)
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"version": "99"}, GONE),
        ({"version": "x"}, INVALID),
        ({"version": 1}, INVALID),
        ({"version": None}, INVALID),
        ({"name": "nobody"}, GONE),
        ({"name": None}, INVALID),
    ],
)
def test_changes_no_other(api, churn, method, route, more, fields, expected):
    make.version(churn)
    asked = {"name": "churn", "version": "1"} | more | fields

    answer = api.send(method, f"{VERSION}/{route}", json.dumps(asked))

    assert refused(answer) == expected


# ---------------------------------------------------------------- stages


def move(api, version="1", stage="Staging", **fields):
    asked = {"name": "churn", "version": version, "stage": stage}
    return api.post(f"{VERSION}/transition-stage", **asked, **fields)


@pytest.mark.parametrize("stage", ["None", "Staging", "Production", "Archived"])
@pytest.mark.parametrize("said", [str, str.lower, str.upper])
def test_moves_a_version(api, churn, stage, said):
    make.version(churn)

    status, body = move(api, stage=said(stage))

    assert (status, body["model_version"]["current_stage"]) == (200, stage)
    updated = body["model_version"]["last_updated_timestamp"]
    assert registered(api)["last_updated_timestamp"] == updated


def test_archives_the_others_of_a_stage_when_asked(api, churn):
    for _ in range(4):
        make.version(churn)
    for version in "12":
        move(api, version, "Production")
    move(api, "3", "Staging")

    move(api, "4", "Production")
    assert [get(api, v)["current_stage"] for v in "1234"] == [
        *("Production", "Production", "Staging", "Production"),
    ]

    move(api, "4", "production", archive_existing_versions=True)
    assert [get(api, v)["current_stage"] for v in "1234"] == [
        *("Archived", "Archived", "Staging", "Production"),
    ]
    assert (
        get(api, "1")["last_updated_timestamp"]
        == (get(api, "4")["last_updated_timestamp"])
    )


@pytest.mark.parametrize(
    ("stage", "fields"),
    [
        ("bogus", {}),
        ("", {}),
        (None, {}),
        ("None", {"archive_existing_versions": True}),
        ("Archived", {"archive_existing_versions": True}),
        ("Staging", {"archive_existing_versions": "yes"}),
    ],
)
def test_refuses_a_stage(api, churn, stage, fields):
    make.version(churn)

    assert refused(move(api, stage=stage, **fields)) == INVALID
    assert get(api)["current_stage"] == "None"


# ---------------------------------------------------------------- tags


def test_sets_and_deletes_tags(api, churn):
    made = make.version(churn)
    asked = {"name": "churn", "version": "1"}
    for value in ("1", "2"):
        answer = api.post(f"{VERSION}/set-tag", **asked, key="a/b", value=value)
        assert answer == (200, {})
    assert api.post(f"{VERSION}/set-tag", **asked, key="empty") == (200, {})
    assert get(api)["tags"] == [*kv(**{"a/b": "2"}), *kv(empty="")]

    for _ in range(2):  # one that is not there is gone already
        answer = api.delete(f"{VERSION}/delete-tag", **asked, key="empty")
        assert answer == (200, {})
    assert get(api)["tags"] == kv(**{"a/b": "2"})
    assert get(api)["last_updated_timestamp"] == made.updated_ms


@pytest.mark.parametrize(
    "fields",
    [
        {"key": None},
        {"key": ""},
        {"key": "/k"},
        {"key": "k" * 251},
        {"value": "v" * 100_001},
        {"value": 5},
    ],
)
def test_refuses_tags_that_cannot_be_kept(api, churn, fields):
    make.version(churn)
    asked = {"name": "churn", "version": "1", "key": "k", "value": "v"} | fields

    assert refused(api.post(f"{VERSION}/set-tag", **asked)) == INVALID
    assert "tags" not in get(api)


# ---------------------------------------------------------------- search


def found(api, **query):
    status, body = api.get(f"{VERSION}/search", **query)
    assert status == 200, body
    return [one["version"] for one in body.get("model_versions", [])], body


def test_searches(api, churn):
    for number in range(3):
        made = make.version(churn, run_id=f"r{number}", tags={"n": str(number)})
    registry.set_alias(made, "champion")

    versions, body = found(api, filter="name = 'churn'", order_by="version_number ASC")
    assert versions == ["1", "2", "3"]
    assert body["model_versions"][2] == get(api, "3")
    assert body["model_versions"][2]["aliases"] == ["champion"]
    assert found(api, filter="run_id IN ('r0', 'r2')")[0] == ["3", "1"]
    assert found(api, filter="tags.n = '1'")[0] == ["2"]
    assert found(api, filter="name = 'x'") == ([], {})


def test_pages(api, churn):
    for _ in range(5):
        make.version(churn)
    versions, query = [], {"max_results": "2"}

    while True:
        page, body = found(api, **query)
        versions += page
        if not (token := body.get("next_page_token")):
            break
        query["page_token"] = token

    assert versions == ["5", "4", "3", "2", "1"]


@pytest.mark.parametrize(
    "query",
    [
        {"max_results": "0"},
        {"max_results": "-1"},
        {"max_results": "200001"},
        {"max_results": "x"},
        {"page_token": "x"},
        {"filter": "version = 1"},
        {"filter": "run_id IN ()"},
        {"order_by": "version"},
    ],
)
def test_refuses_a_search(api, query):
    assert refused(api.get(f"{VERSION}/search", **query)) == INVALID


def test_costs_the_same_for_one_or_many(api, churn, django_assert_num_queries):
    for number in range(20):
        registry.set_alias(make.version(churn, tags={"b": "1"}), f"a{number}")
    found(api)  # the project is known from now on

    # versions with their model, tags, aliases
    for limit in ("1", "100"):
        with django_assert_num_queries(3):
            found(api, max_results=limit)
