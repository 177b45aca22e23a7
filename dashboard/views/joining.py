"""Joining a project by an invitation, with an account or by making one."""

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from dashboard.access_forms import NewAccountForm
from tracker import invitations, members
from tracker.errors import NotFound, TrackerError
from tracker.models import Invitation, User
from tracker.permits import Who, needs

PASSWORDS = "django.contrib.auth.backends.ModelBackend"


@needs(Who.ANYONE, changes=Who.ANYONE)
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """A GET changes nothing: link previews and scanners open links too."""
    try:
        invitation = invitations.find(secret)
    except NotFound as problem:
        return answer(request, {"ended": problem.message}, 404)
    form = NewAccountForm(None)
    if request.method == "POST" and request.user.is_authenticated:
        return joined(request, invitation, request.user)
    if request.method == "POST":
        form = NewAccountForm(request.POST)
        if form.is_valid():
            try:
                return joined(request, invitation, None, form)
            except TrackerError as problem:
                form.add_error(
                    "password" if "password" in problem.message else "name",
                    problem.message,
                )
    page = {"invitation": invitation, "form": form}
    return answer(request, page, 422 if form.is_bound else 200)


def joined(
    request: HttpRequest,
    invitation: Invitation,
    person: User | None,
    form: NewAccountForm | None = None,
) -> HttpResponse:
    is_new = person is None
    try:
        with transaction.atomic():  # no account without its membership
            if person is None:
                assert form
                person = members.create_user(
                    form.cleaned_data["name"], password=form.cleaned_data["password"]
                )
            invitations.accept(invitation, person)
    except TrackerError as problem:
        if is_new:
            raise
        return answer(request, {"ended": problem.message}, 409)
    if is_new:
        login(request, person, backend=PASSWORDS)
    return redirect("project", invitation.project.slug)


def answer(request: HttpRequest, page: dict[str, object], status: int) -> HttpResponse:
    response = render(request, "account/join.html", page, status=status)
    response["Cache-Control"] = "no-store"
    return response
