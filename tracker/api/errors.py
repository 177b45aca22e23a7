"""Our errors in MLflow's words: code, status and JSON body."""

import logging
import re

import msgspec
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
)
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from rest_framework import exceptions as drf

from tracker import errors

log = logging.getLogger(__name__)

# Where answers are MLflow's JSON whatever happens; everywhere else people read HTML.
API_PATH = re.compile(
    r"^(?:/p/(?P<slug>[^/]+)|/api/v4/projects/(?P<gitlab>[^/]+)/ml/mlflow)?/(?P<rest>"
    r"(?:api|ajax-api|health|version|get-artifact|model-versions/get-artifact|graphql|v1)"
    r"(?:/|$))"
)

# Ours, the status and MLflow's code. Subclasses before their parents.
WORDS: list[tuple[type[Exception], int, str]] = [
    (errors.NotFound, 404, "RESOURCE_DOES_NOT_EXIST"),
    (errors.AlreadyExists, 400, "RESOURCE_ALREADY_EXISTS"),
    (errors.Invalid, 400, "INVALID_PARAMETER_VALUE"),
    (errors.Conflict, 400, "INVALID_STATE"),
    (errors.Denied, 403, "PERMISSION_DENIED"),
    (errors.TooMany, 429, "REQUEST_LIMIT_EXCEEDED"),
    (errors.TooLarge, 413, "RESOURCE_EXHAUSTED"),
    (errors.Full, 507, "RESOURCE_EXHAUSTED"),
    (errors.NotOffered, 501, "NOT_IMPLEMENTED"),
    (errors.Unavailable, 503, "TEMPORARILY_UNAVAILABLE"),
    (drf.NotAuthenticated, 401, "UNAUTHENTICATED"),
    (drf.AuthenticationFailed, 401, "UNAUTHENTICATED"),
    (drf.PermissionDenied, 403, "PERMISSION_DENIED"),
    (drf.MethodNotAllowed, 405, "BAD_REQUEST"),
    (drf.Throttled, 429, "REQUEST_LIMIT_EXCEEDED"),
    (Http404, 404, "ENDPOINT_NOT_FOUND"),
    (PermissionDenied, 403, "PERMISSION_DENIED"),
    (RequestDataTooBig, 413, "RESOURCE_EXHAUSTED"),
    (TooManyFieldsSent, 400, "INVALID_PARAMETER_VALUE"),
    (DisallowedHost, 400, "BAD_REQUEST"),
    (BadRequest, 400, "BAD_REQUEST"),
    (UnicodeError, 400, "INVALID_PARAMETER_VALUE"),
    (UnreadablePostError, 400, "INVALID_PARAMETER_VALUE"),
]


def is_api_path(path: str) -> bool:
    return API_PATH.match(path) is not None


READ_ONLY = "25006"
# How SQLite and PostgreSQL say that the disk is full.
NO_ROOM = ("disk is full", "No space left on device")
MAX_MESSAGE_CHARS = 800
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def error(status: int, code: str, message: str) -> HttpResponse:
    body = msgspec.json.encode({"error_code": code, "message": readable(message)})
    return HttpResponse(body, status=status, content_type="application/json")


def readable(text: str) -> str:
    """A sentence of bearable length, whatever it quotes, that no terminal obeys."""
    if len(text) > MAX_MESSAGE_CHARS:
        text = text[:MAX_MESSAGE_CHARS] + "…"
    return CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def answer(problem: Exception) -> HttpResponse:
    """The answer to a request that raised: predictable failures are 4xx, never 500.

    The client repeats a 500 for minutes before its user sees anything.
    """
    for kind, status, code in WORDS:
        if isinstance(problem, kind):
            response = error(status, code, message(problem))
            break
    else:
        response = failure(problem)
    if response.status_code == 401:
        response["WWW-Authenticate"] = 'Bearer realm="tracker", Basic realm="tracker"'
    if response.status_code == 503:
        response["Retry-After"] = "1"
    if wait := getattr(problem, "wait", None):  # throttled
        response["Retry-After"] = str(int(wait) + 1)
    return response


def failure(problem: Exception) -> HttpResponse:
    """The answer to what nobody expected. SQL and paths go to the log, never out."""
    if away := unavailable(problem):
        return error(*away)
    log.error("unexpected error", exc_info=problem)
    if isinstance(problem, DataError):
        return error(400, "INVALID_PARAMETER_VALUE", "A value cannot be stored.")
    return error(500, "INTERNAL_ERROR", "Tracker failed. Its log says more.")


def unavailable(problem: BaseException | None) -> tuple[int, str, str] | None:
    """Status, code and sentence where the database does not do what it was asked."""
    is_away = isinstance(problem, OperationalError | InterfaceError)
    # PostgreSQL takes no writes while a standby takes over.
    code = getattr(getattr(problem, "__cause__", None), "sqlstate", "")
    is_read_only = code == READ_ONLY or "readonly database" in str(problem)
    if not is_away and not is_read_only:
        return None
    log.warning("database unavailable: %s", problem)
    if any(sign in str(problem) for sign in NO_ROOM):
        return 507, "RESOURCE_EXHAUSTED", "The database has no room left."
    if is_read_only:
        said = "The database takes no changes at the moment. Try again later."
    else:
        said = "The database is busy or away. Try again."
    return 503, "TEMPORARILY_UNAVAILABLE", said


def message(problem: Exception) -> str:
    if isinstance(problem, errors.TrackerError):
        return problem.message
    if isinstance(problem, drf.APIException):
        return str(problem.detail)
    if isinstance(problem, Http404):
        return "No such endpoint."
    if isinstance(problem, UnicodeError):
        return "The request is not valid UTF-8."
    if isinstance(problem, DisallowedHost):
        return "This server does not answer to that host name."
    if isinstance(problem, RequestDataTooBig):
        return "The request body is too large."
    return "The request could not be read."
