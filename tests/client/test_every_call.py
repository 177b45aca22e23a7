"""Every call of MLflow's client, on both databases, below a path of two segments."""

import ast
import json
import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.client.proxy import Proxy
from tests.client.test_traffic import fits, pairs
from tests.live import Server
from tests.postgresql import new_database
from tracker.api import urls
from tracker.api.endpoint import EndpointView

CALLS = Path(__file__).parent / "scripts" / "calls"
PREFIX = "/p/every-call"
ROWS = [
    node.args[0].value
    for part in sorted(CALLS.glob("*.py"))
    for node in ast.walk(ast.parse(part.read_text()))
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "row"
]
# What no call of the client's leads to: other languages, browsers and old clients use it.
NOT_CALLED = {
    ("GET", "experiments/search"),
    ("GET", "registered-models/get-latest-versions"),
    ("GET", "metrics/get-history-bulk-interval"),
    ("POST", "runs/log-model"),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def traffic(request, tmp_path_factory):
    """What became of each row, and all that passed over the wire."""
    from tests.client.conftest import Scripts

    with ExitStack() as stack:
        settings = {}
        if request.param == "postgresql":
            address = stack.enter_context(new_database("every_call"))
            settings["TRACKER_DATABASE_URL"] = address
            server = Server(tmp_path_factory.mktemp("every") / "data", **settings)
            stack.callback(server.start().stop)
        else:
            server = request.getfixturevalue("live")
        made = server.manage("create_project", "every-call")
        assert made.returncode == 0, made.stderr
        proxy = stack.enter_context(Proxy(server.port))
        scripts = Scripts(tmp_path_factory.mktemp("scripts"), f"{proxy.url}{PREFIX}/")
        said = scripts.last_line(scripts.start("every_call", "Every call"))
        yield json.loads(said), proxy.seen


@pytest.mark.parametrize("row", ROWS)
def test_answers_the_call(traffic, row):
    assert traffic[0][row] == ""


def test_stays_below_the_tracking_uri(traffic):
    outside = {one.path for one in traffic[1] if not one.path.startswith(f"{PREFIX}/")}

    assert outside == set()


def test_fails_in_mlflows_words_and_never_redirects(traffic):
    refusals = [one for one in traffic[1] if one.status != 200]

    assert {one.path for one in refusals if one.status < 400} == set()
    assert {one.path for one in refusals if one.status >= 500} == set()
    assert all(one.json()["error_code"] for one in refusals)


def test_writes_ids_as_text_and_times_as_numbers(traffic):
    answers = [
        one.json()
        for one in traffic[1]
        if one.content_type.startswith("application/json")
        and "/mlflow-artifacts/artifacts/" not in one.path
    ]

    assert [p for answer in answers for p in pairs(answer) if not fits(*p)] == []


def test_reaches_every_endpoint(traffic):
    """Of the table of contents, but for what the client has no call for."""
    called = {
        (one.method, one.path.removeprefix(PREFIX).partition("?")[0])
        for one in traffic[1]
        if one.status == 200
    }
    missed = set()
    for pattern in urls.urlpatterns:
        view, address = pattern.callback, str(pattern.pattern)
        if getattr(view, "cls", None) is not EndpointView or address[:4] != "api/":
            continue
        # A version of the API and "mlflow" say nothing here.
        name = address.split("/", 3)[3]
        shape = re.compile("/" + re.sub(r"<(\w+):\w+>", form, address))
        for method in view.initkwargs["endpoints"]:
            if not any(m == method and shape.fullmatch(path) for m, path in called):
                missed.add((method, name))

    assert missed == NOT_CALLED


def form(converter):
    return ".+" if converter[1] == "path" else "[^/]+"
