"""Requests that come together share one commit, and none loses anything by it."""

import sqlite3
import time

import pytest
from django.db import OperationalError, connection

from tests import make
from tests.together import together
from tracker import gathering, recording
from tracker.database.sqlite3.base import in_lane
from tracker.errors import NotFound
from tracker.models import Point
from tracker.points import Named
from tracker.recording import Point as P

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's way"),
]

WRITERS = 8


@pytest.fixture
def run(experiment):
    candidate = make.candidate(experiment)
    for step in range(
        2
    ):  # the second notes that it trains; from then on nothing is due
        recording.log_batch(candidate, metrics=points(step))
    return candidate


@pytest.fixture
def transactions(monkeypatch):
    """How many requests each group had."""
    sizes = []
    write = gathering.write

    def counted(take, taken):
        write(take, taken)
        sizes.append(len(taken))

    monkeypatch.setattr(gathering, "write", counted)
    return sizes


def points(step):
    return [P(f"m{key}", float(step), step, step) for key in range(WRITERS)]


def gathered(write):
    """Let them all come while somebody else writes, and only then have their turn."""
    waiting = gathering.group.waiting

    def run(index):
        if index < WRITERS:
            return write(index)
        with in_lane(connection):
            until = time.monotonic() + 20
            while len(waiting) < WRITERS and time.monotonic() < until:
                time.sleep(0.002)
        return None

    return together(WRITERS + 1, run)[:WRITERS]


def test_writes_together_what_waits_together(run, transactions):
    named = Named(run.project_id, run.eid)

    gathered(lambda index: recording.log_batch(named, metrics=[points(5)[index]]))

    assert sum(transactions) == WRITERS
    assert len(transactions) <= 2  # who came first may have gone first
    assert Point.objects.count() == 3 * WRITERS
    assert {row.count for row in run.metrics.all()} == {3}
    assert {row.value for row in run.metrics.all()} == {5.0}


def test_refuses_one_without_the_others(run, transactions):
    def write(index):
        eid = "0" * 32 if index == 3 else run.eid
        try:
            recording.log_batch(Named(run.project_id, eid), metrics=[points(5)[index]])
        except NotFound:
            return "refused"

    assert gathered(write) == [None] * 3 + ["refused"] + [None] * 4
    assert Point.objects.count() == 3 * WRITERS - 1


def test_lets_each_try_alone_when_a_group_fails(run, transactions, monkeypatch):
    def fails(cursor, *_):
        cursor.execute("INSERT INTO tracker_point SELECT * FROM nowhere")

    monkeypatch.setattr(gathering, "added", fails)
    named = Named(run.project_id, run.eid)

    gathered(lambda index: recording.log_batch(named, metrics=[points(5)[index]]))

    assert Point.objects.count() == 3 * WRITERS
    assert not gathering.group.has_leader


def test_says_so_when_the_database_stays_busy(run, monkeypatch):
    def busy(*_):
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(gathering, "write", busy)

    def write(index):
        with pytest.raises(OperationalError, match="locked"):
            gathering.add(
                Named(run.project_id, run.eid),
                {"m0": recording.summary.kept(5, 5, 5.0)},
            )

    together(WRITERS, write)
    assert not gathering.group.has_leader
    assert not gathering.group.waiting


def test_leaves_to_the_long_way_what_is_not_the_next_point(run):
    named = Named(run.project_id, run.eid)
    row = recording.summary.kept

    assert not gathering.add(named, {"m0": row(1, 1, 1.0)})  # there already
    assert not gathering.add(named, {"m0": row(0, 0, 7.0)})  # before the last
    assert not gathering.add(named, {"m0": row(9, 9, 1.0), "new": row(9, 9, 1.0)})
    assert gathering.add(named, {"m0": row(9, 9, 1.0)})
