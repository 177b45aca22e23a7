"""Indexes set aside while very many rows are loaded, and built from all of them at the end.

A row that arrives changes a page in each index; among millions of rows that is another
page each time, and a load spends its time on writing them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection
from django.db.models import Index, Model

# KiB of SQLite's own cache meanwhile: an index of some millions of rows.
SQLITE_CACHE = 1_000_000


@contextmanager
def set_aside(models: Sequence[type[Model]]) -> Iterator[None]:
    """Without the indexes that no constraint needs.

    Where the process is killed meanwhile they are missing, until `complete` is called.
    """
    if connection.vendor == "sqlite":
        _run(f"PRAGMA cache_size = -{SQLITE_CACHE}")
    for model in models:
        for index in model._meta.indexes:
            _run(f"DROP INDEX IF EXISTS {index.name}")
    try:
        yield
    finally:
        complete(models)


def complete(models: Sequence[type[Model]]) -> None:
    """Build the indexes that are missing."""
    for model in models:
        for index in missing(model):
            editor = connection.schema_editor(collect_sql=True)
            _run(str(index.create_sql(model, editor)).replace("%%", "%"))


def missing(model: type[Model]) -> list[Index]:
    with connection.cursor() as cursor:
        there = connection.introspection.get_constraints(cursor, model._meta.db_table)
    return [index for index in model._meta.indexes if index.name not in there]


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
