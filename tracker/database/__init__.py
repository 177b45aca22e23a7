"""Django's databases, where Tracker asks more of one than Django does."""

import functools

from django.db import connection


@functools.cache
def vendor() -> str:
    """`sqlite` or `postgresql`. To ask the connection of a thread leads through two proxies."""
    found: str = connection.vendor
    return found
