"""`manage.py serve`: it starts, it stops, and it says what is wrong in one sentence."""

import errno
import io
import os
import re
import signal
import socket
import subprocess
import time
from datetime import datetime

import psutil
import pytest
import requests

from tests.live import ROOT, SERVE, Server, environment, free_port
from tracker.management.commands.serve import Command


def wait_for(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def gone(processes):
    return not any(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        for process in processes
    )


def refused(folder, **settings):
    """What a server that cannot start says, having checked that it says it in one line."""
    answer = subprocess.run(
        SERVE,
        cwd=ROOT,
        env=environment(
            TRACKER_BIND=f"127.0.0.1:{free_port()}", TRACKER_DATA_DIR=str(folder)
        )
        | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode not in (0, -signal.SIGTERM)
    assert answer.stderr.startswith("Tracker cannot start: ")
    assert answer.stderr.count("\n") == 1, answer.stderr
    return answer.stderr


# ---------------------------------------------------------------- starting


def test_tells_where_it_is_and_what_to_paste(server):
    # The address is printed as soon as it answers, which we may see first.
    wait_for(lambda: server.output().count("\n  export MLFLOW_") == 2)

    assert f"Tracker is at {server.url}." in server.output()
    assert f"export MLFLOW_TRACKING_URI={server.url}\n" in server.output()


def test_goes_on_where_nobody_hears_it():
    class Full(io.StringIO):
        def flush(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    Command(stdout=Full()).say("Tracker is at …")


def test_starts_again_without_preparing_anything(prepared, capsys):
    began = time.monotonic()
    again = Server(prepared.folder).start()
    seconds = time.monotonic() - began
    again.stop()

    assert "…" not in again.output()
    assert seconds < 15  # a loaded machine is no failure; the number is for people
    with capsys.disabled():
        print(f"\n[second start answered after {seconds:.2f} s]")


def test_works_on_what_requests_left(server):
    """The worker listens to the queue: a message that is put there is taken."""
    messages = server.folder / "queue" / "messages"
    told = server.manage(
        "shell",
        "-v0",
        "-c",
        "from tracker.tasks import count_keys; count_keys.delay()",
    )

    assert told.returncode == 0, told.stderr
    wait_for(lambda: not list(messages.iterdir()))
    assert "unregistered task" not in server.output()


def test_its_worker_is_seen_at_once(server):
    """Long before the first sweep of the clock, a minute after the start."""
    began = psutil.Process(server.process.pid).create_time()

    def seen():
        workers = requests.get(f"{server.url}/admin/health.json", timeout=10).json()
        return any(
            datetime.fromisoformat(one["seen_at"]).timestamp() > began
            for one in workers["workers"]
        )

    wait_for(seen)


def test_keeps_secrets_from_other_people(prepared):
    assert (prepared.folder / "secret-key").stat().st_mode & 0o077 == 0


# ---------------------------------------------------------------- stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_everything_within_seconds(server, number):
    processes = server.processes()
    began = time.monotonic()

    assert server.stop(number) == 0

    assert time.monotonic() - began < 12
    assert len(processes) >= 4  # serve, web server, its worker, Celery
    assert gone(processes)


def test_answers_the_request_in_progress_before_it_stops(server):
    body = b'{"name": "begun before the end"}'
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(
            b"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body[:9]
        )
        time.sleep(0.5)  # the server is reading now
        server.process.terminate()
        time.sleep(0.5)
        line.sendall(body[9:])

        answer = line.recv(1024)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert server.process.wait(20) == 0


def test_leaves_no_process_behind_when_it_is_killed(server):
    processes = server.processes()

    server.stop(signal.SIGKILL)

    wait_for(lambda: gone(processes), 5)
    again = Server(server.folder).start()
    assert again.stop() == 0


def test_stops_with_an_error_when_the_web_server_ends(server):
    own, *below = server.processes()
    web = next(one for one in below if listens(one, server.port, own))

    web.kill()

    assert server.process.wait(20) == 1
    assert gone(below)


def listens(process, port, own):
    """Whether it is the web server: the child of `serve` whose own child listens."""
    if process.ppid() != own.pid:
        return False
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        for one in [process, *process.children(recursive=True)]
        for connection in one.net_connections("tcp")
    )


def test_survives_the_death_of_a_web_worker(server):
    own, *below = server.processes()
    web = next(one for one in below if listens(one, server.port, own))
    before = web.children()

    before[0].kill()

    wait_for(lambda: server.answers() and before[0] not in web.children())
    wait_for(lambda: len(web.children()) == len(before))
    assert server.process.poll() is None


def test_starts_a_new_worker_when_one_dies(server):
    own, *below = server.processes()
    worker = next(
        one
        for one in below
        if one.ppid() == own.pid and not listens(one, server.port, own)
    )
    theirs = worker.children(recursive=True)

    worker.kill()

    wait_for(lambda: gone([worker, *theirs]))
    wait_for(lambda: len(own.children()) == 2)
    assert server.answers()
    assert "The worker ended" in server.output()


# ---------------------------------------------------------------- refusing


def test_refuses_a_second_server_on_its_data_folder(server):
    said = refused(server.folder)

    assert f"the process {server.process.pid} already serves" in said
    assert server.answers()


def test_refuses_a_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        bind = f"127.0.0.1:{other.getsockname()[1]}"

        said = refused(tmp_path / "data", TRACKER_BIND=bind)

    assert bind in said and "TRACKER_BIND" in said


def test_refuses_a_data_folder_it_cannot_write_to(tmp_path):
    (tmp_path / "file").write_text("")

    said = refused(tmp_path / "file" / "data")

    assert "TRACKER_DATA_DIR" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_refuses_a_data_folder_of_somebody_else(tmp_path):
    tmp_path.chmod(0o555)

    assert "Permission denied" in refused(tmp_path / "data")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACKER_BIND", "0.0.0.0:8000"),
        ("TRACKER_BIND", "example.com:8000"),
        ("TRACKER_BIND", "127.0.0.1"),
        ("TRACKER_BIND", "127.0.0.1:http"),
        ("TRACKER_BIND", "127.0.0.1:80000"),
        ("TRACKER_MODE", "prod"),
        ("TRACKER_WORKERS", "many"),
        ("TRACKER_WORKERS", "0"),
        ("TRACKER_DEBUG", "perhaps"),
        ("TRACKER_SECRET_KEY_FILE", "/nowhere/key"),
        ("TRACKER_DATABASE_URL", "oracle://db/x"),
        ("TRACKER_DATABASE_URL", "postgres://nobody:secret@127.0.0.1:1/none"),
        ("TRACKER_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3"),
        ("TRACKER_REDIS_URL", "localhost:6379"),
        ("TRACKER_ARTIFACTS_URL", "ftp://example.com"),
        ("TRACKER_PUBLIC_URL", "tracker.example.com"),
    ],
)
def test_refuses_a_bad_setting(tmp_path, name, value):
    said = refused(tmp_path / "data", **{name: value})

    assert name.removesuffix("_FILE") in said
    assert "secret@" not in said


