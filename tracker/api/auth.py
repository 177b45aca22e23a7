"""Who calls the API."""

import base64
import binascii

from django.conf import settings
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from tracker import access, audit, throttling, tokens
from tracker.models import AccessToken, User

Who = tuple[User, AccessToken | None]


class PerCaller(BaseThrottle):
    """Team mode: so many calls per token, account, or address without either."""

    def allow_request(self, request: Request, view: object) -> bool:
        who = request.user.pk if request.user else None
        token = request.auth.pk if request.auth else None
        if who is None:
            address = throttling.neighbourhood(audit.origin().address)
            caller, rate = f"a{address}", settings.ANONYMOUS_RATE
        else:
            caller, rate = f"t{token}" if token else f"u{who}", settings.CALLER_RATE
        self.seconds = throttling.wait_for(caller, throttling.Rate(*rate))
        return self.seconds == 0

    def wait(self) -> float:
        return self.seconds


class LocalOwner(BaseAuthentication):
    """Local mode: whoever reaches the port is the owner.

    People carry stale tokens in their environment; they are ignored here. Host and
    Origin have been checked by the first middleware.
    """

    def authenticate(self, request: Request | HttpRequest) -> Who:
        return access.local_owner(), None


REFUSED = (
    "The credentials are not valid: unknown, expired or revoked."
    " An entry for this host in ~/.netrc overrides MLFLOW_TRACKING_TOKEN."
)


class Credentials(BaseAuthentication):
    """Team mode: `Bearer <token>`, `Basic <anything>:<token>`, or Basic with a password.

    Scripts that set MLFLOW_TRACKING_TOKEN send the first; MLFLOW_TRACKING_USERNAME and
    MLFLOW_TRACKING_PASSWORD send the others. A header that is wrong is refused, never
    taken for an anonymous visitor.
    """

    def authenticate(self, request: Request | HttpRequest) -> Who | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            return self.by_token(rest.strip())
        if scheme.lower() == "basic":
            name, password = self.pair(rest.strip())
            if password.startswith(settings.TOKEN_PREFIX):
                return self.by_token(password)
            return self.by_password(name, password)
        raise AuthenticationFailed(REFUSED)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="tracker", Basic realm="tracker"'

    @staticmethod
    def pair(encoded: str) -> tuple[str, str]:
        try:
            name, colon, password = (
                base64.b64decode(encoded, validate=True).decode().partition(":")
            )
        except (binascii.Error, UnicodeDecodeError):
            raise AuthenticationFailed(REFUSED) from None
        if not colon or "\x00" in name + password:
            raise AuthenticationFailed(REFUSED)
        return name, password

    @staticmethod
    def by_token(secret: str) -> Who:
        token = tokens.find(secret) if secret.isascii() else None
        if token is None:
            raise AuthenticationFailed(REFUSED)
        return token.user, token

    @staticmethod
    def by_password(name: str, password: str) -> Who:
        user = verified(name, password) if name and password else None
        if user is None:
            raise AuthenticationFailed(REFUSED)
        return user, None


# A password is slow to check on purpose; a training loop sends it with every call.
REMEMBERED_SECONDS = 60


def verified(name: str, password: str) -> User | None:
    """The user whose password this is; a right pair is remembered for a minute.

    The memory is under a keyed hash that also holds the stored password's digest, so
    that changing the password forgets it at once.
    """
    user = User.objects.filter(username=name, is_active=True).first()
    key = salted_hmac(
        "tracker.api.auth",
        f"{user.pk if user else 0}\0{user.password if user else name}\0{password}",
        algorithm="sha256",
    ).hexdigest()
    if user and cache.get(key):
        return user
    throttling.refuse_guessing(name, audit.origin().address)
    # For an unknown name too: Django then does the same work for nothing, so that the
    # time tells nobody which names exist.
    found = authenticate(username=name, password=password)
    if not isinstance(found, User):
        return None
    cache.set(key, True, REMEMBERED_SECONDS)
    return found
