"""The connection by which a process writes what came together.

What a connection has read of the database it forgets as soon as another one has written.
Were each thread to write by its own, it would read the same pages again before every
change, which takes longer than the change.

It does not wait for the disk, as SQLite's FULL does before the next may write. Whoever was
written for does, in `sync`, and is answered after that: it is the same promise, and the
next ones are written meanwhile.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from tracker.database.sqlite3 import checkpoints

# A mapping of the file is given up, and its pages found again one by one, whenever another
# connection has written; a cache of this size holds what is changed again and again.
AT_WORK = "PRAGMA mmap_size=0; PRAGMA cache_size=-16000;"
# Where the setting is FULL and SQLite keeps a log: the log is synced and copied by others.
UNHURRIED = (
    f"PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint={checkpoints.AT_LAST_PAGES};"
)
FULL = 2

# Of each process its own, also after a fork.
_writers: dict[int, Any] = {}
_logs: dict[int, str] = {}  # the path of the log, where it is left to be synced


@contextmanager
def lent() -> Iterator[Any]:
    """Let this thread speak to the database by the process's connection for a while.

    To one thread at a time; whoever calls it sees to that.
    """
    writer = opened()
    own = getattr(connections._connections, DEFAULT_DB_ALIAS, None)  # type: ignore[attr-defined]
    connections[DEFAULT_DB_ALIAS] = writer
    try:
        yield writer
        if os.getpid() in _logs and writer.connection is not None:
            checkpoints.note(writer.connection.total_changes)
    finally:
        if own is None:
            del connections[DEFAULT_DB_ALIAS]
        else:
            connections[DEFAULT_DB_ALIAS] = own
        if writer.errors_occurred:
            writer.close_if_unusable_or_obsolete()


def opened() -> Any:
    writer: Any = _writers.get(os.getpid())
    if writer is None:
        writer = connections.create_connection(DEFAULT_DB_ALIAS)
        writer.inc_thread_sharing()
        _writers[os.getpid()] = writer
    is_open = writer.connection is not None
    if not is_open:
        writer.ensure_connection()
        with writer.wrap_database_errors:
            writer.connection.executescript(AT_WORK)
            if (
                said(writer, "synchronous") == FULL
                and said(writer, "journal_mode") == "wal"
            ):
                writer.connection.executescript(UNHURRIED)
                _logs[os.getpid()] = f"{writer.settings_dict['NAME']}-wal"
    return writer


def said(writer: Any, pragma: str) -> Any:
    return writer.connection.execute(f"PRAGMA {pragma}").fetchone()[0]


def sync() -> None:
    """Return when all that this process has committed is on the disk. Raises OSError."""
    path = _logs.get(os.getpid())
    if path is None:
        return
    # Without a log all is in the database: who closed that last has copied it, and synced.
    with suppress(FileNotFoundError):
        log = os.open(path, os.O_RDONLY)  # the one file on which SQLite holds no locks
        try:
            os.fdatasync(log)
        finally:
            os.close(log)