def test_refuses_a_data_folder_of_a_newer_version(tmp_path, prepared):
    server = Server(tmp_path / "data").start()
    server.stop()
    server.manage(
        "shell",
        "-v0",
        "-c",
        "from django.db.migrations.recorder import MigrationRecorder as R;"
        "R.Migration.objects.create(app='tracker', name='9999_from_the_future')",
    )

    said = refused(server.folder)

    assert re.search(r"9999_from_the_future.*newer", said)


# ---------------------------------------------------------------- team mode

TEAM = {"TRACKER_MODE": "team", "TRACKER_SECRET_KEY": "a long enough secret " * 2}


def test_refuses_team_mode_without_a_secret_key(tmp_path):
    assert "TRACKER_SECRET_KEY" in refused(tmp_path / "data", TRACKER_MODE="team")


def test_refuses_team_mode_without_accounts_and_starts_with_one(tmp_path):
    said = refused(tmp_path / "data", **TEAM)
    server = Server(tmp_path / "data", **TEAM)

    made = server.manage("create_user", "ada", "--admin")

    assert "create_user" in said
    assert "/" in made.stdout, made.stderr  # the link to set a password
    server.start()
    assert server.get("/api/2.0/mlflow/experiments/get?experiment_id=0")[0] == 401
    assert server.stop() == 0
