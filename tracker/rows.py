"""Rows read and written without the ORM, in the SQL of each database.

For what scripts report: there the ORM's own work would cost more than the database's.
"""

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import msgspec
import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Choices, Model
from django.db.models.base import ModelState
from psycopg.types.numeric import Int8

from tracker.database import vendor
from tracker.database.sqlite3.base import translated

T = TypeVar("T")
M = TypeVar("M", bound=Model)
Values = tuple[Any, ...]

# ---------------------------------------------------------------- cursors


class Plain:
    """A cursor of SQLite's without Django's wrappers: they take longer than most statements."""

    def __init__(self, connected: Any, errors: Any) -> None:
        self.connected = connected
        self.errors = errors
        self.rows: Any = None

    def __enter__(self) -> "Plain":
        return self

    def __exit__(self, *problem: Any) -> None:
        if problem[0]:
            self.errors.__exit__(*problem)  # raises Django's own instead

    def execute(self, query: str, values: Sequence[Any] = ()) -> None:
        self.rows = self.connected.execute(translated(query), values)

    def executemany(self, query: str, values: Sequence[Sequence[Any]]) -> None:
        self.connected.executemany(translated(query), values)

    @property
    def lastrowid(self) -> Any:
        return self.rows.lastrowid

    def fetchone(self) -> Any:
        return self.rows.fetchone()

    def fetchall(self) -> Any:
        return self.rows.fetchall()


def cursor() -> Any:
    """As `connection.cursor()`, for the statements of what scripts report."""
    here = connections[DEFAULT_DB_ALIAS]
    if here.vendor != "sqlite" or here.execute_wrappers or here.queries_logged:
        return here.cursor()
    here.ensure_connection()
    return Plain(here.connection, here.wrap_database_errors)


# ---------------------------------------------------------------- one row


class Columns(NamedTuple):
    """How a model's rows are read: its fields, and what some of their values go through."""

    names: list[str]
    sql: str
    converted: list[tuple[int, Callable[[Any], Any]]]


@functools.cache
def columns_of(model: type[Model]) -> Columns:
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
    columns = columns_of(model)
    # SQLite locks the whole database when the transaction begins.
    tail = " FOR NO KEY UPDATE" if lock and vendor() == "postgresql" else ""
    with planned() as asked:
        asked.execute(
            f"SELECT {columns.sql} FROM {model._meta.db_table} WHERE {where}{tail}",
            sized(values),
        )
        row = asked.fetchone()
    return None if row is None else _read(model, columns, row)


def one_changed(
    model: type[M],
    changes: Mapping[str, Any],
    where: str,
    values: Sequence[Any],
    *,
    also: Mapping[str, str],
) -> M | None:
    """Change the row that meets a condition, and return it with what else is asked of it.

    One statement, and so whole or not at all by itself.
    """
    columns = columns_of(model)
    with planned() as asked:
        asked.execute(
            f"UPDATE {model._meta.db_table}"
            f" SET {', '.join(f'{name} = %s' for name in changes)} WHERE {where}"
            f" RETURNING {', '.join([columns.sql, *also.values()])}",
            sized([*changes.values(), *values]),
        )
        found = asked.fetchall()
    if not found:
        return None
    [row] = found
    changed = _read(model, columns, row[: len(columns.names)])
    vars(changed).update(zip(also, row[len(columns.names) :], strict=True))
    return changed


def _read(model: type[M], columns: Columns, row: Sequence[Any]) -> M:
    read = list(row)
    for place, convert in columns.converted:
        if read[place] is not None:
            read[place] = convert(read[place])
    return made(model, zip(columns.names, read, strict=True))


def made(model: type[M], values: Iterable[tuple[str, Any]]) -> M:
    """A row that is in the database, of the values of all its columns.

    What `from_db` makes, which asks each field about its value first.
    """
    row = model.__new__(model)
    row._state = state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    row.__dict__.update(values)
    return row


# Types that every database takes as they are.
PLAIN = frozenset([int, float, str, type(None)])


def add(row: Model) -> None:
    """Insert a row that nobody else knows yet, and give it its primary key."""
    fields, statement = _insertion(type(row))
    with cursor() as asked:
        asked.execute(statement, stored(row, fields))
        [row.pk] = asked.fetchone()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@functools.cache
def _insertion(model: type[Model]) -> tuple[list[Any], str]:
    fields = [one for one in model._meta.concrete_fields if not one.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    return fields, (
        f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({places(len(fields))})"
        " RETURNING id"
    )


def stored(row: Model, fields: Iterable[Any]) -> list[Any]:
    """What an insertion writes into these columns."""
    held = vars(row)
    return [
        value
        if type(value := held[field.attname]) in PLAIN and not is_set_on_saving(field)
        else _stored(field, field.pre_save(row, True))
        for field in fields
    ]


def is_set_on_saving(field: Any) -> bool:
    return getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False)


