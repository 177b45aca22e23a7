"""The page that a request gets which nothing else could answer."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard.shell import THEMES
from tracker import redaction

NO_NUMBER = "-"  # outside of a request, as the log writes it


def page(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """What is wrong and what to do. It asks nothing of the database: that may be away."""
    theme, number = request.COOKIES.get("theme", ""), redaction.request_id.get()
    passes = status in (429, 500, 503)
    # Elsewhere it would tell apart what must look alike: not there, and not for you.
    is_ours = status >= 500 and number != NO_NUMBER
    context = {
        "status": status,
        "message": message,
        "theme": theme if theme in THEMES and theme != "system" else "",
        "again": request.get_full_path() if passes and request.method == "GET" else "",
        "number": number if is_ours else "",
    }
    # Without a request: no context processor, so that nothing else can fail.
    return render(None, "problem.html", context, status=status)
