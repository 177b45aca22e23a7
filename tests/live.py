"""Tracker as people run it: real processes, a port and a data folder of their own."""

import atexit
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from http.client import HTTPConnection
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "tracker.sqlite3"
SERVE = [sys.executable, "manage.py", "serve"]
PATIENCE_SECONDS = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without its own settings, and with these."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TRACKER_", "MLFLOW_", "DJANGO_"))
    }
    return kept | settings


@cache
def prepared_database() -> bytes:
    """A database as `prepare` leaves it, made once for all processes of this test run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    made = Path(tempfile.gettempdir()) / f"tracker-tests-{os.getuid()}-{run}.sqlite3"
    with open(made.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run(
                    [sys.executable, "manage.py", "prepare"],
                    cwd=ROOT,
                    env=environment(TRACKER_DATA_DIR=folder),
                    check=True,
                    capture_output=True,
                )
                shutil.copyfile(Path(folder) / DATABASE, made)
            for file in (made, made.with_suffix(".lock")):
                atexit.register(file.unlink, missing_ok=True)
        return made.read_bytes()


class Server:
    """`manage.py serve` on a free port. `.url` is its address once it has started."""

    def __init__(self, folder: Path, *, fresh: bool = False, **settings: str):
        self.folder = folder
        self.fresh = fresh
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {
            "TRACKER_BIND": f"127.0.0.1:{self.port}",
            "TRACKER_DATA_DIR": str(folder),
            **settings,
        }
        self.log = folder.with_name(f"{folder.name}-{self.port}.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        self.prepare()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                SERVE,
                cwd=ROOT,
                env=environment(**self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop(signal.SIGKILL)
                raise RuntimeError(f"serve did not start:\n{self.output()}")
            time.sleep(0.02)
        return self

    def prepare(self) -> None:
        """Unless it is to begin with nothing, put a prepared database into its folder.

        Migrating takes five times as long as all else that a start does.
        """
        database = self.folder / DATABASE
        if self.fresh or "TRACKER_DATABASE_URL" in self.settings or database.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        database.write_bytes(prepared_database())

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.get("/livez")[0] == 200
        return False

    def get(self, path: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Another `manage.py` command on the same data folder."""
        self.prepare()
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment(**self.settings),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def processes(self) -> list[psutil.Process]:
        """The server's own process first, then all those below it."""
        assert self.process
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait; the exit code."""
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def output(self) -> str:
        return self.log.read_text(errors="replace")
