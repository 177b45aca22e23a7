"""Every route, once: it has declared what it needs, and keeps to it."""

import re

import pytest
from django.conf import settings as product
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from tests import make
from tracker import routes, tokens
from tracker.api.auth import Credentials
from tracker.api.endpoint import EndpointView
from tracker.models import AccessToken, Role
from tracker.permits import Who
from tracker.urls import handler400, handler403, handler404, handler500  # noqa: F401

urlpatterns = [path("open/", lambda request: HttpResponse("everything"), name="open")]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
FILLING = {
    "iid": "1",
    "pk": "1",
    "number": "1",
    "model_id": "m-1",
    "tag_key": "k",
    "path": "a.txt",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def test_has_declared_what_each_route_needs():
    assert routes.every_route_is_declared() == []


@pytest.mark.urls("tests.test_routes")
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_does_not_serve_what_has_declared_nothing(db, method):
    answer = Client().generic(method, "/open/")

    assert answer.status_code == 404
    assert b"everything" not in answer.content
    assert [problem.id for problem in routes.every_route_is_declared()] == [
        "tracker.E001"
    ]


# ---------------------------------------------------------------- the walk

ROUTES = [route for route in routes.routes() if route.is_ours]
PAGES = [route for route in ROUTES if not route.is_endpoint]
# Endpoints below a project's address: the others are the same views.
ENDPOINTS = [
    route for route in ROUTES if route.is_endpoint and route.address.startswith("p/")
]


@pytest.fixture
def team(settings, monkeypatch):
    settings.MODE = "team"
    settings.MIDDLEWARE = [
        one for one in product.MIDDLEWARE if one != "tracker.middleware.local_owner"
    ]
    monkeypatch.setattr(EndpointView, "authentication_classes", [Credentials])


@pytest.fixture
def cast(vision, owner, reader, stranger, team):
    """Everybody, with the highest role they have in the project."""
    make.candidate(make.experiment(vision, "sweep"), metrics={"loss": 1.0})
    return {
        "anonymous": (None, None),
        "stranger": (stranger, None),
        "reader": (reader, Role.READER),
        "writer": (make.member(vision, "writer", Role.WRITER), Role.WRITER),
        "owner": (owner, Role.OWNER),
    }


def address(route, slug="vision"):
    return "/" + re.sub(
        r"<(?:\w+:)?(\w+)>",
        lambda found: (FILLING | {"slug": slug, "project": slug}).get(found[1], "x"),
        route.address,
    )


def names(route):
    return f"{route.address or '/'}"


def is_of_project(route):
    return "<str:slug>" in route.address or "<str:project>" in route.address


@pytest.mark.parametrize("route", PAGES, ids=names)
def test_keeps_to_what_its_page_needs(cast, route):
    for method in ("GET", "POST"):
        needed = (route.needs or {}).get(method)
        for who, (user, role) in cast.items():
            client = Client()
            if user:
                client.force_login(user)
            answer = client.generic(method, address(route))
            said = f"{method} {route.address} by {who}: {answer.status_code}"
            assert answer.status_code < 500, said
            for name, value in HEADERS.items():
                assert answer[name] == value, (said, name)
            if needed is None:
                assert answer.status_code == 405, said
                assert set(answer["Allow"].split(", ")) == set(route.needs), said
            elif needed is Who.SIGNED_IN and not user:
                assert answer.status_code in (302, 403), said
            elif isinstance(needed, Role) and is_of_project(route):
                check(said, answer, needed, role, user)
            if answer["Content-Type"].startswith("text/html"):
                policy = (
                    answer["Content-Security-Policy"]
                    if answer.has_header("Content-Security-Policy")
                    else "default-src 'none'"
                )
                scripts = re.search(r"script-src ([^;]*)", policy)
                assert not scripts or "unsafe" not in scripts[1], said


def check(said, answer, needed, role, user):
    if role is None:
        # As for a project that does not exist; who is not signed in may try after it.
        assert answer.status_code in ((404,) if user else (302, 403, 404)), said
        assert b"sweep" not in answer.content, said
        if answer.status_code == 302:
            assert answer["Location"].startswith("/sign-in/"), said
    elif role < needed:
        # 404: to restore a project that is not deleted is nobody's.
        assert answer.status_code in (403, 404), said
    else:
        assert answer.status_code not in (401, 403, 405), said


@pytest.mark.parametrize("route", ENDPOINTS, ids=names)
def test_keeps_to_what_its_endpoint_needs(cast, route):
    for method in METHODS:
        needed = (route.needs or {}).get(method)
        for who, (user, role) in cast.items():
            headers = {}
            if user:
                issued = tokens.issue(user, name=who, scope=AccessToken.Scope.ALL)
                headers = {"authorization": f"Bearer {issued.secret}"}
            answer = Client().generic(
                method, address(route), b"{}", "application/json", headers=headers
            )
            said = f"{method} {route.address} by {who}: {answer.status_code}"
            assert answer.status_code < 500 or answer.status_code == 501, said
            assert answer["X-Content-Type-Options"] == "nosniff", said
            assert "no-store" in answer["Cache-Control"], said
            if not user:
                assert answer.status_code == 401, said
                assert answer.has_header("WWW-Authenticate"), said
            elif needed is None:
                assert answer.status_code == 405, said
            elif role is None:
                assert answer.status_code == 404, said
                assert answer.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST", said
            elif role < needed:
                assert answer.status_code == 403, said
                assert answer.json()["error_code"] == "PERMISSION_DENIED", said
            else:
                assert answer.status_code not in (401, 403, 405), said


@pytest.mark.parametrize("route", PAGES, ids=names)
def test_takes_no_form_of_another_site(cast, route):
    """Neither without the form's token, nor with it from elsewhere."""
    if "POST" not in (route.needs or {}):
        return
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast["owner"][0])
    for headers in (
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"sec-fetch-site": "cross-site"},
    ):
        answer = client.post(address(route), {"name": "x"}, headers=headers)
        assert answer.status_code == 403, (route.address, headers)
