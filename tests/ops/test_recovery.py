"""After `kill -9` in the middle of its work and the loss of its whole queue, the worker
finds everything again: on both transports, each fact and each tile once."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import requests

from tests import parts
from tests.live import ROOT, Server, environment, free_port
from tests.ops.programs import Process, wait_for
from tracker.models.candidates import TILED_FROM

FILES = 6
ROWS = 600_000
POINTS = 200_000
TILED = POINTS // 128 * 128
TABLE = b"step,loss\n" + b"1,0.123456\n" * ROWS
# As shipped: a lease of 30 seconds and a sweep each minute. Here both are short, so that
# the test is; TRACKER_TEST_AS_SHIPPED=1 takes the real ones.
QUICK = {"TRACKER_LEASE_SECONDS": "5", "TRACKER_SWEEP_SECONDS": "4"}
PROMISED_SECONDS = 120


class Broker:
    """The queue: how to find it, and how to lose all that is in it."""

    def __init__(self, settings, lose, come_back=lambda: None):
        self.settings, self.lose, self.come_back = settings, lose, come_back


@pytest.fixture(params=["files", "redis"])
def broker(request, tmp_path):
    if request.param == "files":
        yield Broker({}, lambda: shutil.rmtree(tmp_path / "data" / "queue"))
        return
    program = parts.redis_server()
    if not program:
        because = "Redis is missing: install it (on Debian: apt install redis-server)"
        pytest.fail(because) if os.environ.get("CI") else pytest.skip(because)
    port = free_port()
    command = (program, "--port", str(port), "--bind", "127.0.0.1", "--save", "")
    server = Process(*command, port=port, folder=tmp_path)
    server.start()

    def lose():
        server.process.kill()
        server.process.wait()

    address = f"redis://127.0.0.1:{port}/0"
    yield Broker({"TRACKER_REDIS_URL": address}, lose, server.start)
    server.stop()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    """A data folder with a long series that nobody has condensed."""
    server = Server(tmp_path_factory.mktemp("seeded") / "data")
    server.prepare()
    command = [sys.executable, "manage.py", "seed_load", "--candidates=1", "--long=1"]
    subprocess.run(
        [*command, f"--points={POINTS}"],
        cwd=ROOT,
        env=environment(**server.settings),
        check=True,
        capture_output=True,
    )
    with contextlib.closing(
        sqlite3.connect(Path(server.folder) / "tracker.sqlite3")
    ) as database:
        # Seeding has condensed it already.
        database.execute("DELETE FROM tracker_tile")
        database.execute(
            "UPDATE tracker_metric SET tiled = 0, tile_at = ?, tile_after_ms = 0",
            [TILED_FROM],
        )
        database.commit()
    return server.folder


@pytest.fixture
def server(tmp_path, seeded, broker):
    """A server that is not started yet."""
    shutil.copytree(seeded, tmp_path / "data")
    quick = {} if os.environ.get("TRACKER_TEST_AS_SHIPPED") else QUICK
    made = Server(tmp_path / "data", **broker.settings, **quick)
    yield made
    if made.process and made.process.poll() is None:
        made.stop()


def asked(server, query):
    """What the database says, read beside the server."""
    path = Path(server.folder) / "tracker.sqlite3"
    with contextlib.closing(
        sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    ) as database:
        return database.execute(query).fetchall()


def rows(server):
    """State, attempts and rows found, of each file."""
    return asked(
        server,
        "SELECT state, attempts, json_extract(facts, '$.rows'), claimed_by"
        " FROM artifacts_artifact ORDER BY id",
    )


def series(server):
    """Of the long one: how many points are condensed, and until when nobody else may."""
    [row] = asked(
        server,
        "SELECT tiled, tile_after_ms FROM tracker_metric WHERE \"key\" = 'curve'",
    )
    return row


def tiled(server):
    return series(server)[0]


def levels(server):
    """Of each level of tiles: how many there are, and how many points lie in them."""
    return asked(
        server,
        "SELECT level, count(*), sum(finite) FROM tracker_tile GROUP BY level",
    )


def states(server):
    return Counter(row[0] for row in rows(server))


def upload(server, run_id):
    for number in range(FILES):
        path = f"0/{run_id}/artifacts/table-{number}.csv"
        answer = requests.put(
            f"{server.url}/api/2.0/mlflow-artifacts/artifacts/{path}",
            data=TABLE,
            headers={"Content-Type": "application/octet-stream"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text


def test_takes_up_what_a_killed_worker_and_a_lost_queue_have_left(server, broker):
    server.start()
    created = requests.post(
        f"{server.url}/api/2.0/mlflow/runs/create",
        json={"experiment_id": "0"},
        timeout=60,
    )
    wait_for(lambda: series(server) > (0, 0))  # a worker has begun
    upload(server, created.json()["run"]["info"]["run_id"])
    wait_for(lambda: states(server)["processing"] and tiled(server))

    server.stop(signal.SIGKILL)  # the kernel takes its processes along
    broken_off, half_done = rows(server), tiled(server)
    broker.lose()
    broker.come_back()
    began = time.monotonic()
    server.start()
    started = time.monotonic()
    wait_for(lambda: states(server)["ready"] == FILES, PROMISED_SECONDS)
    seconds = time.monotonic() - started
    wait_for(lambda: tiled(server) == TILED, PROMISED_SECONDS - seconds)
    tiles_seconds = time.monotonic() - started

    print(
        f"\n{broker.settings or 'files'}: {Counter(row[0] for row in broken_off)} and"
        f" {half_done:,} of {TILED:,} points condensed when killed; started in"
        f" {started - began:.1f} s, files ready {seconds:.1f} s and tiles"
        f" {tiles_seconds:.1f} s later"
    )
    assert 0 < half_done < TILED
    assert any(row[0] != "ready" for row in broken_off)
    assert [(row[2], row[3]) for row in rows(server)] == [(ROWS, "")] * FILES
    assert all(attempts <= 2 for _, attempts, *_ in rows(server))
    assert levels(server) == [
        (level, TILED >> level, TILED >> level << level)
        for level in range(7, TILED.bit_length())
    ]


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_takes_up_what_came_while_there_was_no_queue(server, broker):
    server.start()
    created = requests.post(
        f"{server.url}/api/2.0/mlflow/runs/create",
        json={"experiment_id": "0"},
        timeout=60,
    )
    broker.lose()
    upload(server, created.json()["run"]["info"]["run_id"])
    assert states(server)["ready"] < FILES
    broker.come_back()
    started = time.monotonic()

    wait_for(lambda: states(server)["ready"] == FILES, PROMISED_SECONDS)

    print(f"\nall ready {time.monotonic() - started:.1f} s after the queue came back")
