"""Every route, once: it has declared what it needs, and keeps to it."""

import re
from itertools import product as product_of
from typing import NamedTuple

import pytest
from django.conf import settings as product
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from tests import make
from tests.conftest import forget
from tracker import routes, tokens
from tracker.models import AccessToken, Role, User
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


class Person(NamedTuple):
    """Somebody with the highest role they have in the project, and two ways to show it."""

    user: User | None = None
    role: Role | None = None
    session: str = ""
    token: str = ""

    def client(self, **settings):
        client = Client(**settings)
        if self.session:
            client.cookies[product.SESSION_COOKIE_NAME] = self.session
        return client


def person(user, role=None):
    client = Client()
    client.force_login(user)
    issued = tokens.issue(user, name="walk", scope=AccessToken.Scope.ALL)
    session = client.cookies[product.SESSION_COOKIE_NAME].value
    return Person(user, role, session, issued.secret)


@pytest.fixture
def cast(vision, owner, reader, stranger, team):
    make.candidate(make.experiment(vision, "sweep"), metrics={"loss": 1.0})
    return {
        "anonymous": Person(),
        "stranger": person(stranger),
        "reader": person(reader, Role.READER),
        "writer": person(make.member(vision, "writer", Role.WRITER), Role.WRITER),
        "owner": person(owner, Role.OWNER),
    }


def one_by_one(routes):
    """Each on the same rows: what it does is undone."""
    for route in routes:
        with transaction.atomic():
            yield route
            transaction.set_rollback(True)
        forget()


def address(route, slug="vision"):
    return "/" + re.sub(
        r"<(?:\w+:)?(\w+)>",
        lambda found: (FILLING | {"slug": slug, "project": slug}).get(found[1], "x"),
        route.address,
    )


PARTS = 6  # of a walk, for as many processes as there may be


def parts(routes):
    return pytest.mark.parametrize(
        "routes", [routes[n::PARTS] for n in range(PARTS)], ids=range(PARTS)
    )


def is_of_project(route):
    return "<str:slug>" in route.address or "<str:project>" in route.address


@parts(PAGES)
def test_keeps_to_what_its_page_needs(cast, routes):
    for route in one_by_one(routes):
        for method, (who, one) in product_of(("GET", "POST"), cast.items()):
            answer = one.client().generic(method, address(route))
            check_page(f"{method} {route.address} by {who}", answer, route, one)


def check_page(said, answer, route, one):
    said = f"{said}: {answer.status_code}"
    needed = (route.needs or {}).get(answer.request["REQUEST_METHOD"])
    assert answer.status_code < 500, said
    for name, value in HEADERS.items():
        assert answer[name] == value, (said, name)
    if needed is None:
        assert answer.status_code == 405, said
        assert set(answer["Allow"].split(", ")) == set(route.needs), said
    elif needed is Who.SIGNED_IN and not one.user:
        assert answer.status_code in (302, 403), said
    elif isinstance(needed, Role) and is_of_project(route):
        check(said, answer, needed, one.role, one.user)
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


@parts(ENDPOINTS)
def test_keeps_to_what_its_endpoint_needs(cast, routes):
    for route in one_by_one(routes):
        for method, (who, one) in product_of(METHODS, cast.items()):
            headers = {"authorization": f"Bearer {one.token}"} if one.user else {}
            answer = Client().generic(
                method, address(route), b"{}", "application/json", headers=headers
            )
            check_endpoint(f"{method} {route.address} by {who}", answer, route, one)


def check_endpoint(said, answer, route, one):
    said = f"{said}: {answer.status_code}"
    needed = (route.needs or {}).get(answer.request["REQUEST_METHOD"])
    assert answer.status_code < 500 or answer.status_code == 501, said
    assert answer["X-Content-Type-Options"] == "nosniff", said
    assert "no-store" in answer["Cache-Control"], said
    if not one.user:
        assert answer.status_code == 401, said
        assert answer.has_header("WWW-Authenticate"), said
    elif needed is None:
        assert answer.status_code == 405, said
    elif one.role is None:
        assert answer.status_code == 404, said
        assert answer.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST", said
    elif one.role < needed:
        assert answer.status_code == 403, said
        assert answer.json()["error_code"] == "PERMISSION_DENIED", said
    else:
        assert answer.status_code not in (401, 403, 405), said


@parts([route for route in PAGES if "POST" in (route.needs or {})])
def test_takes_no_form_of_another_site(cast, routes):
    """Neither without the form's token, nor with it from elsewhere."""
    for route in one_by_one(routes):
        client = cast["owner"].client(enforce_csrf_checks=True)
        for headers in (
            {},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://testserver.evil.example"},
            {"sec-fetch-site": "cross-site"},
        ):
            answer = client.post(address(route), {"name": "x"}, headers=headers)
            assert answer.status_code == 403, (route.address, headers)
