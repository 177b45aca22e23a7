import pytest

from tests import make
from tests.api.words import EXISTS, GONE, INVALID, kv, refused
from tracker import lifecycle, new_versions, registry
from tracker.models import AuditEvent, ModelVersion, RegisteredModel, What

MODEL = "registered-models"


@pytest.fixture
def churn(experiment):
    return make.registered_model(lifecycle.default_project(), "churn")


def get(api, name="churn"):
    status, body = api.get(f"{MODEL}/get", name=name)
    assert status == 200, body
    return body["registered_model"]


def numbers(versions):
    return [(one["version"], one["current_stage"]) for one in versions]


def test_registers_a_name(api):
    status, body = api.post(
        f"{MODEL}/create", name="churn", description="who leaves", tags=kv(b="2", a="1")
    )

    row = RegisteredModel.objects.get()
    assert status == 200
    assert body["registered_model"] == {
        "name": "churn",
        "creation_timestamp": row.created_ms,
        "last_updated_timestamp": row.created_ms,
        "description": "who leaves",
        "tags": kv(a="1", b="2"),
    }
    assert get(api) == body["registered_model"]


def test_leaves_out_what_is_not_said(api):
    _, body = api.post(f"{MODEL}/create", name="a model, with (any) sign")

    assert body["registered_model"].keys() == {
        "name",
        "creation_timestamp",
        "last_updated_timestamp",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "churn"}, EXISTS),
        ({"name": None}, INVALID),
        ({"name": ""}, INVALID),
        ({"name": "  "}, INVALID),
        ({"name": 5}, INVALID),
        ({"name": "a/b"}, INVALID),
        ({"name": "a:b"}, INVALID),
        ({"name": "."}, INVALID),
        ({"name": ".."}, INVALID),
        ({"name": "n" * 257}, INVALID),
        ({"description": 5}, INVALID),
        ({"tags": [{"key": "", "value": "1"}]}, INVALID),
        ({"tags": kv(**{"../k": "1"})}, INVALID),
        ({"tags": kv(**{"k" * 251: "1"})}, INVALID),
        ({"tags": kv(k="v" * 100_001)}, INVALID),
    ],
)
def test_refuses_what_cannot_be_registered(api, churn, fields, expected):
    answer = api.post(f"{MODEL}/create", **{"name": "fraud"} | fields)

    assert refused(answer) == expected
    assert RegisteredModel.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("churn", "Registered Model (name=churn) already exists."),
        ("a/b", "Invalid model name 'a/b'. Names cannot contain '/' or ':'."),
        (" ", "Missing value for required parameter 'name'."),
        (
            5,
            "Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'.",
        ),
    ],
)
def test_says_what_is_wrong(api, churn, name, said):
    _, body = api.post(f"{MODEL}/create", name=name)

    assert body["message"].startswith(said)


def test_says_which_model_is_not_there(api):
    assert api.get(f"{MODEL}/get", name="nobody")[1]["message"] == (
        "Registered Model with name=nobody not found"
    )


def test_describes_a_model(api, churn):
    status, body = api.patch(f"{MODEL}/update", name="churn", description="new")
    assert (status, body["registered_model"]["description"]) == (200, "new")
    assert body["registered_model"]["last_updated_timestamp"] >= churn.updated_ms

    _, body = api.patch(f"{MODEL}/update", name="churn")
    assert "description" not in body["registered_model"] == get(api)


def test_renames_a_model_with_all_it_has(api, churn):
    for _ in range(2):
        version = make.version(churn)
    registry.set_alias(version, "champion")
    registry.set_tag(churn, "team", "growth")
    before = get(api)

    status, body = api.post(f"{MODEL}/rename", name="churn", new_name="leavers")

    assert status == 200
    renamed = body["registered_model"]
    assert renamed == get(api, "leavers")
    assert renamed["last_updated_timestamp"] >= before["last_updated_timestamp"]
    assert renamed["aliases"] == [{"alias": "champion", "version": "2"}]
    assert renamed["tags"] == kv(team="growth")
    assert [one["name"] for one in renamed["latest_versions"]] == ["leavers"]
    assert refused(api.get(f"{MODEL}/get", name="churn")) == GONE
    _, body = api.get("model-versions/get", name="leavers", version="1")
    updated = body["model_version"]["last_updated_timestamp"]
    assert updated == renamed["last_updated_timestamp"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"new_name": "fraud"}, EXISTS),
        ({"new_name": " "}, INVALID),
        ({"new_name": "a/b"}, INVALID),
        ({"new_name": None}, INVALID),
        ({"name": None}, INVALID),
        ({"name": "nobody"}, GONE),
    ],
)
def test_refuses_another_name(api, churn, fields, expected):
    make.registered_model(churn.project, "fraud")

    answer = api.post(f"{MODEL}/rename", **{"name": "churn", "new_name": "x"} | fields)

    assert refused(answer) == expected
    assert get(api)["name"] == "churn"


