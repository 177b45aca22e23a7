"""Questions whose statement the ORM writes once, to be asked with other values later.

For what every page asks. Building such a statement takes twenty times as long as the
database needs to answer it; the QuerySet stays the one place that says what is meant.
"""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar, get_type_hints

from django.db import connection
from django.db.models import Model, QuerySet

from tracker import rows

M = TypeVar("M", bound=Model)

# What stands for the first value of a type while the statement is written: numbers small
# enough for any column and a text short enough, and none that a condition would name.
STAND_INS: dict[Any, Callable[[int], Any]] = {
    int: lambda n: 2_071_993_811 + n,
    str: lambda n: f"value-{n}-of-the-question",
    datetime: lambda n: datetime(9000, 1, 1, second=n, tzinfo=UTC),
}


class Statement(NamedTuple):
    """In the SQL of one database, with stand-ins among its values."""

    sql: str
    values: list[Any]
    model: type[Any]
    names: list[str]  # of what a row holds, in order
    converted: list[tuple[int, Callable[..., Any], Any]]


class Question(Generic[M]):
    """About one row, given values by name.

    What else the QuerySet depends on it depends on for good: so the time has to be given.
    """

    def __init__(self, build: Callable[..., QuerySet[M]]) -> None:
        hints = get_type_hints(build)
        hints.pop("return")
        self.build = build
        self.stand_ins = {
            name: STAND_INS[kind](n) for n, (name, kind) in enumerate(hints.items())
        }
        self.statement = functools.cache(self._statement)

    def first(self, **values: int | str | datetime) -> M | None:
        """The row, with what the QuerySet annotates."""
        said = self.statement(connection.vendor)
        given = {
            stored(self.stand_ins[name]): stored(value)
            for name, value in values.items()
        }
        with rows.planned() as asked:
            asked.execute(
                said.sql, rows.sized(given.get(one, one) for one in said.values)
            )
            row = asked.fetchone()
        if row is None:
            return None
        read = list(row)
        for place, convert, expression in said.converted:
            read[place] = convert(read[place], expression, connection)
        found: M = rows.made(said.model, zip(said.names, read, strict=True))
        return found

    def _statement(self, vendor: str) -> Statement:
        queryset = self.build(**self.stand_ins)[:1]
        compiler = queryset.query.get_compiler(connection=connection)
        sql, values = compiler.as_sql()
        for name, stand_in in self.stand_ins.items():
            if stored(stand_in) not in values:
                raise TypeError(f"{self.build.__name__} does not ask for its {name}.")
        fields = [field.attname for field in queryset.model._meta.concrete_fields]
        converters = compiler.get_converters(
            [one for one, _, _ in compiler.select or ()]
        )
        return Statement(
            sql,
            list(values),
            queryset.model,
            [*fields, *queryset.query.annotation_select],
            [
                (place, convert, expression)
                for place, (converts, expression) in converters.items()
                for convert in converts
            ],
        )


def stored(value: Any) -> Any:
    """As it is among the values of a statement."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
