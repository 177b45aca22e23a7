"""What belongs to the person: signing in, the account, access tokens, the theme."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.forms import (
    AuthenticationForm,
    PasswordChangeForm,
    SetPasswordForm,
)
from django.contrib.auth.views import (
    LoginView,
    LogoutView,
    PasswordResetConfirmView,
)
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme

from dashboard import refused
from dashboard.access_forms import lines
from dashboard.forms import TokenForm
from dashboard.list_files import links
from dashboard.shell import DENSITIES, THEMES
from dashboard.snippets import Code
from tracker import audit, members, throttling
from tracker import tokens as access_tokens
from tracker.errors import TooMany
from tracker.models import AccessToken, Membership, User
from tracker.permits import Who, needs

TEAM_SETTINGS = """\
export TRACKER_MODE=team
export TRACKER_BIND=0.0.0.0:8000
export TRACKER_PUBLIC_URL=https://tracker.example.com
export TRACKER_ALLOWED_HOSTS=tracker.example.com
make serve"""
A_YEAR_SECONDS = 365 * 24 * 3600


class SignInForm(AuthenticationForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines(self)


class NewPassword(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_one_line(self)

    def clean_old_password(self) -> str:
        """A wrong one counts, and is remembered, as a sign-in that failed: whoever sits
        before an open session may guess no more often than others."""
        old: str = self.cleaned_data["old_password"]
        if not authenticate(username=self.user.get_username(), password=old):
            raise ValidationError(
                self.error_messages["password_incorrect"], code="password_incorrect"
            )
        return old


class ChosenPassword(SetPasswordForm):  # type: ignore[type-arg]  # not generic at run time
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines(self)
        in_one_line(self)

    def save(self, commit: bool = True) -> User:
        person: User = self.user
        members.change_password(person, self.cleaned_data["new_password1"])
        return person


def in_one_line(form: Form) -> None:
    """What Django says in a list of three, and above the second field once more."""
    first, second = form.fields["new_password1"], form.fields["new_password2"]
    first.help_text = "At least twelve characters, and nothing that is easily guessed."
    second.label, second.help_text = "Once more", ""


at_the_door = needs(Who.ANYONE, changes=Who.ANYONE)
the_form = LoginView.as_view(
    template_name="account/sign_in.html",
    form_class=SignInForm,
    redirect_authenticated_user=True,
    extra_context={"oidc_name": settings.OIDC_NAME if settings.OIDC_ISSUER else ""},
)


@at_the_door
def sign_in(request: HttpRequest) -> HttpResponseBase:
    if request.method == "POST":
        name = request.POST.get("username", "")
        try:
            throttling.refuse_guessing(name, audit.origin().address)
        except TooMany as problem:
            return wait(request, problem)
    return the_form(request)


def wait(request: HttpRequest, problem: TooMany) -> HttpResponse:
    answer = refused.page(request, 429, problem.message)
    answer["Retry-After"] = str(int(problem.wait))
    return answer


sign_out = needs(changes=Who.ANYONE)(LogoutView.as_view())
# The one-time link of `manage.py create_user`.
set_password = at_the_door(
    PasswordResetConfirmView.as_view(
        template_name="account/set_password.html",
        form_class=ChosenPassword,
        success_url=reverse_lazy("home"),
        post_reset_login=True,
    )
)


def signed_in(request: HttpRequest) -> User:
    """Whoever asks, behind `needs(Who.SIGNED_IN)`."""
    assert isinstance(request.user, User)
    return request.user


@needs(Who.SIGNED_IN)
def account(request: HttpRequest) -> HttpResponse:
    return account_page(request, NewPassword(signed_in(request)))


@needs(changes=Who.SIGNED_IN)
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password ends every other session."""
    person = signed_in(request)
    try:
        throttling.refuse_guessing(person.username, audit.origin().address)
    except TooMany as problem:
        return wait(request, problem)
    form = NewPassword(person, request.POST)
    if not person.has_usable_password() or not form.is_valid():
        return account_page(request, form)
    members.change_password(person, form.cleaned_data["new_password1"])
    update_session_auth_hash(request, person)
    messages.success(request, "The password is changed; other sessions have ended.")
    return redirect("account")


@needs(changes=Who.SIGNED_IN)
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    person = signed_in(request)
    members.end_sessions(person)
    update_session_auth_hash(request, person)
    messages.success(request, "Every other session has ended.")
    return redirect("account")


def account_page(request: HttpRequest, form: NewPassword) -> HttpResponse:
    if settings.MODE == "local":
        raise Http404  # nobody has an account
    lines(form)
    del form.fields["old_password"].widget.attrs["autofocus"]  # it is one part of many
    page = {
        "form": form,
        "person": signed_in(request),
        "memberships": Membership.objects.current()
        .filter(user=signed_in(request), project__deleted_at=None)
        .select_related("project")
        .order_by("project__name"),
        "section": "account",
        "tab": "account",
    }
    status = 422 if form.is_bound else 200
    return render(request, "account/account.html", page, status=status)


@needs(Who.SIGNED_IN, changes=Who.SIGNED_IN)
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
        "page_files": links(request),
        "section": "account",
        "tab": "tokens",
    }
    response = render(request, "account/tokens.html", page)
    if issued:
        response["Cache-Control"] = "no-store"
    return response


@needs(changes=Who.SIGNED_IN)
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    mine = AccessToken.objects.select_related("user")
    access_tokens.revoke(get_object_or_404(mine, pk=pk, user=signed_in(request)))
    return redirect("tokens")


@needs(changes=Who.ANYONE)
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme; scripts set the same cookie by themselves."""
    return remembered(request, "theme", THEMES)


@needs(changes=Who.ANYONE)
def density(request: HttpRequest) -> HttpResponse:
    """Remember how high rows are."""
    return remembered(request, "density", DENSITIES)


def remembered(request: HttpRequest, name: str, known: Sequence[str]) -> HttpResponse:
    """Back to where it was asked, with a cookie that lasts."""
    following = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(following, {request.get_host()}):
        following = "/"
    response = HttpResponseRedirect(following)
    if request.POST.get(name) in known:
        response.set_cookie(
            name, request.POST[name], max_age=A_YEAR_SECONDS, samesite="Lax"
        )
    return response


@needs(Who.ANYONE)
def leave_local_mode(request: HttpRequest) -> HttpResponse:
    """What local mode is, and the way out of it."""
    port = request.get_port()
    page = {
        "settings": Code("bash", TEAM_SETTINGS),
        "account": Code("bash", "python manage.py create_user NAME --admin"),
        "tunnel": Code("bash", f"ssh -L {port}:127.0.0.1:{port} this-machine"),
    }
    return render(request, "dashboard/leave_local_mode.html", page)
