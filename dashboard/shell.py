"""What the frame around every page shows: where we are, in which theme, in which mode."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from tracker.models import Role

THEMES = ("system", "light", "dark")
DENSITIES = ("compact", "regular", "relaxed")


def shell(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "system")
    density = request.COOKIES.get("density", "")
    return {
        "theme": theme if theme in THEMES else "system",
        "mode": settings.MODE,
        # Left by `find.project`.
        "owns_project": vars(request).get("role_here", (0, None))[1] == Role.OWNER,
        "density": density if density in DENSITIES else "regular",
        "densities": DENSITIES,
        "keys": request.COOKIES.get("keys", "on"),
    }
