import pytest

from tests.api.words import GONE, INVALID, kv, refused
from tracker import lifecycle


def set_tag(api, **fields):
    return api.post("experiments/set-experiment-tag", experiment_id="1", **fields)


def tags(api):
    return api.get("experiments/get", experiment_id="1")[1]["experiment"].get("tags")


def test_keeps_the_last_value(api, experiment):
    set_tag(api, key="note", value="first\nsecond")
    assert set_tag(api, key="note", value="other") == (200, {})

    assert tags(api) == kv(note="other")


def test_keeps_an_empty_value(api, experiment):
    set_tag(api, key="note")

    assert tags(api) == kv(note="")


def test_does_not_touch_the_time_of_the_last_update(api, experiment):
    set_tag(api, key="note", value="x")

    updated = experiment.updated_ms
    experiment.refresh_from_db()
    assert experiment.updated_ms == updated


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"key": ""},
        {"key": 5},
        {"key": "k" * 251},
        {"key": "/k"},
        {"key": "a//b"},
        {"key": "k", "value": 5},
        {"key": "k", "value": "v" * 20_001},
    ],
)
def test_refuses_what_cannot_be_kept(api, experiment, fields):
    assert refused(set_tag(api, **fields)) == INVALID
    assert tags(api) is None


def test_deletes_a_tag_once(api, experiment):
    set_tag(api, key="note", value="x")
    route = "experiments/delete-experiment-tag"

    assert api.post(route, experiment_id="1", key="note") == (200, {})

    assert refused(api.post(route, experiment_id="1", key="note")) == GONE
    assert tags(api) is None


@pytest.mark.parametrize("route", ["set-experiment-tag", "delete-experiment-tag"])
def test_refuses_to_change_a_deleted_experiment(api, experiment, route):
    lifecycle.delete_experiment(experiment)

    answer = api.post(f"experiments/{route}", experiment_id="1", key="note")

    assert refused(answer) == INVALID


@pytest.mark.parametrize("route", ["set-experiment-tag", "delete-experiment-tag"])
def test_does_not_find_another_experiment(api, route):
    answer = api.post(f"experiments/{route}", experiment_id="99", key="note")

    assert refused(answer) == GONE
