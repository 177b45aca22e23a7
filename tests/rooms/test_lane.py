"""Writers to SQLite queue instead of sleeping."""

import sqlite3
import threading
import time
from contextlib import closing

from tracker.database.sqlite3.base import Cursor, Lane, translated


def test_lets_one_process_in_at_a_time(tmp_path):
    path = str(tmp_path / "db")
    ours, theirs = Lane(), Lane()  # each opens the file for itself, as processes do

    assert ours.enter(path, timeout=1)
    assert not theirs.enter(path, timeout=0.05)
    ours.leave(path)
    assert theirs.enter(path, timeout=1)
    theirs.leave(path)


def test_wakes_the_next_thread_when_one_leaves(tmp_path):
    path = str(tmp_path / "db")
    lane = Lane()
    entered = []

    def write(number):
        assert lane.enter(path, timeout=30)
        entered.append(number)
        time.sleep(0.01)
        entered.append(number)
        lane.leave(path)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert entered[::2] == entered[1::2]
    assert sorted(entered[::2]) == list(range(8))


def test_does_not_wait_for_ever_in_the_process(tmp_path):
    path = str(tmp_path / "db")
    lane = Lane()

    assert lane.enter(path, timeout=1)
    assert not lane.enter(path, timeout=0.05)
    lane.leave(path)
    assert lane.enter(path, timeout=1)
    lane.leave(path)


def test_translates_places_and_keeps_percent_signs():
    assert translated("a = %s AND b LIKE '%%x' AND c = %s") == (
        "a = ? AND b LIKE '%x' AND c = ?"
    )

    with closing(sqlite3.connect(":memory:")) as database:
        cursor = database.cursor(factory=Cursor)
        for text in ("SELECT %s", "SELECT %s" + " " * 20_000):
            assert cursor.execute(text, [7]).fetchone() == (7,)
