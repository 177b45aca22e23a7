"""What the language asks of a column and Django has no word for."""

import json
from typing import Any

from django.db.models import (
    BigAutoField,
    CharField,
    Exists,
    Expression,
    F,
    Field,
    ForeignKey,
    Func,
    Lookup,
    TextField,
)
from django.db.models.lookups import In

from tracker.models.candidates import INDEXED_CHARS

Sql = tuple[str, tuple[Any, ...]]


class _Infix(Lookup):
    """A comparison that is a word between two operands."""

    sql = ""

    def operands(
        self, compiler: Any, connection: Any
    ) -> tuple[str, str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return left, right, (*left_params, *right_params)

    def as_sql(self, compiler: Any, connection: Any) -> Sql:
        left, right, params = self.operands(compiler, connection)
        return f"{left} {self.sql} {right}", params


@Field.register_lookup
class Differs(_Infix):
    """Unlike exclude(), nothing is different from a missing value."""

    lookup_name = "differs"
    sql = "<>"


class _Pattern(_Infix):
    """On SQLite a function of ours: its LIKE ignores case, and backtracks."""

    function = ""
    after = ""

    def as_sql(self, compiler: Any, connection: Any) -> Sql:
        left, right, params = self.operands(compiler, connection)
        if connection.vendor == "sqlite":
            return f"{self.function}({left}, {right})", params
        return f"{left} {self.sql} {right}{self.after}", params


@CharField.register_lookup
@TextField.register_lookup
class Like(_Pattern):
    """The whole text, with `%` for any run and `_` for one character; nothing escapes."""

    lookup_name = "like"
    sql = "LIKE"
    after = " ESCAPE ''"
    function = "tracker_like"


@CharField.register_lookup
@TextField.register_lookup
class ILike(_Pattern):
    """The same without regard to case."""

    lookup_name = "ilike"
    sql = "ILIKE"
    after = " ESCAPE ''"
    function = "tracker_ilike"


@CharField.register_lookup
@TextField.register_lookup
class Matches(_Pattern):
    """A regular expression finds something in the text."""

    lookup_name = "matches"
    sql = "~"
    function = "tracker_matches"


class There(Exists):
    """EXISTS that is looked up row by row, while the rows are read in their order.

    Left to itself PostgreSQL turns it into a join, and so reads and sorts all rows of an
    experiment for a page of a hundred, because it takes the hundred to be hard to find.
    """

    def as_postgresql(self, compiler: Any, connection: Any) -> Sql:
        sql, params = self.as_sql(
            compiler, connection, template="EXISTS(%(subquery)s OFFSET 0)"
        )
        return sql, tuple(params)


@BigAutoField.register_lookup
@CharField.register_lookup
class Among(In):
    """IN that finds out all there are once, and then asks of each row along its order.

    Left to itself PostgreSQL turns this, too, into a join, whose rows it has to sort.
    """

    lookup_name = "among"

    def as_postgresql(self, compiler: Any, connection: Any) -> Sql:
        sql, params = self.as_sql(compiler, connection)
        return f"({sql}) IS TRUE", tuple(params)


@BigAutoField.register_lookup
@ForeignKey.register_lookup
class Listed(Lookup):
    """IN for thousands of keys: one value in the statement instead of one for each."""

    lookup_name = "listed"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        is_array = connection.vendor == "postgresql"
        return "%s", [list(value) if is_array else json.dumps(list(value))]

    def as_sqlite(self, compiler: Any, connection: Any) -> Sql:
        return self._compared(
            "{} IN (SELECT value FROM json_each({}))", compiler, connection
        )

    def as_postgresql(self, compiler: Any, connection: Any) -> Sql:
        return self._compared("{} = ANY({}::bigint[])", compiler, connection)

    def _compared(self, template: str, compiler: Any, connection: Any) -> Sql:
        left, params = self.process_lhs(compiler, connection)
        right, values = self.process_rhs(compiler, connection)
        return template.format(left, right), (*params, *values)


class Head(Func):
    """The beginning of a text, written exactly as the indexes `…_value` have it.

    With the length as a parameter SQLite would not recognise the index.
    """

    arity = 1
    output_field = TextField()
    template = f"SUBSTR(%(expressions)s, 1, {INDEXED_CHARS})"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Sql:
        sql, params = self.as_sql(
            compiler, connection, template=f"LEFT(%(expressions)s, {INDEXED_CHARS})"
        )
        return sql, tuple(params)


class Bytewise(Func):
    """A text that is ordered by its bytes, on PostgreSQL as on SQLite."""

    arity = 1
    output_field = TextField()
    template = "%(expressions)s"

    def __init__(self, expression: F | Expression) -> None:
        super().__init__(expression)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Sql:
        sql, params = self.as_sql(compiler, connection, **context)
        return f'{sql} COLLATE "C"', tuple(params)
