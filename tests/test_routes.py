"""Every route, once: it has declared what it needs, and keeps to it."""

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from tracker import routes
from tracker.urls import handler400, handler403, handler404, handler500  # noqa: F401

urlpatterns = [path("open/", lambda request: HttpResponse("everything"), name="open")]


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
