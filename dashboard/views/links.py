"""To be built."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def run(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404


def tracking_uri(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404
