"""Rows read and written without the ORM, in the SQL of each database.

For what scripts report: there the ORM's own work would cost more than the database's.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from psycopg.types.numeric import Int8

T = TypeVar("T")
M = TypeVar("M", bound=Model)
Values = tuple[Any, ...]

# ---------------------------------------------------------------- one row


class Columns(NamedTuple):
    """How a model's rows are read: its fields, and what some of their values go through."""

    names: list[str]
    sql: str
    converted: list[tuple[int, Callable[[Any], Any]]]


@functools.cache
def columns_of(model: type[Model], vendor: str) -> Columns:
    fields = model._meta.concrete_fields
    converted = []
    for place, field in enumerate(fields):
        column: Any = field.get_col(model._meta.db_table)
        for convert in (
            *connection.ops.get_db_converters(column),
            *column.get_db_converters(connection),
        ):
            converted.append((place, _converter(convert, column)))
    return Columns(
        [field.attname for field in fields],
        ", ".join(f'"{field.column}"' for field in fields),
        converted,
    )


def _converter(convert: Callable[..., Any], column: Any) -> Callable[[Any], Any]:
    return lambda value: convert(value, column, connection)


def one(
    model: type[M], where: str, values: Sequence[Any], *, lock: bool = False
) -> M | None:
    """The row that meets a condition, as `filter(…).first()` finds it, in a tenth of the time."""
    vendor = connection.vendor
    columns = columns_of(model, vendor)
    # SQLite locks the whole database when the transaction begins.
    tail = " FOR NO KEY UPDATE" if lock and vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns.sql} FROM {model._meta.db_table} WHERE {where}{tail}",
            values,
        )
        row = cursor.fetchone()
    if row is None:
        return None
    read = list(row)
    for place, convert in columns.converted:
        read[place] = convert(read[place])
    return model.from_db(DEFAULT_DB_ALIAS, columns.names, read)


def add(row: Model) -> None:
    """Insert a row that nobody else knows yet, and give it its primary key."""
    table, key = row._meta.db_table, row._meta.pk
    fields = [field for field in row._meta.concrete_fields if field is not key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) VALUES ({places(len(fields))}) RETURNING id",
            [
                field.get_db_prep_save(field.pre_save(row, add=True), connection)
                for field in fields
            ],
        )
        [row.pk] = cursor.fetchone()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def change(row: Model, *names: str) -> None:
    """Save these fields of a row."""
    fields: list[Any] = [row._meta.get_field(name) for name in names]
    changes = ", ".join(f'"{field.column}" = %s' for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {row._meta.db_table} SET {changes} WHERE id = %s",
            [
                *(
                    field.get_db_prep_save(getattr(row, field.attname), connection)
                    for field in fields
                ),
                row.pk,
            ],
        )


# ---------------------------------------------------------------- many rows

# Columns of one name have one type in all tables that are written here, but for `value`:
# a number in some and text in others.
DOUBLE = frozenset("number value first_value mean min_value max_value".split())
BOOLEAN = frozenset("is_nan first_is_nan in_order".split())
TEXT = frozenset("key eid".split())

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

    What is there already stays as it is, unless `conflict` says otherwise.
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


def of_each(*questions: tuple[str, Sequence[int]]) -> list[list[Values]]:
    """The rows that several statements find, each for some ids: `… WHERE id {among}`.

    PostgreSQL is asked all of it at once, and answers one while the last is read.
    """
    if connection.vendor == "postgresql":
        return _on_one_journey(questions)
    found: list[list[Values]] = []
    with connection.cursor() as cursor:
        for text, ids in questions:
            cursor.execute(text.format(among=f"IN ({places(len(ids))})"), ids)
            found.append(cursor.fetchall())
    return found


def _on_one_journey(
    questions: Iterable[tuple[str, Sequence[int]]],
) -> list[list[Values]]:
    connection.ensure_connection()
    with ExitStack() as open:
        open.enter_context(connection.wrap_database_errors)
        open.enter_context(connection.connection.pipeline())
        asked = []
        for text, ids in questions:
            cursor = open.enter_context(prepared())
            cursor.execute(text.format(among="= ANY(%s)"), [integers(ids)])
            asked.append(cursor)
        found: list[list[Values]] = [cursor.fetchall() for cursor in asked]
        return found


@contextmanager
def prepared() -> Iterator[Any]:
    """A cursor whose statements PostgreSQL plans once for each connection.

    Django's own puts the values into the text, which is planned anew every time.
    """
    connection.ensure_connection()
    inner: Any = psycopg.Cursor(connection.connection)
    make = (
        connection.make_debug_cursor
        if connection.queries_logged
        else connection.make_cursor
    )
    with make(inner) as cursor:
        yield cursor


def integers(values: Iterable[int]) -> list[Int8]:
    """Of one width whatever their size, so that one prepared statement takes them all."""
    return [Int8(value) for value in values]


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
