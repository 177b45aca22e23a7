"""Who works here, who can see it and with which tokens, as files.

Each takes the address of its page.
"""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from dashboard import find, reach
from dashboard.list_files import answer
from dashboard.views.list_files import moment
from dashboard.views.settings import people_of
from tracker import access
from tracker.access import Actor
from tracker.models import AccessToken, Role
from tracker.permits import Who, needs

MEMBER = ("name", "role", "since", "until", "is_by_groups", "is_active")


@needs(Role.OWNER)
def members_file(request: HttpRequest, slug: str, form: str) -> HttpResponseBase:
    project = find.project(request, slug)
    rows = (
        [
            one.user.username,
            one.get_role_display(),
            moment(one.created_at),
            moment(one.ends_at),
            one.is_by_groups,
            one.user.is_active,
        ]
        for one in people_of(project).iterator()
    )
    return answer(f"{project.slug}-members", form, MEMBER, rows)


@needs(Role.READER)
def access_file(request: HttpRequest, slug: str, form: str) -> HttpResponseBase:
    """By name, as the page shows it to members. Raises PermissionDenied for others."""
    project = find.project(request, slug)
    if not access.is_insider(project, Actor(request.user)):
        raise PermissionDenied("Who has a role in this project is for its members.")
    everybody, _ = reach.everybody(project)
    rows = (
        [
            one.user.first_name if one.user.is_bot else one.user.username,
            one.role.label if one.role else None,
            " ".join(one.why),
        ]
        for one in everybody
    )
    return answer(f"{project.slug}-access", form, ("name", "role", "why"), rows)


# ---------------------------------------------------------------- tokens

TOKEN = ("name", "user", "project", "may", "made", "last_used", "ends")


@needs(Role.OWNER)
def project_tokens_file(request: HttpRequest, slug: str, form: str) -> HttpResponseBase:
    """What is known of the tokens that work in this project alone; none of the secrets."""
    project = find.project(request, slug)
    tokens = AccessToken.objects.filter(project=project, revoked_at=None)
    return answer(f"{project.slug}-tokens", form, TOKEN, token_rows(tokens))


@needs(Who.SIGNED_IN)
def tokens_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The same of one's own tokens."""
    tokens = AccessToken.objects.filter(user=find.person(request), revoked_at=None)
    return answer("tokens", form, TOKEN, token_rows(tokens))


def token_rows(tokens: QuerySet[AccessToken]) -> Iterator[list[Any]]:
    for one in tokens.select_related("user", "project").order_by("-pk").iterator():
        yield [
            one.name,
            None if one.user.is_bot else one.user.username,
            one.project.slug if one.project else None,
            one.may,
            moment(one.created_at),
            moment(one.last_used_at),
            moment(one.expires_at),
        ]
