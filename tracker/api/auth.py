"""Who calls the API."""

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from tracker import access
from tracker.models import AccessToken, User


class LocalOwner(BaseAuthentication):
    """Local mode: whoever reaches the port is the owner.

    People carry stale tokens in their environment; they are ignored here. Host and
    Origin have been checked by the first middleware.
    """

    def authenticate(
        self, request: Request | HttpRequest
    ) -> tuple[User, AccessToken | None]:
        return access.local_owner(), None
