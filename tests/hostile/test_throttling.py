"""Who asks too often, or guesses: told to wait, and nobody else is."""

import base64
import logging
import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.conf import settings as product
from django.test import Client
from django.utils import timezone
from redis import Redis

from tests import make, parts
from tests.live import environment
from tests.ops.programs import wait_for
from tracker import memory, redaction, throttling, tokens
from tracker.api.auth import PerCaller
from tracker.api.endpoint import EndpointView
from tracker.errors import TooMany
from tracker.models import FailedSignIn, Role, User
from tracker.throttling import Rate

CALL = "/p/vision/api/2.0/mlflow/experiments/get?experiment_id=0"


@pytest.fixture(autouse=True)
def one_process(settings):
    settings.WORKERS = 1  # it gives out the whole limit


@pytest.fixture
def team(team, monkeypatch):
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


def test_stops_whoever_guesses_from_an_open_session(vision, reader, stranger, team):
    """Each change of a password asks for the old one: here, and in the administration."""
    User.objects.filter(pk=reader.pk).update(is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(reader)
    new = "another fine password"
    forms = [
        {"old_password": old, "new_password1": new, "new_password2": new}
        for old in [f"wrong {n}" for n in range(11)] + ["a long enough password"]
    ]

    answers = [browser.post("/you/password/", form) for form in forms]

    statuses = [answer.status_code for answer in answers]
    assert statuses == [422] * 10 + [429] * 2
    assert answers[-1]["Retry-After"] == "300"
    assert sign_in("reader", "a long enough password").status_code == 429
    assert browser.post("/admin/password_change/", forms[-1])["Location"] == "/you/"
    reader.refresh_from_db()
    assert reader.check_password("a long enough password")


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


def test_slows_an_address_without_credentials(vision, team, settings):
    settings.ANONYMOUS_RATE = (60, 3)

    statuses = [Client().get(CALL).status_code for _ in range(5)]

    assert statuses == [401] * 3 + [429] * 2


def test_takes_a_network_of_ipv6_for_one_address(team, db):
    """Who has one address of it has eighteen trillion million."""
    for n in range(10):
        throttling.note_failure(f"somebody {n}", f"2001:db8:1:2::{n:x}")

    with pytest.raises(TooMany):
        throttling.refuse_guessing("ann", "2001:db8:1:2:ffff::1")
    throttling.refuse_guessing("ann", "2001:db8:1:3::1")


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_knows_what_counts_as_one_address(address, counted_as):
    assert throttling.neighbourhood(address) == counted_as


def test_gives_six_thousand_calls_a_minute():
    assert (product.CALLER_RATE, product.ANONYMOUS_RATE) == ((6000, 1000), (300, 300))


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


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    """A real Redis on a socket of its own, and its address."""
    program = parts.redis_server()
    if not program:
        because = "Redis is missing: install it (on Debian: apt install redis-server)"
        pytest.fail(because) if os.environ.get("CI") else pytest.skip(because)
    socket = tmp_path_factory.mktemp("redis") / "s"
    process = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", str(socket), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    client = Redis(unix_socket_path=str(socket))
    wait_for(lambda: socket.exists() and client.ping())
    yield f"unix://{socket}"
    client.close()
    memory.redis_at(f"unix://{socket}").close()
    process.terminate()
    process.wait(20)


ANOTHER_PROCESS = """
import sys, django
django.setup()
from tracker import throttling
rate = throttling.Rate(per_minute=1, burst=100)
print(sum(throttling.wait_for("shared", rate) == 0 for _ in range(80)))
"""


def test_shares_one_bucket_between_processes(redis, settings):
    settings.REDIS_URL = redis
    rate = Rate(per_minute=1, burst=100)
    other = subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS],
        env=environment(
            TRACKER_REDIS_URL=redis,
            TRACKER_DATA_DIR=str(product.DATA_DIR),
            DJANGO_SETTINGS_MODULE="tracker.settings",
        ),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert other.returncode == 0, other.stderr

    passed = sum(throttling.wait_for("shared", rate) == 0 for _ in range(80))

    assert (int(other.stdout), passed) == (80, 20)
    assert 0 < throttling.wait_for("shared", rate) <= 60
    assert throttling.wait_for("another", rate) == 0


def test_takes_several_calls_at_a_time_and_gives_out_each(redis, settings, monkeypatch):
    settings.REDIS_URL = redis
    rate = Rate(per_minute=1, burst=1000)
    asked = []
    real = memory.redis_at(redis).eval
    monkeypatch.setattr(
        memory.redis_at(redis), "eval", lambda *a: asked.append(a) or real(*a)
    )

    passed = sum(throttling.wait_for("busy", rate) == 0 for _ in range(1100))

    assert passed == 1000
    assert len(asked) == 1000 / 20 + 100


def test_counts_by_itself_while_redis_is_away(tmp_path, settings, caplog):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody"
    rate = Rate(per_minute=1, burst=3)

    passed = [throttling.wait_for("x", rate) == 0 for _ in range(5)]

    assert passed == [True] * 3 + [False] * 2
    assert len(caplog.records) == 1


def test_remembers_in_redis_as_json_and_forgives_its_absence(redis, tmp_path):
    here, away = (
        memory.Memory(url, {}) for url in (redis, f"unix://{tmp_path}/nobody")
    )

    here.set("pair", (1, {"a": "b"}), 60)
    assert here.get("pair") == [1, {"a": "b"}]
    assert [here.add("once", True, 60) for _ in range(2)] == [True, False]
    assert here.get_many(["once", "never"]) == {"once": True}
    here.delete("pair")
    assert here.get("pair") is None
    raw = memory.redis_at(redis).get(here.make_key("once"))
    assert raw == b"true"

    away.set("x", 1, 60)
    assert away.get("x") is None
    assert away.add("x", True, 60)
    assert away.get_many(["x"]) == {}


@pytest.mark.django_db
def test_forgets_a_wrong_password_after_five_minutes(team, settings):
    settings.SIGN_INS = 1
    throttling.note_failure("ann", "192.0.2.1")
    for name, address in (("ann", "192.0.2.9"), ("bob", "192.0.2.1")):
        with pytest.raises(TooMany):
            throttling.refuse_guessing(name, address)
    throttling.refuse_guessing("bob", "192.0.2.9")
    assert "ann" not in str(list(FailedSignIn.objects.values()))

    FailedSignIn.objects.update(at=timezone.now() - timedelta(seconds=301))

    throttling.refuse_guessing("ann", "192.0.2.1")
    throttling.note_failure("bob", "192.0.2.2")
    throttling.forget_failures()
    assert FailedSignIn.objects.count() == 2


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
        ("redis://:s3cr3tvalue@redis:6379/0 is away", "s3cr3tvalue"),
        ("Unprocessable Entity: /join/s3cr3tvalue/", "s3cr3tvalue"),
        ("Forbidden: https://host/set-password/MQ/s3cr3t-value/", "s3cr3t-value"),
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
