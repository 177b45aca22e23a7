"""The stages and the tags of a version."""

import pytest

from tests import make
from tests.api.versions import VERSION, get, registered
from tests.api.words import INVALID, kv, refused

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
