"""Addresses of pages as nobody should write them: every page, every parameter it reads."""

import os
import re
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.test import Client

from artifacts import ingest
from artifacts.paths import Place
from tests import make
from tests.hostile import leaks
from tracker import recording, routes

MARKUP = "\"'><script>alert(1)</script>{{7*7}}<img src=x onerror=alert(1)>"
VALUES = [
    quote(MARKUP),
    "%00",
    "a%00b",
    "%ff%fe",
    "%ed%a0%80",
    "-1",
    "9" * 20,
    "9" * 5000,
    "1e400",
    "nan",
    "0-999999999,5",
    "1-99999999999999999999",
    "%D9%A3",  # a digit, of another alphabet
    "..%2F..%2Fetc%2Fpasswd",
    "metric%3Aloss%20%3E%20(",
    "metrics.loss+%3E+0+AND+(((",
    "metric:loss,metric:loss,param:%60,-,,:,tag:",
    "(" * 3000,
    "a" * 20_000,
    "," * 5000,
    "%F0%9F%A7%AA%E2%80%AE",
    "//evil.example/",
    "http://[",
]
SPECIAL_IIDS = ["0", "9" * 18, "9" * 20, "9" * 400, "00001", "%D9%A3"]
SPECIAL_TEXTS = ["%00", "%ff", "..", "%2e%2e%2f", "x" * 5000, "%0a", quote(MARKUP), "'"]


@pytest.fixture
def world(vision):
    sweep = make.experiment(vision, "sweep")
    for n in range(3):
        made = make.candidate(
            sweep,
            metrics={"loss": 1.0 / (n + 1), "val/acc": float("nan")},
            params={"lr": str(0.1 * n), "optimizer": "adam"},
            tags={"team": "a"},
            points=[recording.Point("loss", 0.5, 1_000 + s, s) for s in range(1, 9)],
        )
    ingest.receive(Place(made, "data/a.csv"), iter([b"a,b\n1,2\n"]), size_bytes=8)
    return {"slug": "vision", "project": "vision", "iid": "3", "eid": made.eid}


def pages(method="GET"):
    return [
        route
        for route in routes.routes()
        if hasattr(route.view, "permit") and method in (route.needs or {})
    ]


FILLING = {"path": "data/a.csv", "pk": "1", "secret": "x", "uidb64": "MQ", "token": "x"}


def addressed(route, world, **parts):
    filling = (
        FILLING | world | ({"iid": "1"} if "experiments/" in route.address else {})
    )
    return "/" + re.sub(
        r"<(?:\w+:)?(\w+)>",
        lambda found: (filling | parts).get(found[1], "x"),
        route.address,
    )


@pytest.fixture
def asked_for(monkeypatch):
    """The parameters that a page has looked for."""
    names = set()
    for method in ("get", "getlist", "__getitem__", "__contains__"):
        monkeypatch.setattr(
            QueryDict, method, noting(names, getattr(QueryDict, method))
        )
    return names


def noting(names, usual):
    def spy(self, key, *rest):
        names.add(key)
        return usual(self, key, *rest)

    return spy


