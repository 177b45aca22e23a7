"""Request bodies as streams: counted, never in memory, and only so many at once.

The server reports a body that breaks off like one that ends, so that every byte is
counted against the Content-Length. A chunked body has none: only an empty one is taken,
because the MLflow client sends empty files that way.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest

from artifacts.blobs import PIECE_BYTES
from tracker.errors import Invalid, TooLarge, Unavailable

# A body holds its thread for as long as its client takes, and a read cannot be given up:
# granian then lets nobody run until it returns. So other requests must find threads, too.
slots = threading.BoundedSemaphore(settings.MAX_UPLOADS_AT_ONCE)


class LengthRequired(Exception):
    """The body came in chunks, and nobody can tell a whole one from half."""


class Body(NamedTuple):
    size_bytes: int
    pieces: Iterator[bytes]


@contextmanager
def opened(request: HttpRequest, *, max_bytes: int) -> Iterator[Body]:
    """The body of a request. Raises TooLarge, Unavailable, LengthRequired, and Invalid
    while it is read.
    """
    size = announced(request)
    if size > max_bytes:
        raise TooLarge(f"The file has {size} bytes; the limit is {max_bytes}.")
    if not slots.acquire(blocking=False):
        raise Unavailable("Too many files are being uploaded at once. Try again.")
    try:
        if is_chunked(request):
            refuse_content(request)
            yield Body(0, iter(()))
        else:
            yield Body(size, counted(arriving(request.read), size))
    finally:
        slots.release()


def announced(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise Invalid("The Content-Length is not a number.")
    return int(length)


def is_chunked(request: HttpRequest) -> bool:
    return "HTTP_TRANSFER_ENCODING" in request.META


def refuse_content(request: HttpRequest) -> None:
    # Django takes a body without a length for none: ask the server itself.
    if next(arriving(request.META["wsgi.input"].read, piece_bytes=1), b""):
        raise LengthRequired


def counted(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The pieces as they are. Raises Invalid where they end too early."""
    received = 0
    for piece in pieces:
        received += len(piece)
        yield piece
    if received != size:
        raise Invalid(f"The body broke off after {received} of {size} bytes.")


def arriving(
    read: Callable[[int], bytes], *, piece_bytes: int = PIECE_BYTES
) -> Iterator[bytes]:
    """Pieces until the body ends, however it ends."""
    try:
        while piece := read(piece_bytes):
            yield piece
    except OSError as problem:
        raise Invalid("The body broke off.") from problem
