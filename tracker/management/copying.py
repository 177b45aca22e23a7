"""Very many new rows on the shortest way into their tables.

Whoever writes them answers for what the database does not look at meanwhile: that the rows
they belong to are there, and that nobody else writes the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.db import connection

from tracker import rows

# PostgreSQL's own names for what a load does without: an end of a transaction waits for no
# disk, and triggers, which is how it looks up what a row belongs to, are left alone.
QUICK = {"synchronous_commit": "off", "maintenance_work_mem": "'512MB'"}
UNTRIGGERED = {"session_replication_role": "replica"}
LINES = 5_000  # written at once


@contextmanager
def hurried() -> Iterator[None]:
    """Without looking up what each row belongs to, and without waiting for the disk.

    Nothing of it outlives the connection. Inside a transaction all stays as it is.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with _settings(QUICK | (UNTRIGGERED if _is_superuser() else {})):
            yield
    else:
        with _pragmas(foreign_keys=0, synchronous=1, soft_heap_limit=0):
            yield


@contextmanager
def _settings(values: dict[str, str]) -> Iterator[None]:
    with connection.cursor() as cursor:
        for name, value in values.items():
            cursor.execute(f"SET {name} = {value}")
        try:
            yield
        finally:
            for name in values:
                cursor.execute(f"RESET {name}")


def _is_superuser() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')")
        return bool(cursor.fetchone() == ("on",))


@contextmanager
def _pragmas(**values: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        before = {}
        for name, value in values.items():
            [before[name]] = cursor.execute(f"PRAGMA {name}").fetchone()
            cursor.execute(f"PRAGMA {name} = {value}")
        try:
            yield
        finally:
            for name, value in before.items():
                cursor.execute(f"PRAGMA {name} = {value}")


def following(table: str, number: int) -> Sequence[int]:
    """So many new primary keys."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT array_agg(nextval(pg_get_serial_sequence(%s, 'id')))"
                " FROM generate_series(1, %s)",
                [table, number],
            )
            [new] = cursor.fetchone()
            return list(new or [])
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
        [first] = cursor.fetchone()
        return range(first, first + number)


def append(table: str, columns: Sequence[str], values: Iterable[rows.Values]) -> None:
    """Write rows that nobody else knows, however many.

    Their texts hold no tabs, line ends or backslashes, and none is the word None.
    """
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        written: Any = cursor  # takes rows one by one, whatever its stubs say
        if connection.vendor == "postgresql":
            line = "\t".join(["%s"] * len(columns)) + "\n"
            lines = map(line.__mod__, values)
            with cursor.copy(
                f"COPY {table} ({names}) FROM STDIN (NULL 'None')"
            ) as copy:
                while text := "".join(islice(lines, LINES)):
                    copy.write(text)
        else:
            written.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({rows.places(len(columns))})",
                values,
            )