def wrong(answer, url):
    """What is wrong with an answer, or nothing."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = content.decode(errors="replace")
    if answer.status_code >= 500:
        return f"{url[:150]} → {answer.status_code}"
    if "<script>alert(1)" in text and "text/html" in answer["Content-Type"]:
        return f"{url[:150]} → markup of a stranger"
    if answer.status_code >= 400 and (found := leaks.on_page(text, sent=url)):
        return f"{url[:150]} → tells of {found}"
    location = answer.headers.get("Location", "")
    if location.startswith(("//", "http", "\\")):
        return f"{url[:150]} → sends to {location[:80]}"
    return None


def all_wrong(client, urls):
    found = []
    for url in urls:
        try:
            found.append(wrong(client.get(url), url))
        except Exception as problem:
            found.append(
                f"{url[:150]} → {type(problem).__name__}: {str(problem)[:200]}"
            )
    return [one for one in found if one]


@pytest.mark.parametrize("route", pages(), ids=lambda route: route.address or "/")
def test_survives_its_parameters(world, asked_for, route):
    client = Client(raise_request_exception=True)
    url = addressed(route, world)
    usual = {"m": "loss", "chart": "line", "c": "1,2,3", "q": ""}
    assert wrong(client.get(url, usual), url) is None
    names = sorted(asked_for - {"csrfmiddlewaretoken"})
    asked_for.clear()

    together = [
        f"{url}?" + "&".join(f"{name}={value}" for name in names) for value in VALUES
    ]
    often = [f"{url}?" + f"{name}=1&" * 3000 for name in names[:1]]

    found = all_wrong(client, together + often)

    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("route", pages(), ids=lambda route: route.address or "/")
def test_survives_each_parameter_alone(world, asked_for, route):
    """One value for each; TRACKER_TEST_THOROUGH=1 tries all, which takes ten minutes."""
    client = Client(raise_request_exception=True)
    url = addressed(route, world)
    usual = {"m": "loss", "chart": "line", "c": "1,2,3", "q": ""}
    assert wrong(client.get(url, usual), url) is None
    names = sorted(asked_for - {"csrfmiddlewaretoken"})
    asked_for.clear()
    is_thorough = bool(os.environ.get("TRACKER_TEST_THOROUGH"))
    urls = [
        f"{url}?{name}={value}"
        for place, name in enumerate(names)
        for number, value in enumerate(VALUES)
        if is_thorough or number == (place + len(url)) % len(VALUES)
    ]

    found = all_wrong(client, urls)

    assert not found, "\n".join(found[:20])


def test_survives_what_stands_in_the_address(world):
    client = Client(raise_request_exception=True)
    urls = [
        addressed(route, world, **{part: value})
        for route in pages()
        for part in re.findall(r"<(?:\w+:)?(\w+)>", route.address)
        for value in (SPECIAL_IIDS if part in ("iid", "pk") else SPECIAL_TEXTS)
    ]

    found = all_wrong(client, urls)

    assert len(urls) > 300
    assert not found, "\n".join(found[:20])


BAD_FIELDS = [
    "",
    "\0",
    "a" * 100_000,
    MARKUP,
    "9" * 5000,
    "-1",
    "\u202e\u0007",
    "%",
    "//[",
]


@pytest.mark.parametrize("route", pages("POST"), ids=lambda route: route.address or "/")
def test_survives_its_forms(world, asked_for, route):
    """Every field a form reads, with values that no person types."""
    client = Client(raise_request_exception=True)
    url = addressed(route, world)
    client.post(url, {})
    names = sorted(asked_for | {"name", "value", "key", "next"})
    asked_for.clear()
    found = []
    for value in BAD_FIELDS:
        for sent in (dict.fromkeys(names, value), {names[0]: value}):
            try:
                found.append(wrong(client.post(url, sent), url))
            except Exception as problem:
                said = f"{type(problem).__name__}: {str(problem)[:200]}"
                found.append(f"{url} {value[:20]!r} → {said}")
    for body, kind in (
        (b"\xff" * 100, "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=" + "y" * 500),
        (b"--x\r\n" * 5000, "multipart/form-data; boundary=x"),
        (b"[" * 50_000, "application/json"),
        (b"a=1&" * 10_000, "application/x-www-form-urlencoded"),
        (b"a=1", "application/x-www-form-urlencoded; charset=nonsense"),
    ):
        try:
            found.append(wrong(client.generic("POST", url, body, kind), url))
        except Exception as problem:
            found.append(f"{url} {kind} → {type(problem).__name__}: {problem}")

    assert not [one for one in found if one], "\n".join(filter(None, found))[:3000]


@pytest.mark.parametrize(
    "cookie",
    [
        "session=x",
        "session=" + "a" * 8000,
        "theme=<script>",
        "csrf=\x01",
        "=;=;;",
        "é=é",
    ],
)
def test_survives_its_cookies(world, cookie):
    answer = Client().get("/p/vision/", headers={"cookie": cookie})

    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content
