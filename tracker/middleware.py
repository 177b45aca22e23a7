"""What every request passes first: the host it names, where it comes from, and who asks."""

import logging
import secrets
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    ValidationError,
)
from django.core.validators import validate_ipv46_address
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404
from django.utils.functional import SimpleLazyObject

from tracker import access, audit, deadlines, incoming, locations, permits, redaction
from tracker.api import directory, errors
from tracker.api.endpoint import EndpointView
from tracker.models import User
from tracker.permits import Who
from tracker.problems import refusal

log = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
# The character NUL in a query, and the one that stands for what cannot be shown.
NUL, REPLACEMENT = "%00", "%EF%BF%BD"
Answer = Callable[[HttpRequest], HttpResponse]
View = Callable[..., HttpResponse]

# Beside what Django's own middlewares say before this one: no page needs any of them.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in "accelerometer bluetooth camera display-capture geolocation"
    " gyroscope magnetometer microphone midi payment serial usb".split()
)

# What a browser may do with an answer that is no page.
NOTHING = "default-src 'none'; frame-ancestors 'none'"
# And with a page that says no before the pages' own policy is reached.
BARE = (
    f"{NOTHING}; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)
FOR_SCRIPTS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": NOTHING,
}


def front_door(get_response: Answer) -> Answer:
    """Refuse foreign hosts, and changes that another web site sends.

    A page elsewhere can point its own name at this machine (DNS rebinding), and can post
    to it; in local mode there is no password to stop either. ALLOWED_HOSTS only acts
    where `get_host` is called, so it is called here, before anything else.
    """

    def pass_through(request: HttpRequest) -> HttpResponse:
        response = let_in(request, get_response)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if errors.is_api_path(request.path_info):
            for name, value in FOR_SCRIPTS.items():
                response.headers.setdefault(name, value)
        else:
            response.headers.setdefault("Cache-Control", "private, no-cache")
            if response.headers.get("Content-Type", "").startswith("text/html"):
                response.headers.setdefault("Content-Security-Policy", BARE)
        return response

    return pass_through


def let_in(request: HttpRequest, get_response: Answer) -> HttpResponse:
    """The answer, or a refusal, with what is this request's own in its headers."""
    origin = audit.Origin(address_of(request), secrets.token_hex(8))
    before = redaction.request_id.set(origin.request_id)
    with audit.asking(origin):
        refusal = refused(request)
        response = refusal if refusal is not None else get_response(request)
    redaction.request_id.reset(before)
    response.headers["X-Request-Id"] = origin.request_id
    if incoming.is_abandoned(request.META):
        response.headers["Connection"] = "close"
    return response


def refused(request: HttpRequest) -> HttpResponse | None:
    # As it was sent: Django takes `post` for POST, where a proxy may know no such thing. An
    # endpoint says itself which methods it has; for a page, the check of forms would come
    # first, and speak of forms.
    sent = request.META["REQUEST_METHOD"]
    if sent != request.method or (
        sent not in METHODS and not errors.is_api_path(request.path_info)
    ):
        answer = refusal(request, 405, "BAD_REQUEST", "There is no such method here.")
        answer["Allow"] = ", ".join(sorted(METHODS))
        return answer
    if request.META.get("HTTP_TRANSFER_ENCODING", "chunked") != "chunked":
        # The server takes off the chunks alone. What else was done to the body nobody knows.
        answer = refusal(
            request, 400, "BAD_REQUEST", "A body may be sent in chunks, not otherwise."
        )
        answer["Connection"] = "close"
        return answer
    try:
        host = request.get_host()
    except DisallowedHost:
        return refusal(
            request,
            400,
            "BAD_REQUEST",
            "This server does not answer to that host name.",
        )
    if request.method in SAFE_METHODS:
        return None
    origin = request.META.get("HTTP_ORIGIN")
    crosses = request.META.get("HTTP_SEC_FETCH_SITE") == "cross-site"
    if crosses or (origin is not None and not is_ours(origin, host)):
        return refusal(
            request,
            403,
            "PERMISSION_DENIED",
            "Another web site may not change anything here.",
        )
    return None


