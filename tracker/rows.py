"""Many rows in one statement, in the SQL of each database.

For what scripts report, where the ORM's own work would cost more than the database's.
Columns of one name have one type in all tables written here.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")
Values = tuple[Any, ...]

DOUBLE = frozenset("number value first_value mean min_value max_value".split())
BOOLEAN = frozenset("is_nan first_is_nan in_order".split())
TEXT = frozenset("key eid text".split())

# SQLite takes 32,766 variables in one statement.
SQLITE_VARIABLES = 30_000


def insert(
    table: str,
    columns: Sequence[str],
    rows: Sequence[Values],
    *,
    returning: str,
    conflict: str = "DO NOTHING",
    texts: Iterable[str] = (),
) -> list[Values]:
    """Insert rows, and return something of each that was written.

    What is there already stays as it is, unless `conflict` says otherwise. `texts` names
    columns that hold text in this table and numbers elsewhere.
    """
    if not rows:
        return []
    head = f"INSERT INTO {table} ({', '.join(columns)})"
    tail = f" ON CONFLICT {conflict} RETURNING {returning}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"{head} SELECT * FROM unnest({arrays(columns, texts)}){tail}",
                transposed(rows),
            )
            return list(cursor.fetchall())
        written: list[Values] = []
        row = f"({places(len(columns))})"
        for chunk in chunks(rows, SQLITE_VARIABLES // len(columns)):
            cursor.execute(
                f"{head} VALUES {', '.join([row] * len(chunk))}{tail}",
                [value for values in chunk for value in values],
            )
            written += cursor.fetchall()
        return written


def places(number: int) -> str:
    return ", ".join(["%s"] * number)


def arrays(columns: Iterable[str], texts: Iterable[str] = ()) -> str:
    """Places for one array of each column, with PostgreSQL's types."""
    return ", ".join(
        f"%s::{'text' if name in texts else type_of(name)}[]" for name in columns
    )


def type_of(column: str) -> str:
    if column in DOUBLE:
        return "double precision"
    if column in BOOLEAN:
        return "boolean"
    return "text" if column in TEXT else "bigint"


def transposed(rows: Iterable[Iterable[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def chunks(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
