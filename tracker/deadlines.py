"""A limited time for reading: who asks for too much is stopped, and the server is not.

A thread of each process looks at the clock and has the database break off what takes too
long. Neither database can do so by itself for some statements alone without a transaction
or a callback around each of them; this costs a statement nothing, and writes are never cut.
"""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, OperationalError, connections

from tracker.errors import TooSlow

LOOK_SECONDS = 0.25
# With nothing to watch for so long, the thread sleeps until there is.
IDLE_SECONDS = 10
CANCEL_SECONDS = 5
QUERY_CANCELED = "57014"


class Reading:
    """What a thread reads, and until when it may."""

    __slots__ = ("database", "is_done", "lock", "seconds", "until")

    def __init__(self, seconds: float) -> None:
        self.database: Any = connections[DEFAULT_DB_ALIAS]
        self.seconds = seconds
        self.until = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.is_done = False

    def stop(self) -> None:
        """Break off the statement that runs. What is asked afterwards has its time again."""
        # Under the lock: `done` waits, so that no later statement is hit instead.
        with self.lock:
            self.until = time.monotonic() + self.seconds
            raw = self.database.connection
            if self.is_done or raw is None:
                return
            with contextlib.suppress(Exception):  # it has just been closed, or is away
                if self.database.vendor == "sqlite":
                    raw.interrupt()
                else:
                    raw.cancel_safe(timeout=CANCEL_SECONDS)

    def done(self) -> None:
        with self.lock:
            self.is_done = True


class Watch:
    """The thread that looks at the clock, of one process."""

    def __init__(self) -> None:
        self.readings: dict[int, Reading] = {}
        self.is_needed = threading.Event()
        threading.Thread(target=self.run, name="deadlines", daemon=True).start()

    def begin(self, reading: Reading) -> None:
        self.readings[id(reading)] = reading
        if not self.is_needed.is_set():
            self.is_needed.set()

    def end(self, reading: Reading) -> None:
        del self.readings[id(reading)]
        reading.done()

    def run(self) -> None:
        idle_since = time.monotonic()
        while True:
            self.is_needed.wait()
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            for reading in list(self.readings.values()):
                if reading.until < now:
                    reading.stop()
                idle_since = now
            if now - idle_since > IDLE_SECONDS:
                self.is_needed.clear()
                if self.readings:  # one came between
                    self.is_needed.set()


@functools.cache
def watch(process: int) -> Watch:
    """Threads do not survive a fork: each process has its own."""
    return Watch()


@contextlib.contextmanager
def limited(seconds: float | None = None) -> Iterator[None]:
    """Queries inside have so long together: TRACKER_SEARCH_SECONDS, or less. Raises TooSlow."""
    watching = watch(os.getpid())
    reading = Reading(seconds or settings.SEARCH_SECONDS)
    watching.begin(reading)
    try:
        yield
    except OperationalError as problem:
        if not was_stopped(problem):
            raise
        raise TooSlow() from None
    finally:
        watching.end(reading)


def was_stopped(problem: BaseException | None) -> bool:
    """Whether this is how a database tells that it was made to break off."""
    if not isinstance(problem, Error):
        return False
    sqlstate = getattr(problem.__cause__, "sqlstate", None)
    return sqlstate == QUERY_CANCELED or str(problem) == "interrupted"
