"""Copying what is committed from SQLite's log into the database, beside those who write.

SQLite does it at the end of a commit, when the log is long: whoever has queued waits for
it, a twentieth of a second twice in every second in which lives are logged. A thread of
the process copies earlier, while others write, and lets them wait only for what came
meanwhile. Then the log begins anew.
"""

import logging
import os
import threading
import time
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connections

from tracker.database.sqlite3.base import in_lane

log = logging.getLogger(__name__)

# So many changes are worth a copy, and so long others come along.
CHANGES = 1000
PAUSE_SECONDS = 0.4
# Where the thread cannot keep up, or has died, a commit does it at 64 MB.
AT_LAST_PAGES = 16_000


class Copier:
    def __init__(self) -> None:
        self.due = threading.Event()
        self.seen = 0  # of the writer's changes
        self.thread: threading.Thread | None = None

    def note(self, changes: int) -> None:
        """The writer has made so many since it was opened."""
        if self.seen <= changes < self.seen + CHANGES:
            return
        self.seen = changes
        self.due.set()
        if self.thread is None:
            self.thread = threading.Thread(
                target=self.run, name="checkpoints", daemon=True
            )
            self.thread.start()

    def run(self) -> None:
        database: Any = connections.create_connection(DEFAULT_DB_ALIAS)
        while self.due.wait():
            time.sleep(PAUSE_SECONDS)
            self.due.clear()
            try:
                copy(database)
            except Error as problem:
                log.warning("The log is copied later: %s", problem)
                database.close()


def copy(database: Any) -> None:
    """All of it. Raises Django's errors where others write for too long, or the disk fails."""
    database.ensure_connection()
    with database.wrap_database_errors:
        # What is committed during the first is left to the second, which takes less long.
        for _ in range(2):
            database.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        with in_lane(database):
            database.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


_copiers: dict[int, Copier] = {}  # of each process its own, also after a fork


def note(changes: int) -> None:
    copier = _copiers.get(os.getpid())
    if copier is None:
        copier = _copiers.setdefault(os.getpid(), Copier())
    copier.note(changes)
