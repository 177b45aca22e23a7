"""The API's shorter way in: from WSGI to the endpoint, past Django's own handler.

What Django does around every request (signals, resolver, four layers of exceptions) takes
as long as a point takes to store. Here the same first middleware and the same endpoints
answer, for addresses that are in the dictionary of tracker/api/directory.py; everything
else goes Django's way, and both ways give the same answer.
"""

from collections.abc import Callable
from typing import Any, cast
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.log import log_response

from tracker.api import directory, errors
from tracker.middleware import front_door


def answer(environ: WSGIEnvironment) -> HttpResponse | None:
    """The endpoint's answer; None where Django has to find out who answers."""
    address = environ.get("PATH_INFO", "")
    if shows_session(environ) or environ.get("SCRIPT_NAME") or not address.isascii():
        return None
    found = directory.quickly(address)
    if found is None:
        return None
    request = WSGIRequest(environ)
    vars(request)["endpoint"] = found
    try:
        response = through_the_door(request)
    except Exception as problem:  # as below the middleware: never without an answer
        response = errors.answer(problem)
    if response.streaming:
        return response  # it needs the database until it is sent, then says so itself
    if response.status_code >= 400:
        log_response(
            "%s: %s",
            response.reason_phrase,
            address,
            response=response,
            request=request,
        )
    close_old_connections()
    return response


def shows_session(environ: WSGIEnvironment) -> bool:
    """A page's own script, in team mode: sessions are Django's."""
    return (
        settings.MODE == "team"
        and "HTTP_AUTHORIZATION" not in environ
        and "HTTP_COOKIE" in environ
    )


def at_endpoint(request: HttpRequest) -> HttpResponse:
    found: Any = vars(request)["endpoint"]
    return cast(HttpResponse, found.answer(request))


# As the first of MIDDLEWARE in the settings.
through_the_door = cast(
    Callable[[HttpRequest], HttpResponse],
    SecurityMiddleware(XFrameOptionsMiddleware(front_door(at_endpoint))),
)
