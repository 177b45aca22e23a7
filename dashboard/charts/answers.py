"""Answers of `chart.json`: what a figure needs, and 304 where the browser has it."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags

from dashboard.charts import curve_answers, frames, pictures

COMPRESSION = GZipMiddleware(lambda request: HttpResponse())


def lines(
    request: HttpRequest, subject: frames.Subject, *, notes: Sequence[str] = ()
) -> HttpResponse:
    """Curves of one metric."""
    return sheet(request, curve_answers.sheet([subject]), notes=notes)


def sheet(
    request: HttpRequest, on: curve_answers.Sheet, *, notes: Sequence[str] = ()
) -> HttpResponse:
    """Whether curves changed is known without reading a point."""
    version = [request.GET.urlencode(), notes, curve_answers.version(on)]
    etag = tag(repr(version).encode())
    if is_known(request, etag):
        return unchanged(etag)
    content = curve_answers.answer(on)
    content["notes"] = [*notes, *content["notes"]]
    return finished(request, orjson.dumps(content), etag)


def whole(request: HttpRequest, content: dict[str, Any]) -> HttpResponse:
    """Where only the answer itself tells whether it changed."""
    body = orjson.dumps(content)
    etag = tag(body)
    return unchanged(etag) if is_known(request, etag) else finished(request, body, etag)


def finished(request: HttpRequest, body: bytes, etag: str) -> HttpResponse:
    """Compressed here: what is no page is left alone on its way out."""
    response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    # Kept by the browser, asked for each time: a live curve grows.
    patch_cache_control(response, private=True, no_cache=True)
    COMPRESSION.process_response(request, response)
    return response


def unchanged(etag: str) -> HttpResponse:
    response = HttpResponseNotModified()
    response["ETag"] = etag
    return response


def picture(figure: dict[str, Any], *, title: str, is_dark: bool) -> HttpResponse:
    """A figure as an SVG file that can run nothing."""
    response = HttpResponse(
        pictures.svg(figure, title=title, is_dark=is_dark),
        content_type="image/svg+xml; charset=utf-8",
    )
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'"
    )
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", title)
    response["Content-Disposition"] = f'inline; filename="{name[:80]}.svg"'
    return response


# A new release may draw the same data in another way.
SHAPE = "2"


def tag(content: bytes) -> str:
    return (
        f'W/"{hashlib.blake2b(SHAPE.encode() + content, digest_size=12).hexdigest()}"'
    )


def is_known(request: HttpRequest, etag: str) -> bool:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in known
