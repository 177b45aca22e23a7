"""SQLite's log: synced before anybody is answered, and copied beside those who write."""

import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections

from tests.together import together
from tracker import gathering
from tracker.database.sqlite3 import checkpoints, writer

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="SQLite's way of writing"
)


@pytest.fixture
def database(tmp_path, monkeypatch, django_db_blocker):
    """A file of its own for this process's writer: the tests' database is in memory."""
    path = tmp_path / "tracker.sqlite3"
    monkeypatch.setattr(writer, "_writers", {})
    monkeypatch.setattr(writer, "_logs", {})
    monkeypatch.setattr(checkpoints, "_copiers", {})
    monkeypatch.setitem(connections.databases["default"], "NAME", str(path))
    with django_db_blocker.unblock():
        with writer.lent() as opened:
            opened.connection.execute("CREATE TABLE note (number INTEGER)")
        yield path
        writer.opened().connection.close()


@pytest.fixture
def synced(monkeypatch):
    """The files that were synced, and how many notes were committed by then."""
    files = []

    def noticed(file):
        path = os.readlink(f"/proc/self/fd/{file}")
        files.append((Path(path).name, count(Path(path.removesuffix("-wal")))))

    monkeypatch.setattr(os, "fdatasync", noticed)
    return files


def count(path):
    reader = sqlite3.connect(path)
    try:
        return reader.execute("SELECT count(*) FROM note").fetchone()[0]
    finally:
        reader.close()


def write(number):
    def verb():
        connection.connection.execute("INSERT INTO note VALUES (?)", [number])
        return True

    return gathering.quickly(verb)


def test_nobody_is_answered_before_the_disk_has_it(database, synced):
    assert write(1)
    assert synced == [("tracker.sqlite3-wal", 1)]

    together(8, write)

    assert count(database) == 9
    assert synced[-1] == ("tracker.sqlite3-wal", 9)


def test_says_so_where_the_disk_fails(database, monkeypatch):
    def fail(file):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)

    with pytest.raises(OperationalError, match="not on the disk"):
        write(1)


def test_the_next_are_written_while_these_wait_for_the_disk(database, monkeypatch):
    waits, seen = threading.Event(), []

    def slow(file):
        waits.set()
        until = time.monotonic() + 10
        while count(database) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        seen.append(count(database))

    monkeypatch.setattr(os, "fdatasync", slow)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(write, 1)
        waits.wait(10)
        second = pool.submit(write, 2)
        assert first.result() and second.result()

    assert seen == [2, 2]


def test_waits_for_no_disk_where_the_setting_says_so(database, synced, monkeypatch):
    options = connections.databases["default"]["OPTIONS"]
    unhurried = options["init_command"].replace("=FULL", "=NORMAL")
    assert unhurried != options["init_command"]
    monkeypatch.setitem(options, "init_command", unhurried)
    writer.opened().connection.close()
    monkeypatch.setattr(writer, "_writers", {})
    monkeypatch.setattr(writer, "_logs", {})

    assert write(1)

    assert synced == []


def test_the_log_is_copied_into_the_database_meanwhile(database, monkeypatch):
    monkeypatch.setattr(checkpoints, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(checkpoints, "CHANGES", 10)
    before = database.stat().st_size

    until = time.monotonic() + 60
    while database.stat().st_size <= before and time.monotonic() < until:
        for number in range(50):
            write(number)

    assert database.stat().st_size > before


def test_a_copy_lets_the_log_begin_anew(database):
    log = Path(f"{database}-wal")
    for _ in range(3):
        for number in range(20):
            write(number)
        size = log.stat().st_size
        checkpoints.copy(writer.opened())

    assert log.stat().st_size == size
    assert count(database) == 60


def test_a_copy_that_fails_is_made_later(database, monkeypatch):
    """By a connection of its own, which is opened anew."""
    tried = []

    def copy(opened):
        tried.append(opened)
        if len(tried) == 1:
            raise OperationalError("disk I/O error")

    monkeypatch.setattr(checkpoints, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(checkpoints, "CHANGES", 1)
    monkeypatch.setattr(checkpoints, "copy", copy)

    until = time.monotonic() + 60
    while len(tried) < 2 and time.monotonic() < until:
        write(1)

    assert len(tried) >= 2
