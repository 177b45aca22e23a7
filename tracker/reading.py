"""Many rows read at once, without the ORM and without a turn for each.

PostgreSQL is asked several questions on one journey. On SQLite, Python lets go of its lock
for every row that it fetches, and while scripts log, other threads take it: a page of a
hundred runs with 25 things each waited for it 2,500 times. There the database tells all
rows of an answer as one text.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple

import msgspec
from django.db import DataError, connection

from tracker.database import vendor
from tracker.rows import Values, cursor, integers, places, prepared


class Told:
    """Columns, by their types, that SQLite tells as one text.

    A `float` comes as a text that reads as exactly that number: in JSON it writes only fifteen
    digits.
    """

    def __init__(self, **columns: type) -> None:
        parts = [
            f"quote({name})" if kind is float else name
            for name, kind in columns.items()
        ]
        self.columns = f"json_group_array(json_array({', '.join(parts)}))"
        kinds = [str if kind is float else kind for kind in columns.values()]
        row: Any = tuple[tuple(kinds)]  # type: ignore[misc]
        self.decoder: msgspec.json.Decoder[list[Values]] = msgspec.json.Decoder(
            list[row]
        )


class Asked(NamedTuple):
    """What is asked of the rows with these ids: `SELECT … WHERE id {among}`."""

    text: str
    ids: Sequence[int]
    told: Told | None = None


def of_each(*questions: Asked) -> list[list[Values]]:
    """The rows that each of them finds.

    PostgreSQL is asked all of it at once, and answers one while the last is read.
    """
    if vendor() == "postgresql":
        return _on_one_journey(questions)
    return [_found(one) for one in questions]


def _on_one_journey(questions: Iterable[Asked]) -> list[list[Values]]:
    connection.ensure_connection()
    with ExitStack() as open:
        open.enter_context(connection.wrap_database_errors)
        open.enter_context(connection.connection.pipeline())
        asked = []
        for text, ids, _ in questions:
            cursor = open.enter_context(prepared())
            cursor.execute(text.format(among="= ANY(%s)"), [integers(ids)])
            asked.append(cursor)
        found: list[list[Values]] = [cursor.fetchall() for cursor in asked]
        return found


def _found(asked: Asked) -> list[Values]:
    text = asked.text.format(among=f"IN ({places(len(asked.ids))})")
    if asked.told is not None:
        with suppress(DataError):  # more than a text of SQLite's may hold
            [(told,)] = _rows(f"SELECT {asked.told.columns} FROM ({text})", asked.ids)
            return asked.told.decoder.decode(told)
    return _rows(text, asked.ids)


def _rows(text: str, values: Sequence[int]) -> list[Values]:
    with cursor() as asked:
        asked.execute(text, values)
        found: list[Values] = asked.fetchall()
        return found
