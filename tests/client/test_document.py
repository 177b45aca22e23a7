"""docs/mlflow.md says what is spoken here: all of it, and nothing else."""

import re
from pathlib import Path

from mlflow import MlflowClient

from artifacts import urls as artifact_urls
from tracker.api import urls
from tracker.api.endpoint import EndpointView
from tracker.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "mlflow.md").read_text()
ROUTES, _, CALLS = DOCUMENT.partition("## The client's calls")
SPOKEN, _, NOT_SPOKEN = CALLS.partition("These answer an error")
NAME = re.compile(r"`([^`]*)`")


def rows(text):
    """The cells of every table's rows."""
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def documented():
    found = []
    for section in ROUTES.split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        base = (NAME.search(heading) or ["", ""])[1].removesuffix("…")
        for names, methods, *_ in rows(section):
            for name in NAME.findall(names):
                whole = name.startswith(("/api/", "/ajax-api/")) or not base
                # What stands beside the API, directly below the tracking URI.
                whole = whole or name in (
                    "/get-artifact",
                    "/model-versions/get-artifact",
                )
                address = name if whole else base + name
                found += [(method, address) for method in methods.split(", ")]
    return found


def spoken():
    for pattern in [*urls.urlpatterns, *artifact_urls.urlpatterns]:
        address = "/" + re.sub(r"<\w+:(\w+)>", r"<\1>", str(pattern.pattern))
        view = pattern.callback
        if getattr(view, "cls", None) is not EndpointView:
            yield "GET", address
        else:
            yield from ((method, address) for method in view.initkwargs["endpoints"])


def test_names_every_route_once():
    routes = set(spoken())
    below_api = {route for route in routes if not route[1].startswith("/ajax-api/")}
    # A twin below /ajax-api is not named by itself.
    alone = {
        (method, address)
        for method, address in routes - below_api
        if (method, address.replace("/ajax-api/", "/api/", 1)) not in below_api
    }
    named = documented()

    assert set(named) == below_api | alone
    assert len(named) == len(set(named))


def test_says_since_when():
    since = {row[2] for row in rows(ROUTES)} | {row[1] for row in rows(SPOKEN)}

    assert since <= {VERSION, "0.1.0"}


def calls(text):
    return [name for row in rows(text) for name in NAME.findall(row[0])]


def test_names_every_method_of_the_client_once():
    methods = {
        name
        for name in dir(MlflowClient)
        if not name.startswith("_") and callable(getattr(MlflowClient, name))
    }
    # Neither of these asks a server.
    methods -= {"parse_prompt_uri"}
    named = [*calls(SPOKEN), *calls(NOT_SPOKEN)]

    assert methods - set(named) == set()
    assert len(named) == len(set(named))


def test_has_a_test_for_every_call_that_is_spoken():
    scripts = ROOT / "tests" / "client"
    text = "\n".join(path.read_text() for path in sorted(scripts.rglob("*.py")))

    untested = {name for name in calls(SPOKEN) if not re.search(rf"\.{name}\(", text)}

    assert untested == set()
