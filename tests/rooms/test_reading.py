"""Many rows read at once are the rows that are there."""

import math
import sqlite3

import pytest
from django.db import connection

from tests import make
from tracker import recording
from tracker.api import contents
from tracker.recording import Point

pytestmark = pytest.mark.django_db

VALUES = [0.1, 1 / 3, -1e308, 5e-324, 1.7976931348623157e308, 123456789.12345679]
ODD = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
TEXTS = [
    "",
    "3.0",
    '"quoted", \\ and [1]',
    "two\nlines\t\x01",
    "naïve 東京 🦊",
    "x" * 5000,
]


@pytest.fixture
def run(experiment):
    candidate = make.candidate(experiment)
    recording.log_batch(
        candidate,
        metrics=[
            *(Point(f"m{n}", value, 2**53 + n, -n) for n, value in enumerate(VALUES)),
            *(Point(key, value, 1, 2) for key, value in ODD.items()),
        ],
        params={f"p{n}": text for n, text in enumerate(TEXTS)},
        tags={f"t{n}": text for n, text in enumerate(TEXTS)},
    )
    return candidate


def held(run):
    return contents.of([run.pk], [run.experiment_id])


def test_each_as_it_was_logged(run):
    found = held(run)

    metrics = {m.key: (m.value, m.timestamp, m.step) for m in found.metrics[run.pk]}
    assert metrics == {
        **{f"m{n}": (value, 2**53 + n, -n) for n, value in enumerate(VALUES)},
        "inf": ("Infinity", 1, 2),
        "-inf": ("-Infinity", 1, 2),
        "nan": ("NaN", 1, 2),
    }
    for kind, items in (("p", found.params), ("t", found.tags)):
        logged = {f"{kind}{n}": text for n, text in enumerate(TEXTS)}
        told = {one.key: one.value for one in items[run.pk]}
        assert {key: told[key] for key in logged} == logged
        assert [*told] == sorted(told)


def test_nothing_of_those_who_have_nothing(experiment):
    found = held(make.candidate(experiment))

    assert found.metrics == {} and found.params == {}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's limit")
def test_also_where_it_is_more_than_one_text_may_hold(run):
    whole = held(run)
    limit = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 8000)
    try:
        assert held(run) == whole
    finally:
        connection.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limit)
