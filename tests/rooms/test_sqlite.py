"""SQLite as Tracker opens it."""

import pytest
from django.db import connection

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's way"),
]


def said(pragma):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")
        return cursor.fetchone()[0]


def test_what_is_acknowledged_is_on_disk():
    assert said("journal_mode") == "wal"
    assert said("synchronous") == 2  # FULL


def test_a_hundred_threads_do_not_keep_a_cache_each():
    kept_by_one = -said("cache_size") * 1024
    together = said("soft_heap_limit")

    assert 0 < together < 10 * kept_by_one
