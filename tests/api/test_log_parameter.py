import pytest

from tests import make
from tests.api.words import GONE, INVALID, refused


@pytest.fixture
def run(experiment):
    return make.candidate(experiment)


def log(api, run, **fields):
    return api.post("runs/log-parameter", **{"run_id": run.eid, "key": "lr"} | fields)


def test_keeps_a_param(api, run):
    assert log(api, run, value="0.1") == (200, {})

    param = run.params.get()
    assert (param.key, param.value, param.number) == ("lr", "0.1", 0.1)


def test_keeps_an_empty_value(api, run):
    assert log(api, run) == (200, {})

    assert run.params.get().value == ""


def test_accepts_the_same_value_again(api, run):
    for _ in range(2):
        assert log(api, run, value="0.1") == (200, {})


def test_refuses_another_value(api, run):
    log(api, run, value="0.1")

    answer = log(api, run, value="0.2")

    assert refused(answer) == INVALID
    assert run.params.get().value == "0.1"


def test_compares_what_is_kept_of_a_long_value(api, run):
    log(api, run, value="v" * 6000 + "a")

    assert log(api, run, value="v" * 6000 + "b") == (200, {})


def test_understands_run_uuid(api, run):
    answer = api.post("runs/log-parameter", run_uuid=run.eid, key="lr", value="1")

    assert answer == (200, {})


@pytest.mark.parametrize(
    "fields",
    [
        {"key": ""},
        {"key": None},
        {"key": 31},
        {"key": "k" * 251},
        {"key": "a/../../b"},
        {"value": 41},
        {"value": ["a"]},
        {"value": {}},
        {"value": True},
        {"run_id": 31},
    ],
)
def test_refuses_what_cannot_be_kept(api, run, fields):
    answer = log(api, run, **fields)

    assert refused(answer) == INVALID
    (wrong,) = fields
    assert wrong in answer[1]["message"]
    assert not run.params.exists()


def test_does_not_find_another_run(api):
    answer = api.post("runs/log-parameter", run_id="nobody", key="lr")

    assert refused(answer) == GONE