def test_keeps_its_own_name(api, churn):
    assert api.post(f"{MODEL}/rename", name="churn", new_name="churn")[0] == 200


def test_deletes_a_model_for_good(api, churn):
    registry.set_alias(make.version(churn, tags={"k": "1"}), "champion")

    # As the client does: a body, and no query.
    assert api.delete(f"{MODEL}/delete", name="churn") == (200, {})

    assert refused(api.delete(f"{MODEL}/delete", name="churn")) == GONE
    assert refused(api.get(f"{MODEL}/get", name="churn")) == GONE
    assert refused(api.get("model-versions/get", name="churn", version="1")) == GONE
    assert not ModelVersion.objects.exists()
    assert api.post(f"{MODEL}/create", name="churn")[0] == 200


def test_sets_and_deletes_tags(api, churn):
    updated = get(api)["last_updated_timestamp"]
    for value in ("1", "2"):
        answer = api.post(f"{MODEL}/set-tag", name="churn", key="a/b", value=value)
        assert answer == (200, {})
    assert api.post(f"{MODEL}/set-tag", name="churn", key="empty") == (200, {})
    assert get(api)["tags"] == [*kv(**{"a/b": "2"}), *kv(empty="")]

    for _ in range(2):  # one that is not there is gone already
        answer = api.delete(f"{MODEL}/delete-tag", name="churn", key="empty")
        assert answer == (200, {})
    assert get(api)["tags"] == kv(**{"a/b": "2"})
    assert get(api)["last_updated_timestamp"] == updated


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "nobody"}, GONE),
        ({"name": None}, INVALID),
        ({"key": None}, INVALID),
        ({"key": ""}, INVALID),
        ({"key": "/k"}, INVALID),
        ({"key": "k" * 251}, INVALID),
        ({"value": "v" * 100_001}, INVALID),
        ({"value": 5}, INVALID),
    ],
)
def test_refuses_tags_that_cannot_be_kept(api, churn, fields, expected):
    asked = {"name": "churn", "key": "k", "value": "v"} | fields

    assert refused(api.post(f"{MODEL}/set-tag", **asked)) == expected
    assert "tags" not in get(api)


def test_refuses_to_delete_a_tag_of_nobody(api):
    assert refused(api.delete(f"{MODEL}/delete-tag", name="x", key="k")) == GONE


# ---------------------------------------------------------------- the newest versions


@pytest.fixture
def staged(churn):
    """Versions 1 to 6, in every stage but Production."""
    stages = ["Staging", "Archived", "Staging", "None", "None", "Archived"]
    for stage in stages:
        registry.move(make.version(churn), registry.stage(stage))
    registry.set_alias(registry.version(churn.project, "churn", 3), "champion")
    return churn


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([], [("3", "Staging"), ("5", "None"), ("6", "Archived")]),
        (["Staging"], [("3", "Staging")]),
        (["staging", "NONE", "staging"], [("3", "Staging"), ("5", "None")]),
        (["Production"], []),
    ],
)
def test_finds_the_newest_of_each_stage(api, staged, stages, expected):
    route = f"{MODEL}/get-latest-versions"

    for status, body in (
        api.post(route, name="churn", stages=stages),
        api.get(route, name="churn", stages=stages),
    ):
        assert status == 200
        assert numbers(body.get("model_versions", [])) == expected
        assert all("aliases" not in one for one in body.get("model_versions", []))


def test_shows_them_with_the_model(api, staged):
    expected = [("3", "Staging"), ("5", "None"), ("6", "Archived")]
    assert numbers(get(api)["latest_versions"]) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"stages": ["bogus"]}, INVALID),
        ({"stages": "Staging"}, INVALID),
        ({"stages": [5]}, INVALID),
        ({"name": "nobody"}, GONE),
        ({"name": None}, INVALID),
    ],
)
def test_refuses_what_is_no_stage(api, staged, fields, expected):
    asked = {"name": "churn"} | fields
    assert refused(api.post(f"{MODEL}/get-latest-versions", **asked)) == expected


# ---------------------------------------------------------------- aliases


def alias(api, alias="champion", name="churn"):
    return api.get(f"{MODEL}/alias", name=name, alias=alias)


def test_points_an_alias_at_one_version_at_a_time(api, staged):
    for version in ("1", "2"):
        answer = api.post(
            f"{MODEL}/alias", name="churn", alias="champion", version=version
        )
        assert answer == (200, {})
        assert alias(api)[1]["model_version"]["version"] == version
    api.post(f"{MODEL}/alias", name="churn", alias="a-1_é", version="2")

    assert alias(api)[1]["model_version"]["aliases"] == ["a-1_é", "champion"]
    assert get(api)["aliases"] == [
        {"alias": "a-1_é", "version": "2"},
        {"alias": "champion", "version": "2"},
    ]


