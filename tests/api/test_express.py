"""The short way in and Django's give the same answer."""

import io
import json

import pytest

from tests import make
from tracker import express, wsgi
from tracker.api.auth import Credentials
from tracker.api.endpoint import EndpointView

JSON = "application/json"
# A new one each time; and whether a body was heard out, which only the whole way knows.
OURS = {"X-Request-Id", "Connection"}


pytestmark = pytest.mark.usefixtures("kept_connection")


def environ(method, address, body=None, **more):
    path, _, query = address.partition("?")
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "SCRIPT_NAME": "",
        "CONTENT_TYPE": JSON,
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": io.StringIO(),
        **more,
    }


def answered(application, asked):
    told = {}

    def start(status, headers, problem=None):
        told.update(status=status, headers=dict(headers))

    content = b"".join(application(asked, start))
    headers = {k: v for k, v in told["headers"].items() if k not in OURS}
    return told["status"], headers, content


REQUESTS = {
    "an answer": ("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", None, {}),
    "below a project": (
        "GET",
        "/p/vision/api/2.0/mlflow/experiments/get?experiment_id=0",
        None,
        {},
    ),
    "no such project": (
        "GET",
        "/p/none/api/2.0/mlflow/experiments/get?experiment_id=0",
        None,
        {},
    ),
    "no such run": (
        "POST",
        "/api/2.0/mlflow/runs/log-metric",
        {"run_id": "x", "key": "k", "value": 1, "timestamp": 1},
        {},
    ),
    "not JSON": ("POST", "/api/2.0/mlflow/runs/log-metric", b"{", {}),
    "another method": ("PUT", "/api/2.0/mlflow/runs/log-metric", None, {}),
    "a foreign host": (
        "GET",
        "/api/2.0/mlflow/experiments/get?experiment_id=0",
        None,
        {"HTTP_HOST": "evil.example"},
    ),
    "another web site": (
        "POST",
        "/api/2.0/mlflow/runs/log-metric",
        None,
        {"HTTP_ORIGIN": "http://evil.example"},
    ),
    "no credentials": (
        "GET",
        "/api/2.0/mlflow/experiments/get?experiment_id=0",
        None,
        {"HTTP_AUTHORIZATION": "Bearer nonsense"},
    ),
    "a long body": (
        "POST",
        "/api/2.0/mlflow/runs/log-metric",
        None,
        {"CONTENT_LENGTH": str(10**10)},
    ),
}


@pytest.mark.parametrize("mode", ["local", "team"])
@pytest.mark.parametrize("name", REQUESTS)
def test_answers_as_django_would(name, mode, vision, settings, monkeypatch, caplog):
    settings.MODE = mode
    if mode == "team":
        monkeypatch.setattr(EndpointView, "authentication_classes", [Credentials])
    method, address, body, more = REQUESTS[name]

    short = express.answer(environ(method, address, body, **more))
    short = (
        f"{short.status_code} {short.reason_phrase}",
        {k: v for k, v in short.items() if k not in OURS},
        short.content,
    )

    assert short == answered(wsgi.django, environ(method, address, body, **more))
    assert answered(wsgi.application, environ(method, address, body, **more)) == short


@pytest.mark.parametrize(
    "address",
    ["/", "/p/vision/", "/api/2.0/mlflow/nothing", "/static/x.css", "/p/ü/api/health"],
)
def test_leaves_to_django_what_it_does_not_know(address):
    assert express.answer(environ("GET", address)) is None


def test_leaves_sessions_to_django(settings):
    asked = environ("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
    asked["HTTP_COOKIE"] = "sessionid=x"

    settings.MODE = "team"

    assert express.answer(asked) is None


def test_answers_when_the_endpoint_breaks(vision, monkeypatch):
    def broken(request):
        raise RuntimeError("broken")

    monkeypatch.setattr(express, "through_the_door", broken)

    answer = express.answer(environ("GET", "/api/2.0/mlflow/runs/get?run_id=x"))

    assert answer.status_code == 500
    assert json.loads(answer.content)["error_code"] == "INTERNAL_ERROR"


def test_logs_points(experiment):
    run = make.candidate(experiment)
    for step in range(3):
        body = {
            "run_id": run.eid,
            "key": "k",
            "value": 1,
            "timestamp": step,
            "step": step,
        }
        status, _, content = answered(
            wsgi.application, environ("POST", "/api/2.0/mlflow/runs/log-metric", body)
        )
        assert (status, content) == ("200 OK", b"{}")

    assert run.metrics.get().count == 3
