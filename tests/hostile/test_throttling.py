"""Who asks too often, or guesses: told to wait, and nobody else is."""

import base64
import logging
import threading

import pytest
from django.conf import settings as product
from django.test import Client

from tests import make
from tracker import redaction, throttling, tokens
from tracker.api.auth import Credentials, PerCaller
from tracker.api.endpoint import EndpointView
from tracker.models import Role
from tracker.throttling import Rate

CALL = "/p/vision/api/2.0/mlflow/experiments/get?experiment_id=0"


@pytest.fixture(autouse=True)
def one_process(settings):
    settings.WORKERS = 1  # it gives out the whole limit


@pytest.fixture
def team(settings, monkeypatch):
    settings.MODE = "team"
    settings.MIDDLEWARE = [
        one for one in product.MIDDLEWARE if one != "tracker.middleware.local_owner"
    ]
    monkeypatch.setattr(EndpointView, "authentication_classes", [Credentials])
    monkeypatch.setattr(EndpointView, "throttle_classes", [PerCaller])


def basic(name, password):
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


def sign_in(name, password):
    return Client().post("/sign-in/", {"username": name, "password": password})


def test_stops_whoever_guesses_a_password(vision, reader, stranger, team):
    right = "a long enough password"
    statuses = [sign_in("reader", f"wrong {n}").status_code for n in range(12)]

    assert statuses == [200] * 10 + [429] * 2
    refused = sign_in("reader", right)
    assert (refused.status_code, refused["Retry-After"]) == (429, "300")
    api = Client().get(CALL, headers=basic("reader", right))
    assert (api.status_code, api.json()["error_code"]) == (
        429,
        "REQUEST_LIMIT_EXCEEDED",
    )
    assert int(api["Retry-After"]) > 0


def test_lets_a_token_pass_meanwhile(vision, reader, team):
    secret = tokens.issue(reader, name="ci").secret
    for n in range(11):
        Client().get(CALL, headers=basic("reader", f"wrong {n}"))

    answer = Client().get(CALL, headers={"authorization": f"Bearer {secret}"})

    assert answer.status_code == 200


def test_slows_one_token_and_no_other(vision, reader, team, settings):
    settings.CALLER_RATE = (60, 5)
    first, other = (
        {"authorization": f"Bearer {tokens.issue(reader, name=name).secret}"}
        for name in ("a", "b")
    )

    answers = [Client().get(CALL, headers=first) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert answers[-1].json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert int(answers[-1]["Retry-After"]) >= 1
    assert Client().get(CALL, headers=other).status_code == 200


def test_fills_the_bucket_again(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(throttling.time, "monotonic", lambda: now[0])
    rate = Rate(per_minute=60, burst=2)

    assert [throttling.wait_for("x", rate) for _ in range(3)] == [0, 0, 1.0]
    now[0] += 1
    assert throttling.wait_for("x", rate) == 0
    assert throttling.wait_for("x", rate) > 0


def test_counts_every_call_of_many_threads():
    passed = []
    rate = Rate(per_minute=1, burst=50)

    def ask():
        passed.extend(throttling.wait_for("x", rate) == 0 for _ in range(30))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(passed) == 50


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abcdefghijkl", "abcdefghijkl"),
        ("{'HTTP_AUTHORIZATION': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("Cookie: session=s3cr3tvalue", "s3cr3tvalue"),
        ("GET /x?token=s3cr3tvalue&a=1", "s3cr3tvalue"),
        ("password='s3cr3tvalue'", "s3cr3tvalue"),
        ('{"secret": "s3cr3tvalue"}', "s3cr3tvalue"),
        ("a trk_0123456789abcdef in a sentence", "0123456789abcdef"),
        ("redis failed, api_key=s3cr3tvalue", "s3cr3tvalue"),
    ],
)
def test_keeps_secrets_out_of_the_log(text, secret):
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (text,), None)

    line = redaction.Line("%(request_id)s %(message)s").format(record)

    assert secret not in line
    assert redaction.HIDDEN in line


def test_keeps_a_message_on_its_line():
    forged = "x\n2026-01-01 INFO all is well\r\x1b[2J\u2028"
    record = logging.LogRecord("x", logging.INFO, "", 0, forged, None, None)

    line = redaction.Line("%(request_id)s %(message)s").format(record)

    assert line == r"- x\n2026-01-01 INFO all is well\r\x1b[2J\u2028"


def test_asks_for_the_role_of_the_one_who_comes(vision, team):
    make.member(vision, "writer", Role.WRITER)

    answer = Client().get(CALL, headers=basic("writer", "a long enough password"))

    assert answer.status_code == 200
