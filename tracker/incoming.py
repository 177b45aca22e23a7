"""Request bodies as the web server hands them in: whole, or refused; and never waited for
without end.

The server reports a body that breaks off like one that ends, so that half a form would be
taken for a form. And a read cannot be given up: a client that falls silent would keep its
thread for good. So the bytes are counted, and a thread cuts the connection of whoever has
sent nothing for too long.
"""

import contextlib
import functools
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.conf import settings

# How long a client may fall silent within a body.
SILENT_SECONDS = 60.0
LOOK_SECONDS = 5.0
UNREAD_BYTES = 64 * 1024
# A read begins a moment after the bytes before it have come.
MOMENT_SECONDS = 5.0


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
        me = threading.get_ident()
        patience.reads[me] = Waiting(time.monotonic(), self.peer)
        try:
            content = read(wanted)
        finally:
            del patience.reads[me]
        if not content:
            raise BrokenOff("The body broke off.")
        self.left -= len(content)
        return content


def whole(environ: dict[str, Any]) -> None:
    """Have the body counted, where its length is known."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if length.isascii() and length.isdigit() and length != "0":
        watch(os.getpid())
        environ["wsgi.input"] = Incoming(
            environ["wsgi.input"], int(length), environ.get("REMOTE_ADDR") or ""
        )


def is_abandoned(environ: dict[str, Any]) -> bool:
    """Whether so much of the body was not read that the server will hang up.

    It takes in the little that has come anyway. A client that is not told would send its
    next request on a connection that is about to end.
    """
    body = environ.get("wsgi.input")
    return isinstance(body, Incoming) and body.left > UNREAD_BYTES


class Patience:
    """Who waits for whom, and the thread that ends it."""

    def __init__(self) -> None:
        self.reads: dict[int, Waiting] = {}

    def watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with contextlib.suppress(OSError):  # no handle left: look again later
                self.look()

    def look(self) -> None:
        now = time.monotonic()
        silent = [
            (now - since, peer)
            for since, peer in list(self.reads.values())
            if now - since > SILENT_SECONDS
        ]
        if silent:
            for connection in connections():
                end_silent(connection, silent)


patience = Patience()


@functools.cache
def watch(process: int) -> None:
    """Threads do not survive a fork: each process has its own."""
    # Elsewhere nobody tells how long a connection is silent.
    if sys.platform == "linux":
        threading.Thread(target=patience.watch, name="silence", daemon=True).start()


def connections() -> Iterator[socket.socket]:
    """Copies of this process's handles of connections to the port we listen on."""
    for entry in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed meanwhile
            # Sockets alone: to close a copy of a file's handle ends SQLite's locks on it.
            if not os.readlink(f"/proc/self/fd/{entry}").startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(entry))) as one:
                if (
                    one.family in (socket.AF_INET, socket.AF_INET6)
                    and one.type == socket.SOCK_STREAM
                    and one.getsockname()[1] == settings.BIND.port
                ):
                    yield one


def end_silent(connection: socket.socket, silent: list[tuple[float, str]]) -> None:
    """End it for reading, if it is one of those that are waited for: then the read ends,
    and whoever waited answers that the body broke off."""
    with contextlib.suppress(OSError):  # it listens, or has ended
        peer = connection.getpeername()[0]
        quiet = silence(connection)
        if any(
            peer == waited_for and waited <= quiet + 1 <= waited + 1 + MOMENT_SECONDS
            for waited, waited_for in silent
        ):
            connection.shutdown(socket.SHUT_RD)


def silence(connection: socket.socket) -> float:
    """For how many seconds nothing has come."""
    facts = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    # tcpi_last_data_recv of Linux's tcp_info: eight bytes, then the twelfth number.
    (milliseconds,) = struct.unpack_from("=I", facts, 8 + 4 * 11)
    return float(milliseconds) / 1000
