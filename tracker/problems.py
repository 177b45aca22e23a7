"""Answers to requests that no view could serve: JSON below the API's paths, else a page."""

import sys
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard import refused
from dashboard.find import Gone
from tracker import deadlines
from tracker.api import errors
from tracker.errors import TooSlow
from tracker.models import Role


def refusal(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if errors.is_api_path(request.path_info):
        return errors.error(status, code, message)
    return refused.page(request, status, message)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, 400, "BAD_REQUEST", "The request could not be read.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(
        request, 403, "PERMISSION_DENIED", str(exception) or "You may not do this."
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refusal(
        request,
        403,
        "PERMISSION_DENIED",
        "This form has expired. Go back, reload the page and send it again.",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Whoever is not signed in may find more after it: the same answer for all pages."""
    if isinstance(exception, Gone):
        return gone(request, exception)
    if (
        not errors.is_api_path(request.path_info)
        and request.method == "GET"
        and not request.user.is_authenticated
    ):
        return redirect_to_login(request.get_full_path())
    return refusal(
        request, 404, "ENDPOINT_NOT_FOUND", "There is nothing here, or not for you."
    )


def gone(request: HttpRequest, exception: Gone) -> HttpResponse:
    deleted_at = exception.project.deleted_at
    assert deleted_at
    page = {
        "gone": exception.project,
        "until": deleted_at + timedelta(days=settings.PURGE_AFTER_DAYS),
        "may_restore": exception.role == Role.OWNER,
    }
    return render(request, "dashboard/gone_project.html", page, status=410)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    """Also where the database is away or has been told to stop: Django calls this while it
    handles the exception."""
    problem = sys.exc_info()[1]
    if deadlines.was_stopped(problem):
        problem = TooSlow()
    if isinstance(problem, TooSlow):
        return refusal(request, 503, "TEMPORARILY_UNAVAILABLE", problem.message)
    if away := errors.unavailable(problem):
        answer = refusal(request, *away)
        answer["Retry-After"] = "1"
        return answer
    return refusal(request, 500, "INTERNAL_ERROR", "Tracker failed. Its log says more.")
