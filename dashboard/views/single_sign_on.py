"""Signing in by the OpenID Connect provider: there, and back."""

import secrets

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from requests import RequestException

from dashboard.identities import PROVIDER, Protocol, problem
from tracker.permits import Who, needs


@needs(Who.ANYONE)
@never_cache
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider. Nothing of the address but `next` is taken over."""
    provider = get_adapter(request).get_provider(request, PROVIDER)
    provider.oauth2_adapter_class = Protocol
    following = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(following, {request.get_host()}):
        following = ""
    try:
        nonce = secrets.token_urlsafe(32)
        answer: HttpResponse = provider.redirect(
            *(request, AuthProcess.LOGIN),
            next_url=following or None,
            auth_params={**provider.get_auth_params(), "nonce": nonce},
            nonce=nonce,  # kept in this session, with what else was asked
        )
    except (RequestException, ValueError, KeyError):
        return away(request)
    return answer


@needs(Who.ANYONE)
@never_cache
def back(request: HttpRequest) -> HttpResponse:
    """From the provider, with a code that this session asked for."""
    view = OAuth2CallbackView.adapter_view(Protocol(request, PROVIDER))
    try:
        answer: HttpResponse = view(request)
    except (RequestException, ValueError, KeyError):
        return away(request)
    return answer


def away(request: HttpRequest) -> HttpResponse:
    message = f"{settings.OIDC_NAME} does not answer. Try again, or use a password."
    return problem(request, message, status=503)
