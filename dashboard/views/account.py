"""What belongs to the person: signing in, access tokens, the theme."""

from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import (
    LoginView,
    LogoutView,
    PasswordResetConfirmView,
)
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from dashboard.forms import TokenForm
from dashboard.shell import THEMES
from dashboard.snippets import Code
from tracker import tokens as access_tokens
from tracker.models import AccessToken, User

TEAM_SETTINGS = """\
export TRACKER_MODE=team
export TRACKER_BIND=0.0.0.0:8000
export TRACKER_PUBLIC_URL=https://tracker.example.com
export TRACKER_ALLOWED_HOSTS=tracker.example.com
make serve"""
A_YEAR_SECONDS = 365 * 24 * 3600

sign_in = LoginView.as_view(
    template_name="account/sign_in.html", redirect_authenticated_user=True
)
sign_out = LogoutView.as_view()
# The one-time link of `manage.py create_user`.
set_password = PasswordResetConfirmView.as_view(
    template_name="account/set_password.html",
    success_url=reverse_lazy("home"),
    post_reset_login=True,
)


def signed_in(request: HttpRequest) -> User:
    """Whoever asks, behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user


@login_required
def tokens(request: HttpRequest) -> HttpResponse:
    """The person's tokens; a new one is shown in the answer that made it, and never again."""
    person = signed_in(request)
    form = TokenForm(person, request.POST or None)
    issued = None
    if request.method == "POST" and form.is_valid():
        issued = access_tokens.issue(
            person,
            name=form.cleaned_data["name"],
            project=form.cleaned_data["project"],
            scope=AccessToken.Scope(form.cleaned_data["scope"]),
            lifetime=timedelta(days=form.cleaned_data["days"]),
        )
        form = TokenForm(person)
    page = {
        "form": form,
        "issued": issued,
        "tokens": AccessToken.objects.filter(user=person, revoked_at=None)
        .select_related("project")
        .order_by("-pk"),
        "section": "tokens",
    }
    return render(request, "account/tokens.html", page)


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    access_tokens.revoke(get_object_or_404(AccessToken, pk=pk, user=signed_in(request)))
    return redirect("tokens")


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


@require_safe
def leave_local_mode(request: HttpRequest) -> HttpResponse:
    """What local mode is, and the way out of it."""
    port = request.get_port()
    page = {
        "settings": Code("bash", TEAM_SETTINGS),
        "account": Code("bash", "python manage.py create_user NAME --admin"),
        "tunnel": Code("bash", f"ssh -L {port}:127.0.0.1:{port} this-machine"),
    }
    return render(request, "dashboard/leave_local_mode.html", page)
