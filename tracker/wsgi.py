"""The web application, as granian loads it."""

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse

from tracker import incoming

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

django = get_wsgi_application()


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Django's answer, in one piece where it is one.

    Granian sends a list with its length and in one write, anything else in chunks.
    """
    incoming.whole(environ)
    answer = django(environ, start_response)
    if not isinstance(answer, HttpResponse):
        return answer
    content = [answer.content]
    answer.close()
    return content
