"""The web application, as granian loads it."""

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse

from tracker import incoming

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

django = get_wsgi_application()

from tracker import express  # noqa: E402  (needs Django to be set up)


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """The API's or Django's answer, in one piece where it is one.

    Granian sends a list with its length and in one write, anything else in chunks.
    """
    incoming.whole(environ)
    answer = express.answer(environ)
    if answer is None:
        return whole(django(environ, start_response))
    status = f"{answer.status_code} {answer.reason_phrase}"
    start_response(status, list(answer.items()))
    return answer if answer.streaming else [answer.content]


def whole(answer: Iterable[bytes]) -> Iterable[bytes]:
    if not isinstance(answer, HttpResponse):
        return answer
    content = [answer.content]
    answer.close()
    return content
