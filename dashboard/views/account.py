"""What belongs to the person: the theme, and how to leave local mode."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from dashboard.shell import THEMES

A_YEAR_SECONDS = 365 * 24 * 3600


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme; scripts set the same cookie by themselves."""
    following = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(following, {request.get_host()}):
        following = "/"
    response = HttpResponseRedirect(following)
    if request.POST.get("theme") in THEMES:
        response.set_cookie(
            "theme", request.POST["theme"], max_age=A_YEAR_SECONDS, samesite="Lax"
        )
    return response


def leave_local_mode(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/leave_local_mode.html")
