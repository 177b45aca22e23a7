"""The connection by which a process writes what came together.

What a connection has read of the database it forgets as soon as another one has written.
Were each thread to write by its own, it would read the same pages again before every
change, which takes longer than the change.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

# A mapping of the file is given up, and its pages found again one by one, whenever another
# connection has written; a cache of this size holds what is changed again and again.
AT_WORK = "PRAGMA mmap_size=0; PRAGMA cache_size=-16000;"

_writers: dict[int, Any] = {}  # of each process its own, also after a fork


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
    return writer