def change(row: Model, *names: str) -> None:
    """Save these fields of a row."""
    fields, statement = _change(type(row), names)
    with cursor() as asked:
        values = [_stored(field, getattr(row, field.attname)) for field in fields]
        asked.execute(statement, [*values, row.pk])


@functools.cache
def _change(model: type[Model], names: Sequence[str]) -> tuple[list[Any], str]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    changes = ", ".join(f'"{field.column}" = %s' for field in fields)
    return fields, f"UPDATE {model._meta.db_table} SET {changes} WHERE id = %s"


def _stored(field: Any, value: Any) -> Any:
    if type(value) in PLAIN:
        return value
    return field.get_db_prep_save(value, connection)


# ---------------------------------------------------------------- many rows

# Columns of one name have one type in all tables that are written here, but for `value`:
# a number in some and text in others.
DOUBLE = frozenset("number value first_value mean min_value max_value".split())
BOOLEAN = frozenset("is_nan first_is_nan in_order is_training".split())
TEXT = frozenset("key eid".split())

# So many values in one statement: SQLite is quickest about here, and statements of this
# length come again, so they are compiled once.
SQLITE_VALUES = 2500


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
    with planned() as asked:
        if vendor() == "postgresql":
            asked.execute(
                f"{head} SELECT * FROM unnest({arrays(columns, texts)}){tail}",
                by_column(columns, rows),
            )
            return list(asked.fetchall())
        written: list[Values] = []
        row = f"({places(len(columns))})"
        for chunk in chunks(rows, SQLITE_VALUES // len(columns)):
            asked.execute(
                f"{head} VALUES {', '.join([row] * len(chunk))}{tail}",
                [value for values in chunk for value in values],
            )
            written += asked.fetchall()
        return written


def append(
    table: str, columns: Sequence[str], rows: Sequence[Values], *, conflict: str = ""
) -> int | None:
    """Insert rows into SQLite that are not there yet. Returns the id of the last.

    Those of a few rows follow each other: nobody else writes meanwhile.
    """
    last: int | None = None
    with cursor() as asked:
        for chunk in chunks(rows, SQLITE_VALUES // len(columns)):
            asked.execute(
                _insertion_of(table, tuple(columns), len(chunk), conflict),
                [*chain.from_iterable(chunk)],
            )
            last = asked.lastrowid
    return last


@functools.lru_cache(1000)
def _insertion_of(
    table: str, columns: tuple[str, ...], number: int, conflict: str
) -> str:
    row = f"({places(len(columns))})"
    return (
        f"INSERT INTO {table} ({', '.join(columns)})"
        f" VALUES {', '.join([row] * number)}"
        + (f" ON CONFLICT {conflict}" if conflict else "")
    )


def planned() -> Any:
    """A cursor for statements that come again and again: see `prepared`."""
    return prepared() if vendor() == "postgresql" else cursor()


class Numbered(psycopg.RawCursor[Any]):
    """Takes Django's `%s`, translated once: psycopg does it each time a long text is run."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
        return super().execute(numbered(query), params, **how)


@functools.lru_cache(1000)
def numbered(query: str) -> bytes:
    """A statement with `$1`, `$2` … for `%s`, as PostgreSQL itself has them."""
    first, *others = query.split("%s")
    parts = [f"${place}{text}" for place, text in enumerate(others, 1)]
    return "".join([first, *parts]).replace("%%", "%").encode()


@contextmanager
def prepared() -> Iterator[Any]:
    """A cursor whose statements PostgreSQL plans once for each connection.

    Django's own puts the values into the text, which is planned anew every time.
    """
    connection.ensure_connection()
    inner: Any = Numbered(connection.connection)
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


def sized(values: Iterable[Any]) -> list[Any]:
    """The same for values of which some are integers, and texts are of a choice."""
    plain = [one.value if isinstance(one, Choices) else one for one in values]
    if vendor() == "sqlite":
        return plain
    return [Int8(value) if type(value) is int else value for value in plain]


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


def by_column(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> list[list[Any]]:
    """An array of each column; its integers of one width, as `integers` says."""
    return [
        [*map(wide, column)] if type_of(name) == "bigint" else list(column)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    ]


def wide(value: int | None) -> Int8 | None:
    return None if value is None else Int8(value)


def recordset(name: str, columns: Sequence[str], texts: Iterable[str] = ()) -> str:
    """A place for `records`, as a table of that name.

    One text, which is written at once. An array for each column is made element by element.
    """
    typed = ", ".join(
        f"{column} {'text' if column in texts else type_of(column)}"
        for column in columns
    )
    return f"json_to_recordset(%s::json) AS {name} ({typed})"


def records(columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows as PostgreSQL reads them from JSON, whose numbers end before infinity."""
    return msgspec.json.encode(
        [
            {
                name: str(value) if value in INFINITIES else value
                for name, value in zip(columns, row, strict=True)
            }
            for row in rows
        ]
    ).decode()


INFINITIES = frozenset([math.inf, -math.inf])


def chunks(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