def address_of(request: HttpRequest) -> str:
    """Where it comes from: what the outermost proxy of ours saw, or the peer itself."""
    peer: str = request.META.get("REMOTE_ADDR") or ""
    if settings.PROXIES:
        passed = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        # Whoever asks can write what they like to the left of what our proxies added.
        claimed: str = passed[-settings.PROXIES :][0].strip()
        if is_address(claimed):
            return claimed
    return peer[:45]


def is_address(text: str) -> bool:
    try:
        validate_ipv46_address(text)
    except ValidationError:
        return False
    return True


def is_ours(origin: str, host: str) -> bool:
    """Whether a page from that origin is one of Tracker's own."""
    if settings.PUBLIC_URL and origin == settings.PUBLIC_URL:
        return True
    return locations.parts(origin).netloc.lower() == host.lower()


def api_first(get_response: Answer) -> Answer:
    """Answer what the API is asked without what follows here, which only pages need.

    The API knows its callers itself. Only a page's own script, which in team mode has
    nothing but its session to show, takes the long way.
    """

    def pass_through(request: HttpRequest) -> HttpResponse:
        try:
            found = (
                None if shows_session(request) else directory.find(request.path_info)
            )
        except Resolver404:
            found = None
        if found is None:
            return get_response(request)
        return cast(HttpResponse, found.answer(request))

    return pass_through


def shows_session(request: HttpRequest) -> bool:
    return (
        settings.MODE == "team"
        and "HTTP_AUTHORIZATION" not in request.META
        and settings.SESSION_COOKIE_NAME in request.COOKIES
    )


def known(get_response: Answer) -> Answer:
    """Tell who asks a page; it is looked up when somebody wants to know."""

    def note(request: HttpRequest) -> HttpResponse:
        audit.known(request.user)
        return get_response(request)

    return note


def local_owner(get_response: Answer) -> Answer:
    """In local mode, whoever reached this point is the owner of the machine's one account."""

    def sign_in(request: HttpRequest) -> HttpResponse:
        request.user = cast(User, SimpleLazyObject(access.local_owner))
        return get_response(request)

    return sign_in if settings.MODE == "local" else get_response


class Permits:
    """Ask for what a view has declared, before it runs. Undeclared, it is not there."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in SAFE_METHODS:
            return self.get_response(request)
        with deadlines.limited():
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Any, path: Any
    ) -> HttpResponse | None:
        if getattr(view, "cls", None) is EndpointView:
            return None  # it asks by itself: tracker/api/endpoint.py
        permit = permits.of(view, namespaces(request))
        if permit is None:
            log.error("%s has not declared what it needs", view)
            raise Http404
        needed = permit.needed(request.method)
        if needed is None or request.method not in permit.methods:
            answer = refusal(
                request, 405, "BAD_REQUEST", "This address does not answer to that."
            )
            answer["Allow"] = ", ".join(permit.methods)
            return answer
        if NUL in request.META.get("QUERY_STRING", ""):
            # PostgreSQL cannot even be asked for it, and nobody's name holds it: what is
            # wrong with the value is said as of any other that means nothing.
            request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace(
                NUL, REPLACEMENT
            )
            vars(request).pop("GET", None)
        if "\0" in request.path_info:
            raise Http404
        vars(request)["needed"] = needed
        return None if is_allowed(request, needed) else turned_away(request)


def namespaces(request: HttpRequest) -> list[str]:
    return request.resolver_match.namespaces if request.resolver_match else []


def is_allowed(request: HttpRequest, needed: permits.Needed) -> bool:
    """Of roles, the view finds out: it knows the project."""
    if needed is Who.SIGNED_IN:
        return request.user.is_authenticated
    if needed is Who.ADMIN:
        return isinstance(request.user, User) and request.user.is_superuser
    return True


def turned_away(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        raise Http404
    if request.method in SAFE_METHODS:
        return redirect_to_login(request.get_full_path())
    raise PermissionDenied("Sign in first.")
