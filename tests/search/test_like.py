"""LIKE on SQLite: functions of ours, judged by regular expressions."""

import re
import time

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tracker.sqlite import ilike, like


def judged(text, pattern, flags=0):
    words = {"%": ".*", "_": "."}
    expression = "".join(words.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(expression, text, re.DOTALL | flags) is not None


@given(st.text("abA\n\\é", max_size=8), st.text("abA%_\\é", max_size=7))
def test_agrees_with_a_regular_expression(text, pattern):
    assert like(text, pattern) == judged(text, pattern)
    assert ilike(text, pattern) == judged(text, pattern, re.IGNORECASE)


def test_nothing_is_like_a_missing_value():
    assert like(None, "%") is None
    assert ilike(None, "%") is None


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("a" * 8000, "%a" * 2000 + "%b"),
        ("a" * 8000, "%_a" * 2000 + "%b%"),
        ("a" * 8000 + "c", "%" + "a" * 3000 + "b%c"),
        ("ab" * 4000 + "c", "%" + "_b" * 1500 + "_d%c"),
    ],
)
def test_takes_no_time_whatever_the_pattern(text, pattern):
    started = time.perf_counter()

    assert not like(text, pattern)

    assert time.perf_counter() - started < 1


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="functions of SQLite's")
def test_every_connection_has_them():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tracker_like('aB', '_B'), tracker_ilike('aB', 'A%')")
        assert cursor.fetchone() == (1, 1)
