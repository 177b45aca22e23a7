"""Request bodies as streams: counted, never in memory, and never waited for forever.

The server reports a body that breaks off like one that ends, so that every byte is
counted against the Content-Length. A chunked body has none: only an empty one is taken,
because the MLflow client sends empty files that way.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest

from artifacts.storage import PIECE_BYTES
from tracker.errors import Invalid, TooLarge, Unavailable

# Each body being read holds a thread; requests without one must find threads, too.
slots = threading.BoundedSemaphore(settings.MAX_UPLOADS_AT_ONCE)


class Refused(Exception):
    """A body that cannot be read, with the status that says so."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Body(NamedTuple):
    size_bytes: int
    pieces: Iterator[bytes]


@contextmanager
def opened(request: HttpRequest, *, max_bytes: int) -> Iterator[Body]:
    """The body of a request. Raises TooLarge, Unavailable or Refused, before and while read."""
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
        raise Refused(
            411,
            "INVALID_PARAMETER_VALUE",
            "Send the file with a Content-Length; a chunked body is not accepted.",
        )


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
    """Pieces until the body ends. Raises Refused when none comes for too long.

    A read cannot be given up once it has begun; so it happens in a thread of its own,
    which outlives a stalled client's request, and ends when its connection does.
    """
    wanted: SimpleQueue[bool] = SimpleQueue()
    arrived: SimpleQueue[bytes | Exception] = SimpleQueue()

    def read_on() -> None:
        while wanted.get():
            try:
                arrived.put(read(piece_bytes))
            except Exception as problem:  # it belongs to the thread that waits
                arrived.put(problem)

    threading.Thread(target=read_on, name="body", daemon=True).start()
    try:
        while True:
            wanted.put(True)
            piece = arrived.get(timeout=settings.UPLOAD_STALL_SECONDS)
            if isinstance(piece, OSError):
                raise Invalid("The body broke off.") from piece
            if isinstance(piece, Exception):
                raise piece
            if not piece:
                return
            yield piece
    except Empty:
        raise Refused(
            408, "DEADLINE_EXCEEDED", "The body stopped arriving. Send it again."
        ) from None
    finally:
        wanted.put(False)
