"""To be built."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def experiments(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404


def experiment(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404
