"""Django's SQLite, for a server with many threads.

Statements are translated once, not each time they run: Django replaces the `%s` in the
text by a regular expression, which takes longer than most statements do. And whoever
writes queues in the process, where the next one is woken at once: SQLite itself lets a
thread sleep, look again, and sleep longer.
"""

import functools
import threading
from collections.abc import Sequence
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

# Longer texts are lists of values, and rarely come twice.
REMEMBERED_CHARS = 10_000
REMEMBERED_STATEMENTS = 1000


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


# One writer at a time. Readers never wait.
lane = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    is_in_lane = False

    def create_cursor(self, name: str | None = None) -> Cursor:
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        if not lane.acquire(timeout=self.settings_dict["OPTIONS"].get("timeout", 5)):
            raise OperationalError("database is locked: others write for too long")
        self.is_in_lane = True
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

    def close(self) -> None:
        super().close()
        if self.connection is None:  # else an atomic block will close it at its end
            self._leave_lane()

    def _leave_lane(self) -> None:
        if self.is_in_lane:
            self.is_in_lane = False
            lane.release()
