"""What `manage.py check --deploy` asks beside Django's own questions."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def a_proxy_is_counted(**_: Any) -> list[checks.CheckMessage]:
    """With https somebody else has the certificate, and passes on who asks."""
    if not settings.IS_HTTPS or settings.PROXIES:
        return []
    return [
        checks.Warning(
            "TRACKER_PUBLIC_URL is https, and TRACKER_PROXIES is 0: everybody seems to come"
            " from the proxy's own address, over plain http.",
            hint="Set TRACKER_PROXIES to the number of proxies that each request passes.",
            id="tracker.W001",
        )
    ]
