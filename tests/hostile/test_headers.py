"""What every kind of answer says to the browser, whoever makes it and however it ends."""

import re

import pytest
from django.test import Client

from artifacts import ingest
from artifacts.paths import Place
from tests import make
from tests.dashboard.reading import Page
from tracker import access, lifecycle, recording, throttling
from tracker.api.auth import Credentials, PerCaller
from tracker.api.endpoint import EndpointView
from tracker.errors import TooMany

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
CALL = "/p/vision/api/2.0/mlflow/"
FILES = "/p/vision/api/2.0/mlflow-artifacts/artifacts/1/{eid}/artifacts/"
NO_STORE, REVALIDATE = "private, no-store", "private, no-cache"
EVIL = {"origin": "https://evil.example"}

# Kind of answer: method, address, headers, status, Cache-Control.
KINDS = {
    "page": ("GET", "/p/vision/", {}, 200, REVALIDATE),
    "chart page": ("GET", "/p/vision/c/1/metrics/", {}, 200, REVALIDATE),
    "fragment": (
        *("GET", "/p/vision/experiments/1/", {"hx-request": "true"}, 200, REVALIDATE),
    ),
    "chart": ("GET", "/p/vision/c/1/chart.json?m=loss", {}, 200, REVALIDATE),
    "csv": ("GET", "/p/vision/experiments/1.csv", {}, 200, REVALIDATE),
    "redirect": ("GET", "/r/{eid}/", {}, 302, REVALIDATE),
    "raw file": ("GET", "/p/vision/c/1/raw/a.html", {}, 200, REVALIDATE),
    "static file": ("GET", "/static/css/tokens.css", {}, 200, None),
    "health": ("GET", "/livez", {}, 200, REVALIDATE),
    "page 400": ("GET", "/p/vision/", {"host": "evil.example"}, 400, REVALIDATE),
    "page 403": ("POST", "/projects/", EVIL, 403, REVALIDATE),
    "page 404": ("GET", "/p/nothing/", {}, 404, REVALIDATE),
    "page 405": ("PUT", "/p/vision/", {}, 405, REVALIDATE),
    "page 429": ("POST", "/sign-in/", {}, 429, REVALIDATE),
    "page 500": ("GET", "/projects/", {}, 500, REVALIDATE),
    "call": ("GET", CALL + "runs/get?run_id={eid}", {}, 200, NO_STORE),
    "call 400": ("POST", CALL + "runs/search", {}, 400, NO_STORE),
    "call 403": ("POST", CALL + "runs/search", EVIL, 403, NO_STORE),
    "call 404": ("GET", CALL + "runs/get?run_id=x", {}, 404, NO_STORE),
    "no call": ("GET", CALL + "nothing", {}, 404, NO_STORE),
    "call 405": ("PUT", CALL + "runs/search", {}, 405, NO_STORE),
    "call 429": ("GET", CALL + "runs/get?run_id={eid}", {}, 429, NO_STORE),
    "call 500": (
        *("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", {}, 500, NO_STORE),
    ),
    "artifact": ("GET", FILES + "a.html", {}, 200, REVALIDATE),
    "artifact 404": ("GET", FILES + "b", {}, 404, NO_STORE),
}


@pytest.fixture
def world(vision):
    made = make.candidate(
        make.experiment(vision, "sweep"),
        points=[recording.Point("loss", 0.5, 1_000 + s, s) for s in range(1, 9)],
    )
    ingest.receive(Place(made, "a.html"), iter([b"<script>"]), size_bytes=8)
    return {"eid": made.eid}


def refuse(*_):
    raise TooMany("Wait.", wait=3)


def break_down(*_):
    raise RuntimeError("a secret of the inside")


@pytest.fixture
def trouble(request, monkeypatch, settings):
    """What the kind of answer takes that no request alone brings about."""
    kind = request.node.callspec.params["kind"]
    if kind == "page 429":
        monkeypatch.setattr(throttling, "refuse_guessing", refuse)
    elif kind == "call 429":
        settings.MODE = "team"
        monkeypatch.setattr(EndpointView, "authentication_classes", [Credentials])
        monkeypatch.setattr(EndpointView, "throttle_classes", [PerCaller])
        monkeypatch.setattr(throttling, "wait_for", lambda *_: 3.0)
    elif kind.endswith("500"):
        monkeypatch.setattr(lifecycle, "default_project", break_down)
        monkeypatch.setattr(access, "restorable_by", break_down)
    elif kind == "static file":
        settings.WHITENOISE_USE_FINDERS = True


@pytest.mark.parametrize("kind", KINDS)
def test_says_what_a_browser_may_do_with_it(world, trouble, kind):
    method, address, headers, status, caching = KINDS[kind]

    answer = Client(raise_request_exception=False).generic(
        method, address.format(**world), b"[]", "application/json", headers=headers
    )

    content = answer.getvalue()

    assert answer.status_code == status
    for name, value in ALWAYS.items():
        assert answer[name] == value, name
    assert "camera=()" in answer["Permissions-Policy"]
    assert re.fullmatch("[0-9a-f]{16}", answer["X-Request-Id"])
    assert not answer.has_header("Server")
    if caching:
        assert answer["Cache-Control"] == caching
    if status == 429:
        assert answer["Retry-After"] in "34"  # rounded up
    if status >= 400:
        assert b"secret of the inside" not in content
    policy = answer.get("Content-Security-Policy", "")
    if "file" in kind and kind != "static file" or kind == "artifact":
        assert policy.startswith("sandbox; default-src 'none'")
        assert answer["Content-Type"] == "text/plain"
        assert answer["Content-Disposition"].startswith("attachment")
    elif answer.get("Content-Type", "").startswith("text/html"):
        a_page_is_strict(kind, policy)
        Page(answer)  # whole, also in trouble
    elif caching == NO_STORE:
        # Unknown routes go through the pages' middlewares, whose policy is strict too.
        assert (
            kind == "no call" or policy == "default-src 'none'; frame-ancestors 'none'"
        )
        assert set(answer.json()) >= (
            {"error_code", "message"} if status > 200 else {"run"}
        )


def a_page_is_strict(kind, policy):
    rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert rules["default-src"] in ("'self'", "'none'")
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    scripts = rules.get("script-src", rules["default-src"])
    assert not re.search(r"unsafe|\*|https?:|data:", scripts)
    assert ("unsafe-inline" in rules["style-src"]) == (kind == "chart page")
    assert "unsafe-eval" not in policy


# ---------------------------------------------------------------- behind https


@pytest.mark.parametrize(
    ("forwarded", "proxies", "is_said"),
    [("https", 1, True), ("http", 1, False), ("", 1, False), ("https", 0, False)],
)
def test_asks_for_https_from_then_on_where_a_proxy_has_it(
    db, settings, forwarded, proxies, is_said
):
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600
    settings.SECURE_PROXY_SSL_HEADER = (
        ("HTTP_X_FORWARDED_PROTO", "https") if proxies else None
    )

    for address in ("/", "/api/2.0/mlflow/experiments/get?experiment_id=0"):
        answer = Client().get(address, headers={"x-forwarded-proto": forwarded})
        said = answer.get("Strict-Transport-Security", "")
        assert said == ("max-age=31536000; includeSubDomains" if is_said else "")
