"""Versions of a model: made, described, found and deleted."""

import json

import pytest

from tests import make
from tests.api.versions import VERSION, create, created, get, registered
from tests.api.words import GONE, INVALID, kv, refused
from tracker import lifecycle, registry
from tracker.models import ModelVersion


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
