"""SQLite where it differs from PostgreSQL."""

import functools
from collections.abc import Callable
from typing import Any

from django.db import migrations
from django.db.backends.signals import connection_created
from django.dispatch import receiver


class CreateClusteredModel(migrations.CreateModel):
    """A table whose rows lie in the order of their primary key.

    SQLite keeps every table by a hidden row number, and a composite key in a second
    tree beside it; WITHOUT ROWID keeps one tree: half the space, half the writes.
    PostgreSQL has no such tables; there this is CreateModel.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            sql, params = schema_editor.table_sql(model)
            schema_editor.execute(f"{sql} WITHOUT ROWID", params or None)
            schema_editor.deferred_sql.extend(schema_editor._model_indexes_sql(model))


# ---------------------------------------------------------------- LIKE


@receiver(connection_created)
def add_functions(connection: Any, **_: Any) -> None:
    """Give a new connection the functions that search.lookups calls."""
    if connection.vendor == "sqlite":
        from tracker.search import regular

        functions = {
            "tracker_like": like,
            "tracker_ilike": ilike,
            "tracker_matches": regular.matches,
        }
        for name, function in functions.items():
            connection.connection.create_function(name, 2, function, deterministic=True)


def like(text: str | None, pattern: str) -> bool | None:
    """SQL's LIKE with regard to case: the whole text; `%` any run, `_` one character."""
    return None if text is None else _matcher(pattern)(text)


def ilike(text: str | None, pattern: str) -> bool | None:
    return None if text is None else _matcher(pattern.lower())(text.lower())


@functools.lru_cache(maxsize=256)
def _matcher(pattern: str) -> Callable[[str], bool]:
    if "%" not in pattern and "_" not in pattern:
        return pattern.__eq__
    if "_" in pattern:
        return _stepwise(pattern)
    start, *middle, end = pattern.split("%")
    least = len(pattern) - pattern.count("%")

    def matches(text: str) -> bool:
        # The earliest place of each part leaves the most room for the next: no going back.
        if len(text) < least or not text.startswith(start) or not text.endswith(end):
            return False
        at, stop = len(start), len(text) - len(end)
        for part in middle:
            at = text.find(part, at, stop)
            if at < 0:
                return False
            at += len(part)
        return True

    return matches


def _stepwise(pattern: str) -> Callable[[str], bool]:
    """All the places in the pattern that the text may have reached, as bits of one number."""
    size = 0
    loops = 0  # places where any run may pass
    every = 0  # places that any character leads on from
    by_character: dict[str, int] = {}
    for character in pattern:
        if character == "%":
            loops |= 1 << size
            continue
        if character == "_":
            every |= 1 << size
        else:
            by_character[character] = by_character.get(character, 0) | 1 << size
        size += 1
    end = 1 << size

    def matches(text: str) -> bool:
        reached = 1
        for character in text:
            steps = reached & (by_character.get(character, 0) | every)
            reached = steps << 1 | reached & loops
            if not reached:
                return False
        return bool(reached & end)

    return matches
