"""The API's shorter way in: from WSGI to the endpoint, past Django's own handler.

What Django does around every request (signals, resolver, four layers of exceptions) takes
as long as a point takes to store. Here the same first middleware and the same endpoints
answer, for addresses that are in the dictionary of tracker/api/directory.py; everything
else goes Django's way, and both ways give the same answer.
"""

import functools
from io import BytesIO
from typing import Any, cast
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse
from django.http.response import ResponseHeaders
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.log import log_response

from tracker import middleware
from tracker.api import directory, errors


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


def close_old_connections() -> None:
    """As Django's, which goes through all the databases of the settings."""
    connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()


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


def through_the_door(request: HttpRequest) -> HttpResponse:
    """As the first of MIDDLEWARE in the settings, whose headers are always the same."""
    response = middleware.let_in(request, at_endpoint)
    # Past the methods of the headers: each of them would translate and check a constant.
    kept: dict[str, tuple[str, str]] = response.headers._store
    for name, header in usual_headers(bool(request.is_secure())).items():
        kept.setdefault(name, header)
    return response


@functools.cache
def usual_headers(is_secure: bool) -> dict[str, tuple[str, str]]:
    """What the middlewares say with every answer to a script, as Django keeps headers."""
    answer = HttpResponse()
    answer.headers = ResponseHeaders(
        {**middleware.FOR_SCRIPTS, "Permissions-Policy": middleware.PERMISSIONS}
    )
    scheme = {"wsgi.url_scheme": "https" if is_secure else "http"}
    asked = WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), **scheme})
    for said in (XFrameOptionsMiddleware, SecurityMiddleware):
        said(lambda request: answer).process_response(asked, answer)
    return dict(answer.headers._store)
