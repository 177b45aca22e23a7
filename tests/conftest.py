"""The cast, and a client for each door."""

import json
import os
import signal

import pytest
from django.core import signals
from django.core.cache import caches
from django.core.files.storage import storages
from django.db import close_old_connections
from django.test import Client

from tests import make, parts
from tests.live import Server
from tracker import access, express, lifecycle, recording, throttling
from tracker.api import auth, endpoint
from tracker.models import Role


def pytest_configure():
    """A shell starts what runs in the background deaf to Ctrl-C; our servers are to hear it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def fresh_memory():
    forget()


def forget():
    """Rows are rolled back after each test; what the process remembers must go too."""
    recording.forget_keys()
    endpoint.forget()
    access.local_owner.cache_clear()
    throttling.forget()
    for kept in caches.all():
        kept.clear()


@pytest.fixture
def kept_connection(monkeypatch):
    """For calls of the WSGI application itself, within the transaction of a test.

    The end of a request closes its connection, which here is the test's.
    """
    ends = [signals.request_started, signals.request_finished]
    for end in ends:
        end.disconnect(close_old_connections)
    monkeypatch.setattr(express, "close_old_connections", lambda: None)
    yield
    for end in ends:
        end.connect(close_old_connections)


@pytest.fixture
def storage(settings, tmp_path):
    """Files go to a folder of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "artifacts")},
        },
    }
    storages._storages.clear()
    yield
    storages._storages.clear()


@pytest.fixture
def team(settings, monkeypatch):
    """Team mode: nobody is signed in by himself, and scripts show who they are."""
    settings.MODE = "team"
    settings.MIDDLEWARE = [
        one for one in settings.MIDDLEWARE if one != "tracker.middleware.local_owner"
    ]
    monkeypatch.setattr(
        endpoint.EndpointView, "authentication_classes", [auth.Credentials]
    )


@pytest.fixture
def vision(db):
    """The project of the owner and the reader."""
    return make.project("vision")


@pytest.fixture
def owner(vision):
    return make.member(vision, "owner", Role.OWNER)


@pytest.fixture
def reader(vision):
    return make.member(vision, "reader", Role.READER)


@pytest.fixture
def stranger(db):
    return make.user("stranger")


@pytest.fixture
def experiment(db):
    """An experiment of the default project, where a bare tracking URI logs."""
    return make.experiment(lifecycle.default_project(), "resnet-sweep")


class Api:
    """MLflow's JSON: `api.post("runs/get", run_id=…)` gives status and body."""

    def __init__(self, prefix: str = "", root: str = "/api/2.0/mlflow/"):
        self.client = Client(raise_request_exception=True)
        self.root = prefix + root

    def get(self, route, /, **query):
        return self._answer(self.client.get(self.root + route, query))

    def post(self, route, /, **body):
        return self.send("POST", route, json.dumps(body))

    def patch(self, route, /, **body):
        return self.send("PATCH", route, json.dumps(body))

    def delete(self, route, /, **body):
        return self.send("DELETE", route, json.dumps(body))

    def send(self, method, route, body, content_type="application/json", **headers):
        """Any body, as it is."""
        return self._answer(
            self.client.generic(
                method, self.root + route, body, content_type, headers=headers
            )
        )

    @staticmethod
    def _answer(response):
        return response.status_code, json.loads(response.content or b"{}")


@pytest.fixture
def api(db):
    return Api()


@pytest.fixture
def browser(db):
    """Pages, as the local owner sees them."""
    return Client()


@pytest.fixture(scope="session")
def live(tmp_path_factory):
    """A server as people run it, shared by all tests of the session: `live.url`."""
    server = Server(tmp_path_factory.mktemp("live") / "data").start()
    yield server
    code = server.stop()
    assert code == 0, server.output()


@pytest.fixture(scope="session")
def chromium():
    """One real browser for a process: Playwright starts in it only once."""
    from playwright.sync_api import sync_playwright

    # It runs an event loop in this thread, which Django would take for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                # All pages in one process, which has Plotly compiled by then.
                "--renderer-process-limit=1",
                "--disable-site-isolation-trials",
            ],
        )
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show with a failure what the server said."""
    report = yield
    server = getattr(item, "funcargs", {}).get("live")
    if report.failed and server:
        report.sections.append(("the server's output", server.output()[-20_000:]))
    return report


def pytest_runtest_setup(item):
    """Without Chromium the browser tests are skipped on a laptop, and fail in CI.

    Those with torch, whose packages weigh gigabytes, are skipped wherever it is missing.
    """
    if item.get_closest_marker("torch") and parts.torch() == parts.MISSING:
        pytest.skip("torch is missing: make test-frameworks installs it")
    if item.get_closest_marker("browser") and not parts.CHROMIUM:
        because = "Chromium is missing: install it (on Debian: apt install chromium)"
        if os.environ.get("CI"):
            pytest.fail(because)
        pytest.skip(because)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("real parts")
    for line in parts.lines():
        terminalreporter.write_line(line, yellow=parts.MISSING in line)
