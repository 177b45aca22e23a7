"""Headers with values that no program sends, to a page, an endpoint, a file and a script."""

import itertools
import json

import pytest
from django.test import Client

from artifacts import ingest
from artifacts.paths import Place
from tests import make
from tests.hostile import leaks

HEADERS = (
    "origin referer range if-range if-none-match if-match if-modified-since accept"
    " accept-encoding content-type content-encoding cookie"
    " hx-request hx-current-url hx-target x-forwarded-for"
    " x-forwarded-host x-forwarded-proto sec-fetch-site"
    " sec-fetch-mode authorization x-csrftoken x-http-method-override"
    " transfer-encoding te"
).split()
VALUES = [
    "",
    "http://[",
    "http://[::1",
    "\xff\xfe",
    "\t\x0b;\x7f",
    "9" * 5000,
    "bytes=" + ",".join(f"{n}-" for n in range(3000)),
    "bytes=" + "9" * 5000 + "-",
    ",;=" * 2000,
    "Basic " + "A" * 4001,
    "<script>alert(1)</script>",
    "Thu, 99 Foo 99999 99:99:99 GMT",
    "%00%0d%0aX-Evil: 1",
]


@pytest.fixture
def targets(experiment):
    run = make.candidate(experiment, metrics={"loss": 1.0})
    ingest.receive(Place(run, "a.csv"), iter([b"a,b\n1,2\n"]), size_bytes=8)
    project = experiment.project.slug
    file = f"/api/2.0/mlflow-artifacts/artifacts/1/{run.eid}/artifacts/a.csv"
    return [
        ("GET", f"/p/{project}/access/"),
        ("POST", f"/p/{project}/experiments/{experiment.iid}/star/"),
        ("GET", f"/p/{project}/c/{run.iid}/raw/a.csv"),
        ("GET", file),
        ("PUT", file),
        ("POST", "/api/2.0/mlflow/runs/search"),
        ("GET", "/static/none.css"),
        ("GET", "/nowhere/"),
    ]


def test_survives_any_header(targets, settings):
    settings.PROXIES = 1  # so that those of a proxy are read
    client = Client(raise_request_exception=True)
    cases = itertools.product(HEADERS, enumerate(VALUES))
    for place, (header, (number, value)) in enumerate(cases):
        # Each pair once, and each header and value at every target.
        method, address = targets[(place + number) % len(targets)]
        name = header.upper().replace("-", "_")
        if not name.startswith("CONTENT_") or name == "CONTENT_ENCODING":
            name = f"HTTP_{name}"
        answer = client.generic(
            method, address, b"{}", "application/json", **{name: value}
        )
        said = (method, address, header, value[:40], answer.status_code)
        assert answer.status_code < 500 or answer.status_code == 501, said
        assert "X-Evil" not in answer.headers, said
        content = b"".join(answer) if answer.streaming else answer.content
        assert b"<script>alert" not in content, said
        if answer["Content-Type"] == "application/json" and answer.status_code >= 400:
            message = json.loads(content)["message"]
            assert leaks.found_in(message, sent=value) == [], said


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "", "https://"])
def test_takes_what_is_no_origin_for_another_site(experiment, origin):
    address = f"/p/{experiment.project.slug}/experiments/{experiment.iid}/star/"

    for url in (address, "/api/2.0/mlflow/runs/search"):
        answer = Client().post(url, headers={"origin": origin})
        assert answer.status_code == 403