def test_takes_latest_for_the_newest(api, staged):
    assert alias(api, "Latest")[1]["model_version"]["version"] == "6"
    make.registered_model(staged.project, "empty")
    assert refused(alias(api, "latest", "empty")) == GONE


def test_deletes_an_alias(api, staged):
    for _ in range(2):  # one that is not there is gone already
        answer = api.delete(f"{MODEL}/alias", name="churn", alias="champion")
        assert answer == (200, {})

    # As MLflow: 400, where 404 would be expected.
    assert refused(alias(api)) == INVALID
    assert alias(api)[1]["message"] == "Registered model alias champion not found."
    assert "aliases" not in get(api)


def test_loses_an_alias_with_its_version(api, staged):
    api.delete("model-versions/delete", name="churn", version="3")

    assert refused(alias(api)) == INVALID
    assert "aliases" not in get(api)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"alias": "latest"}, INVALID),
        ({"alias": "LATEST"}, INVALID),
        ({"alias": "v1"}, INVALID),
        ({"alias": "V12"}, INVALID),
        ({"alias": "a b"}, INVALID),
        ({"alias": "a.b"}, INVALID),
        ({"alias": "a/b"}, INVALID),
        ({"alias": "a" * 256}, INVALID),
        ({"alias": ""}, INVALID),
        ({"alias": None}, INVALID),
        ({"version": "x"}, INVALID),
        ({"version": 1}, INVALID),
        ({"version": None}, INVALID),
        ({"version": "99"}, GONE),
        ({"name": "nobody"}, GONE),
    ],
)
def test_refuses_an_alias(api, staged, fields, expected):
    asked = {"name": "churn", "alias": "a", "version": "1"} | fields

    assert refused(api.post(f"{MODEL}/alias", **asked)) == expected
    assert len(get(api)["aliases"]) == 1


def test_does_not_know_aliases_of_nobody(api):
    assert refused(alias(api)) == GONE
    assert refused(api.delete(f"{MODEL}/alias", name="churn", alias="a")) == GONE


# ---------------------------------------------------------------- search


def names(api, **query):
    status, body = api.get(f"{MODEL}/search", **query)
    assert status == 200, body
    return [one["name"] for one in body.get("registered_models", [])], body


def test_searches(api, staged):
    make.registered_model(staged.project, "Fraud", tags={"team": "red"})
    make.registered_model(staged.project, "ask", tags={new_versions.IS_PROMPT: "true"})

    found, body = names(api)
    assert found == ["Fraud", "churn"]
    assert body["registered_models"][1] == get(api)
    assert "next_page_token" not in body
    assert names(api, filter="tags.team = 'red'")[0] == ["Fraud"]
    assert names(api, order_by=["name DESC"])[0] == ["churn", "Fraud"]
    assert names(api, filter=f"tags.`{new_versions.IS_PROMPT}` = 'true'")[0] == ["ask"]
    assert names(api, filter="name = 'x'") == ([], {})


def test_pages(api, churn):
    for number in range(4):
        make.registered_model(churn.project, f"m{number}")
    found, query = [], {"max_results": "2"}

    while True:
        page, body = names(api, **query)
        found += page
        if not (token := body.get("next_page_token")):
            break
        query["page_token"] = token

    assert found == ["churn", "m0", "m1", "m2", "m3"]
    other = api.get(f"{MODEL}/search", filter="name LIKE 'm%'", page_token=token or "x")
    assert refused(other) == INVALID


@pytest.mark.parametrize(
    "query",
    [
        {"max_results": "0"},
        {"max_results": "-1"},
        {"max_results": "1001"},
        {"max_results": "x"},
        {"page_token": "x"},
        {"filter": "bogus"},
        {"order_by": "creation_timestamp"},
        {"order_by": "bogus"},
    ],
)
def test_refuses_a_search(api, query):
    assert refused(api.get(f"{MODEL}/search", **query)) == INVALID


def test_costs_the_same_for_one_or_many(api, staged, django_assert_num_queries):
    for number in range(20):
        one = make.registered_model(staged.project, f"m{number}", tags={"a": "1"})
        registry.set_alias(make.version(one, tags={"b": "1"}), "champion")
    names(api)  # the project is known from now on

    # models, tags, aliases, newest keys, versions, their tags
    for limit in ("1", "100"):
        with django_assert_num_queries(6):
            names(api, max_results=limit)


def test_remembers_who_deleted_what(api, churn):
    make.version(churn)
    api.delete("model-versions/delete", name="churn", version="1")
    api.delete(f"{MODEL}/delete", name="churn")

    events = AuditEvent.objects.filter(what=What.DELETED).order_by("pk")
    assert [(one.kind, one.title) for one in events] == [
        ("model version", "churn 1"),
        ("registered model", "churn"),
    ]
