"""What passes over the wire when whole scripts run: promises that every answer keeps."""

import re

import pytest

from tests.client.proxy import Proxy

ID = re.compile(r"(^|_)(id|uuid)$")
TIME = re.compile(r"(^|_)(timestamp|time)(_ms)?$")


@pytest.fixture(scope="module")
def traffic(live, addresses, tmp_path_factory):
    """The longest form of a tracking URI, and all that two scripts exchange with it."""
    from tests.client.conftest import Scripts

    prefix = addresses["gitlab"].removeprefix(live.url) + "/"
    with Proxy(live.port) as proxy:
        scripts = Scripts(tmp_path_factory.mktemp("scripts"), proxy.url + prefix)
        for name in ("tutorial", "family"):
            scripts.run(name, f"{name}, watched")
    assert len(proxy.seen) > 100
    return prefix.rstrip("/"), proxy.seen


def test_stays_below_the_tracking_uri(traffic):
    prefix, seen = traffic

    assert {one.path for one in seen if not one.path.startswith(f"{prefix}/")} == set()


def test_answers_every_refusal_in_mlflows_words_and_never_redirects(traffic):
    refusals = [one for one in traffic[1] if one.status != 200]

    assert {one.path for one in refusals if 300 <= one.status < 400} == set()
    assert all(one.json()["error_code"] for one in refusals)
    assert not [one for one in refusals if one.status >= 500 and one.status != 501]


def test_writes_ids_as_text_and_times_as_numbers(traffic):
    answers = [
        one.json()
        for one in traffic[1]
        if one.content_type.startswith("application/json")
        and "/mlflow-artifacts/artifacts/" not in one.path
    ]

    wrong = [pair for answer in answers for pair in pairs(answer) if not fits(*pair)]

    assert len(answers) > 100
    assert wrong == []


def pairs(value):
    """Every key with its value, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from pairs(inner)


def fits(key, value):
    if ID.search(key):
        return isinstance(value, str)
    if TIME.search(key):
        return isinstance(value, int) and not isinstance(value, bool)
    return value is not None
