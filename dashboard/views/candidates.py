"""To be built."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def candidate(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404


def metrics(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404


def artifacts(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404
