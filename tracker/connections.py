"""The connections of this process to the port it listens on, as Linux knows them.

The web server does not tell by which of them a request came, whether its client is still
there, nor how fast it sends.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings

# Of Linux's tcp_info: the state, how long ago something came, and how much has gone and
# come since the connection began.
TCP_INFO = struct.Struct("=B51xI64xQQ")
# CLOSE, CLOSE_WAIT, LAST_ACK, CLOSING: the client will send no more.
ENDED = {7, 8, 9, 11}


class Facts(NamedTuple):
    has_ended: bool
    silent_seconds: float
    sent_bytes: int
    received_bytes: int


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


def facts(connection: socket.socket) -> Facts:
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO.size)
    state, silent_ms, sent, received = TCP_INFO.unpack(told)
    # What has never received anything is the socket that the listening one came from.
    has_ended = state in ENDED and received > 0
    return Facts(has_ended, silent_ms / 1000, sent, received)


def may_have_ended(peer: str) -> bool:
    """Whether a connection of this address is known to have ended.

    Only then may a request of its have broken off; it may as well be another one's end.
    """
    return any(
        facts(one).has_ended and peer_of(one) in (peer, None) for one in connections()
    )


def peer_of(connection: socket.socket) -> str | None:
    """Nobody's, where it was reset."""
    try:
        return str(connection.getpeername()[0])
    except OSError:
        return None
