"""To be built."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def compare(request: HttpRequest, **where: Any) -> HttpResponse:
    raise Http404
