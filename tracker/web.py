"""The web server: granian, with Tracker's WSGI application."""

import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from tracker.environment import Address
from tracker.processes import die_with_parent

# A stalled upload holds a thread, so there are more of them than uploads may be; those
# that are idle end by themselves.
SPARE_THREADS = 32
BACKLOG = 1024
MAX_HEADER_BYTES = 64 * 1024
# Shorter than the grace of the process that watches us.
STOP_SECONDS = 8


def run(address: Address, workers: int) -> None:
    """Serve until told to stop."""
    if sys.platform == "linux":
        # The workers start from what is loaded already, also where Python's own default
        # is another way.
        multiprocessing.set_start_method("fork", force=True)
    Server(
        "tracker.wsgi:application",
        address=numeric(address),
        port=address.port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=settings.MAX_UPLOADS_AT_ONCE + SPARE_THREADS,
        backlog=BACKLOG,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=MAX_HEADER_BYTES),
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    ).serve(target_loader=Loader(os.getpid()), wrap_loader=False)


def numeric(address: Address) -> str:
    """The host's IP address: granian takes no names."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return str(found[0][4][0])


class Loader:
    """Called first thing in each worker process of the web server."""

    def __init__(self, parent: int) -> None:
        self.parent = parent

    def __call__(self) -> Callable[..., Any]:
        die_with_parent(self.parent)
        from tracker.wsgi import application

        return application
