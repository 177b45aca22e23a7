"""Whose account an identity from the OpenID Connect provider opens.

allauth speaks the protocol; who gets in is decided here, before allauth would sign
anybody up. Only loaded where TRACKER_OIDC_ISSUER is set.
"""

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.openid_connect.views import (
    OpenIDConnectOAuth2Adapter,
)
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from tracker import audit, groups, members
from tracker.models import User, What

log = logging.getLogger(__name__)

PROVIDER = "oidc"


class Protocol(OpenIDConnectOAuth2Adapter):
    """With the callback at the address that people use, which a proxy may hide."""

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        root = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
        return root + reverse("oidc_callback")


class Identities(DefaultSocialAccountAdapter):
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if not is_answer_to_us(sociallogin):
            raise refused(request, "The provider's answer belongs to another question.")
        person = sociallogin.user if sociallogin.is_existing else None
        if person is None:
            with transaction.atomic():  # no account without its identity
                person = linked(sociallogin) or created(sociallogin)
                if person and person.is_active:
                    sociallogin.connect(request, person)
        if person is None:
            raise refused(
                request, "You have no account here. Ask an administrator to make one."
            )
        if not person.is_active:
            raise refused(request, "This account is switched off.", person.username)
        if settings.OIDC_GROUPS_CLAIM:
            groups.follow(person, groups_of(sociallogin))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False  # whoever may come has an account by then

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        log.warning("Single sign-on failed: %s %s", error, exception or "")
        raise refused(
            request, f"{settings.OIDC_NAME} did not confirm who you are. Try again."
        )


def is_answer_to_us(sociallogin: SocialLogin) -> bool:
    """Whether the identity was issued for the very question of this session."""
    asked = (sociallogin.state or {}).get("nonce")
    answered = sociallogin.account.extra_data.get("id_token", {}).get("nonce")
    return bool(asked) and constant_time_compare(str(answered), str(asked))


def groups_of(sociallogin: SocialLogin) -> set[str]:
    """What the claim says; a person without the claim is in no group."""
    said = sociallogin.account.extra_data
    claims = {**said.get("id_token", {}), **said.get("userinfo", {})}
    found = claims.get(settings.OIDC_GROUPS_CLAIM) or []
    return {str(one) for one in ([found] if isinstance(found, str) else found)}


def refused(
    request: HttpRequest, message: str, name: str = ""
) -> ImmediateHttpResponse:
    note = f"{settings.OIDC_NAME}: {message}"
    audit.record(What.SIGN_IN_FAILED, name=name, note=note)
    return ImmediateHttpResponse(problem(request, message, status=403))


def problem(request: HttpRequest, message: str, *, status: int) -> HttpResponse:
    page = {"message": message, "name": settings.OIDC_NAME}
    return render(request, "account/not_signed_in.html", page, status=status)


def verified_email(sociallogin: SocialLogin) -> str:
    """The address that the provider has checked, or nothing."""
    addresses = [one.email for one in sociallogin.email_addresses if one.verified]
    return str(addresses[0]) if addresses else ""


def linked(sociallogin: SocialLogin) -> User | None:
    """The one account here with the same verified address, where that is wanted."""
    email = verified_email(sociallogin)
    if not settings.OIDC_LINK_BY_EMAIL or not email:
        return None
    found = list(User.objects.filter(email__iexact=email, is_bot=False)[:2])
    return found[0] if len(found) == 1 else None


def created(sociallogin: SocialLogin) -> User | None:
    email = verified_email(sociallogin)
    domain = email.rpartition("@")[2].lower()
    wanted = [one.lower() for one in settings.OIDC_NEW_USERS]
    if "all" not in wanted and (not domain or domain not in wanted):
        return None
    claimed = sociallogin.user.username or email.partition("@")[0] or "someone"
    return members.create_user(members.free_name(claimed), email=email)
