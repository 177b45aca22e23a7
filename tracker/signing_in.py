"""Sign-ins, and those that failed, for the audit: whichever way they were tried.

Pages, the API's Basic authentication and Django's admin all end in Django's own
functions, which tell of it; there is no other place that sees them all.
"""

from typing import Any

from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.dispatch import receiver

from tracker import audit, throttling
from tracker.models import User, What


@receiver(user_logged_in)
def signed_in(user: User, **_: Any) -> None:
    audit.record(What.SIGNED_IN, by=user)


@receiver(user_logged_out)
def signed_out(user: User | None, **_: Any) -> None:
    if user:
        audit.record(What.SIGNED_OUT, by=user)


@receiver(user_login_failed)
def failed(credentials: dict[str, Any], **_: Any) -> None:
    # People type their password into the field above it: a name that no account has is
    # not kept. It is asked for either way, so that the time tells nothing.
    tried = str(credentials.get("username") or "").replace("\0", "")
    throttling.note_failure(tried, audit.origin().address)
    known = User.objects.filter(username=tried).exists()
    audit.record(
        What.SIGN_IN_FAILED,
        name=tried if known else "",
        note="" if known else "No account has the name that was tried.",
    )
