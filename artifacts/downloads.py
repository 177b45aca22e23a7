"""Handing out bytes: ranges, validators, and headers under which nothing can run.

Artifacts are strangers' bytes on our own origin. They leave as a download with an inert
type and in a sandbox; a page may show four kinds of images in place, and nothing else.
"""

import mimetypes
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, parse_http_date_safe

from artifacts import contents, storage
from artifacts.blobs import Missing, Opened
from artifacts.models import Artifact
from tracker.api import errors
from tracker.errors import NotFound

# As the reference server does, so that what is text opens as text.
TEXT_EXTENSIONS = frozenset(
    "txt log err cfg conf cnf cf ini properties prop hocon toml yaml yml xml json js py"
    " py3 csv tsv md rst ipynb html htm css svg mlmodel mlproject".split()
)
# Types by name that a browser only ever shows or plays.
INERT_TYPES = contents.SHOWN_IMAGES | {
    "application/gzip",
    "application/pdf",
    "application/zip",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/x-wav",
    "image/bmp",
    "image/tiff",
    "video/mp4",
    "video/webm",
}
OPAQUE = "application/octet-stream"

HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Span(NamedTuple):
    start: int
    stop: int


class Unsatisfiable(Exception):
    """A Range that no part of the file can answer."""


def download(request: HttpRequest, artifact: Artifact) -> HttpResponseBase:
    """The whole file or one range of it, to be saved."""
    return answer(
        request,
        blob=artifact.blob,
        size_bytes=artifact.size_bytes,
        etag=f'"{artifact.sha256}"',
        modified=int(artifact.uploaded_at.timestamp()),
        content_type=type_by_name(artifact.name),
        disposition=disposition("attachment", artifact.name),
    )


def content(
    request: HttpRequest,
    artifact: Artifact,
    *,
    thumbnail: bool = False,
    inline: bool = True,
) -> HttpResponseBase:
    """For pages: an image or a sound in place, or a thumbnail; all else as a download.

    The caller has checked that this person may read the artifact. Without a thumbnail
    of its own, an image that may be shown stands for itself.
    """
    if not (inline and (is_shown(artifact) or is_played(artifact))):
        return download(request, artifact)
    small = artifact.facts.get("thumbnail_bytes") if thumbnail else None
    return answer(
        request,
        blob=artifact.thumbnail_blob if small else artifact.blob,
        size_bytes=small or artifact.size_bytes,
        etag=f'"{artifact.sha256}{"-thumbnail" if small else ""}"',
        modified=int(artifact.uploaded_at.timestamp()),
        content_type="image/webp" if small else artifact.content_type,
        disposition=disposition("inline", artifact.name),
    )


def is_shown(artifact: Artifact) -> bool:
    """Whether the worker found a well-formed image of a size that a browser bears."""
    return (
        artifact.state == Artifact.State.READY
        and artifact.content_type in contents.SHOWN_IMAGES
        and not artifact.facts.keys() & {"unreadable", "too_large"}
    )


def is_played(artifact: Artifact) -> bool:
    """Whether it is a sound or a film that browsers play, and the worker read its head."""
    return (
        artifact.state == Artifact.State.READY
        and artifact.content_type in contents.PLAYED
        and "unreadable" not in artifact.facts
    )


def answer(
    request: HttpRequest,
    *,
    blob: str,
    size_bytes: int,
    etag: str,
    modified: int,
    content_type: str,
    disposition: str,
    headers: Mapping[str, str] = HEADERS,
) -> HttpResponseBase:
    """Raises NotFound where the bytes are gone, and the storage's own errors."""
    headers = {**headers, "ETag": etag, "Last-Modified": http_date(modified)}
    unmodified = get_conditional_response(request, etag=etag, last_modified=modified)
    if unmodified:
        return with_headers(unmodified, headers)
    headers["Content-Disposition"] = disposition
    try:
        span = wanted(request, size_bytes, etag=etag, modified=modified)
    except Unsatisfiable:
        refusal = errors.error(
            416, "INVALID_PARAMETER_VALUE", f"The file has {size_bytes} bytes."
        )
        refusal["Content-Range"] = f"bytes */{size_bytes}"
        return refusal
    start, stop = span or (0, size_bytes)
    headers["Content-Length"] = str(stop - start)
    if span:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size_bytes}"
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=content_type)
    else:
        response = StreamingHttpResponse(
            opened(blob, start, stop), content_type=content_type
        )
    response.status_code = 206 if span else 200
    return with_headers(response, headers)


def opened(blob: str, start: int, stop: int) -> Opened:
    """The bytes, once it is known that they are there: an answer cannot be taken back."""
    try:
        pieces = storage.blobs().open(blob, start, stop)
    except Missing:
        raise NotFound("The bytes of this file are missing from the storage.") from None
    storage.give_back_connection()
    return pieces


def with_headers(
    response: HttpResponseBase, headers: dict[str, str]
) -> HttpResponseBase:
    for name, value in headers.items():
        response[name] = value
    return response


# ---------------------------------------------------------------- ranges

RANGE = re.compile(r"bytes=\s*(?P<first>\d{0,100})-(?P<last>\d{0,100})\s*", re.ASCII)


def wanted(
    request: HttpRequest, size_bytes: int, *, etag: str, modified: int
) -> Span | None:
    """The single range that is asked for, or None for the whole.

    RFC 9110, 14.2: an unknown unit is ignored, several ranges may be.
    """
    asked = request.headers.get("Range", "")
    if request.method != "GET" or not asked.startswith("bytes=") or "," in asked:
        return None
    condition = request.headers.get("If-Range")
    if condition and condition != etag and parse_http_date_safe(condition) != modified:
        return None
    match = RANGE.fullmatch(asked)
    if match is None or not (match["first"] or match["last"]):
        raise Unsatisfiable
    if match["first"]:
        start = int(match["first"])
        stop = min(int(match["last"]) + 1, size_bytes) if match["last"] else size_bytes
    else:
        start, stop = max(0, size_bytes - int(match["last"])), size_bytes
    if start >= stop:
        raise Unsatisfiable
    return Span(start, stop)


# ---------------------------------------------------------------- names and types


def type_by_name(name: str) -> str:
    """As people expect from the name, where that cannot do harm.

    By name and not by content: it is the same before and after the worker has looked.
    """
    if name.rpartition(".")[2].lower() in TEXT_EXTENSIONS:
        return "text/plain"
    guessed = mimetypes.guess_type(name)[0]
    return guessed if guessed in INERT_TYPES else OPAQUE


TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def disposition(kind: str, name: str) -> str:
    """RFC 6266: a token where the name is one, else quoted, and in UTF-8 beside it."""
    if TOKEN.fullmatch(name):
        return f"{kind}; filename={name}"
    plain = name.encode("ascii", "replace").decode().replace("\\", "_")
    quoted = plain.replace('"', '\\"')
    if name.isascii():
        return f'{kind}; filename="{quoted}"'
    return f"{kind}; filename=\"{quoted}\"; filename*=UTF-8''{quote(name, safe='')}"
