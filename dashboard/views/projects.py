"""To be built."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def home(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404


def projects(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404


def project(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404


def start(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404
