"""Django's SQLite, for a server with many threads.

Statements are translated once, not each time they run: Django replaces the `%s` in the
text by a regular expression, which takes longer than most statements do. And whoever
writes queues for it, in the process and then among the processes: SQLite itself lets
everyone sleep, look again, and sleep longer.
"""

import fcntl
import functools
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

# Longer texts are lists of values, and rarely come twice.
REMEMBERED_CHARS = 10_000
REMEMBERED_STATEMENTS = 1000

BUSY = "database is locked: others write for too long"


@functools.lru_cache(REMEMBERED_STATEMENTS)
def translated(query: str) -> str:
    marked: str = base.FORMAT_QMARK_REGEX.sub("?", query)
    return marked.replace("%%", "%")


class Cursor(base.SQLiteCursorWrapper):
    def convert_query(
        self, query: str, *, param_names: Sequence[str] | None = None
    ) -> str:
        if param_names is None and len(query) <= REMEMBERED_CHARS:
            return translated(query)
        converted: str = super().convert_query(query, param_names=param_names)
        return converted


class Lane:
    """One writer at a time; readers never wait.

    Only a courtesy between those who come this way: the database still has a lock of its
    own, and whoever dies in the lane leaves it.
    """

    # Longer than most writes, and shorter than anybody notices.
    PAUSE_SECONDS = 0.0003

    def __init__(self) -> None:
        self.among_threads = threading.Lock()
        self.files: dict[tuple[int, str], int] = {}

    def enter(self, path: str, timeout: float) -> bool:
        """Whether it was free in time."""
        until = time.monotonic() + timeout
        if not self.among_threads.acquire(timeout=timeout):
            return False
        try:
            file = self.file(path)
            while not locked(file):
                if time.monotonic() > until:
                    self.among_threads.release()
                    return False
                time.sleep(self.PAUSE_SECONDS)
        except BaseException:
            self.among_threads.release()
            raise
        return True

    def leave(self, path: str) -> None:
        fcntl.flock(self.file(path), fcntl.LOCK_UN)
        self.among_threads.release()

    def file(self, path: str) -> int:
        # Of each process its own: a lock belongs to whoever opened the file.
        key = (os.getpid(), path)
        if key not in self.files:
            try:
                opened = os.open(f"{path}-lane", os.O_RDONLY | os.O_CREAT, 0o600)
            except OSError as problem:
                raise OperationalError(f"no lane for writers: {problem}") from problem
            self.files[key] = opened
        return self.files[key]


def locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


lane = Lane()


@contextmanager
def in_lane(connection: Any) -> Iterator[None]:
    """For whoever writes without Django's transactions. Raises OperationalError."""
    path = str(connection.settings_dict["NAME"])
    if not lane.enter(path, connection.settings_dict["OPTIONS"].get("timeout", 5)):
        raise OperationalError(BUSY)
    try:
        yield
    finally:
        lane.leave(path)


class DatabaseWrapper(base.DatabaseWrapper):
    is_in_lane = False

    def create_cursor(self, name: str | None = None) -> Cursor:
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor

    def begin(self) -> None:
        """A transaction that is committed plainly, or that Django's next one goes on with."""
        self.ensure_connection()
        self._enter_lane()
        try:
            with self.wrap_database_errors:
                self.connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._leave_lane()
            raise

    def commit_begun(self) -> None:
        with self.wrap_database_errors:
            self.connection.commit()
        self._leave_lane()

    def undo_begun(self) -> None:
        self._rollback()

    def _start_transaction_under_autocommit(self) -> None:
        if self.is_in_lane:
            return  # begun already
        self._enter_lane()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._leave_lane()
            raise

    def _commit(self) -> Any:
        committed = super()._commit()  # type: ignore[misc]
        self._leave_lane()
        return committed

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._leave_lane()

    def is_usable(self) -> bool:
        """Asked after an error, at the end of a request. A file that was read-only when it
        was opened stays so for this connection, whatever becomes of the file."""
        return False

    def close(self) -> None:
        super().close()
        if self.connection is None:  # else an atomic block will close it at its end
            self._leave_lane()

    def _enter_lane(self) -> None:
        timeout = self.settings_dict["OPTIONS"].get("timeout", 5)
        if not lane.enter(str(self.settings_dict["NAME"]), timeout):
            raise OperationalError(BUSY)
        self.is_in_lane = True

    def _leave_lane(self) -> None:
        if self.is_in_lane:
            self.is_in_lane = False
            lane.leave(str(self.settings_dict["NAME"]))
