"""What the frame around every page shows: where we are, in which theme, in which mode."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from tracker.models import Role

THEMES = ("system", "light", "dark")


def shell(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "system")
    return {
        "theme": theme if theme in THEMES else "system",
        "mode": settings.MODE,
        # Left by `find.project`.
        "owns_project": vars(request).get("role_here", (0, None))[1] == Role.OWNER,
    }
