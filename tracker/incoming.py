"""Request bodies as the web server hands them in: whole, or refused; and never waited for
without end.

The server reports a body that breaks off like one that ends, so that half a form would be
taken for a form. And a read cannot be given up: a client that falls silent, or sends a
byte now and then, would keep its thread for good. So the bytes are counted, and a thread
cuts the connection of whoever has sent nothing, or next to nothing, for too long.
"""

import contextlib
import functools
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.conf import settings

from tracker.connections import Facts, connections, facts, may_have_ended
from tracker.errors import Unavailable

# How long a client may fall silent within a body, and how long it may be too slow.
SILENT_SECONDS = 60.0
SLOW_SECONDS = 60.0
LOOK_SECONDS = 5.0
UNREAD_BYTES = 64 * 1024
# A read begins a moment after the bytes before it have come.
MOMENT_SECONDS = 5.0
# On other systems nobody tells of a connection.
IS_TOLD = sys.platform == "linux"


class BrokenOff(OSError):
    """The body ended before its length."""


class Waiting(NamedTuple):
    since: float
    peer: str


class Incoming:
    """A body of a known length, for WSGI."""

    def __init__(self, raw: Any, size_bytes: int, peer: str) -> None:
        self.raw, self.left, self.peer = raw, size_bytes, peer

    def read(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        content = self.taken(self.raw.read, wanted)
        while len(content) < wanted:
            content += self.taken(self.raw.read, wanted - len(content))
        return content

    def readline(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        return self.taken(self.raw.readline, wanted)

    def taken(self, read: Callable[[int], bytes], wanted: int) -> bytes:
        if not wanted:
            return b""
        with patience.waiting(self.peer):
            content = read(wanted)
        if not content:
            raise BrokenOff("The body broke off.")
        self.left -= len(content)
        return content


class InChunks:
    """A body without a length, for those who ask for it: Django does not."""

    def __init__(self, raw: Any, peer: str) -> None:
        self.raw, self.peer = raw, peer
        self.readline = raw.readline  # Django wants to have one

    def read(self, size: int) -> bytes:
        """Raises Unavailable where what looks like the end may be none."""
        with patience.waiting(self.peer):
            content: bytes = self.raw.read(size)
        if len(content) < size and IS_TOLD and may_have_ended(self.peer):
            raise Unavailable("The body may have broken off. Send it again.")
        return content


def whole(environ: dict[str, Any]) -> None:
    """Have the body counted where its length is known, and watched in any case."""
    length = environ.get("CONTENT_LENGTH") or "0"
    is_counted = length.isascii() and length.isdigit() and length != "0"
    if not is_counted and "HTTP_TRANSFER_ENCODING" not in environ:
        return
    watch(os.getpid())
    raw, peer = environ["wsgi.input"], environ.get("REMOTE_ADDR") or ""
    environ["wsgi.input"] = (
        Incoming(raw, int(length), peer) if is_counted else InChunks(raw, peer)
    )


def is_abandoned(environ: dict[str, Any]) -> bool:
    """Whether so much of the body was not read that the server will hang up.

    It takes in the little that has come anyway. A client that is not told would send its
    next request on a connection that is about to end.
    """
    body = environ.get("wsgi.input")
    return isinstance(body, Incoming) and body.left > UNREAD_BYTES


class Mark(NamedTuple):
    """When a connection had sent and received how much."""

    at: float
    facts: Facts


class Patience:
    """Who waits for whom, and the thread that ends it."""

    def __init__(self) -> None:
        self.reads: dict[int, Waiting] = {}
        self.marks: dict[Any, Mark] = {}

    @contextlib.contextmanager
    def waiting(self, peer: str) -> Iterator[None]:
        me = threading.get_ident()
        self.reads[me] = Waiting(time.monotonic(), peer)
        try:
            yield
        finally:
            del self.reads[me]

    def watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with contextlib.suppress(OSError):  # no handle left: look again later
                self.look()

    def look(self) -> None:
        now = time.monotonic()
        waits = [(now - since, peer) for since, peer in list(self.reads.values())]
        waits = [one for one in waits if one[0] > LOOK_SECONDS]
        marks = {}
        for connection in connections() if waits else ():
            with contextlib.suppress(OSError):  # it listens, or has ended
                peer = connection.getpeername()
                waited = [seconds for seconds, address in waits if address == peer[0]]
                if not waited:
                    continue
                told = facts(connection)
                mark = marks[peer] = moved(self.marks.get(peer), Mark(now, told))
                if is_silent(told, waited) or is_slow(mark, Mark(now, told)):
                    # For reading: the read ends, and whoever waited answers that the
                    # body broke off.
                    connection.shutdown(socket.SHUT_RD)
        self.marks = marks


patience = Patience()


@functools.cache
def watch(process: int) -> None:
    """Threads do not survive a fork: each process has its own."""
    if IS_TOLD:
        threading.Thread(target=patience.watch, name="silence", daemon=True).start()


def is_silent(told: Facts, waited: list[float]) -> bool:
    """Whether it is one that somebody has waited for too long: as long as it is silent."""
    quiet = told.silent_seconds
    return any(
        seconds > SILENT_SECONDS
        and seconds <= quiet + 1 <= seconds + 1 + MOMENT_SECONDS
        for seconds in waited
    )


def moved(mark: Mark | None, now: Mark) -> Mark:
    """Since when a request has been coming in at less than the least pace.

    Where something was sent, a request had its answer; where nothing has come, none is
    on its way.
    """
    if (
        mark is None
        or mark.facts.sent_bytes != now.facts.sent_bytes
        or mark.facts.received_bytes == now.facts.received_bytes
        or (now.at - mark.at > SLOW_SECONDS and not is_slow(mark, now))
    ):
        return now
    return mark


def is_slow(mark: Mark, now: Mark) -> bool:
    seconds = now.at - mark.at
    received = now.facts.received_bytes - mark.facts.received_bytes
    return seconds > SLOW_SECONDS and received < seconds * settings.MIN_BYTES_PER_SECOND
