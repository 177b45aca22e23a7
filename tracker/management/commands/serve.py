"""`manage.py serve`: the whole server in one command.

Everything is prepared in this one process, so that a second start takes a second.
"""

import fcntl
import os
import pkgutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TextIO

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder

from tracker import access, lifecycle, processes, statics, web, worker
from tracker.processes import Child

# A server that was killed leaves the lock to its children, which are ending too.
PATIENCE_SECONDS = 10.0


class Command(BaseCommand):
    help = "Run Tracker: prepare the data folder, then the web server and a worker."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with data_folder_lock():
                check_port()
                check_database()
                migrate(self.stdout.write)
                collect_static_files(self.stdout.write)
                lifecycle.default_project()
                if settings.MODE == "local":
                    access.local_owner()
                code = self.serve()
        except CommandError as problem:
            sys.exit(f"Tracker cannot start: {problem}")
        except KeyboardInterrupt:
            sys.exit(130)
        sys.exit(code)

    def serve(self) -> int:
        # Loaded here, once, for the processes that are forked from this one.
        import_module("tracker.wsgi").application.load_middleware()
        import_module(settings.ROOT_URLCONF)
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
        return processes.watch(
            Child("web server", web.run, settings.BIND, settings.WORKERS),
            Child("worker", start_worker),
            ready=self.welcome,
        )

    def welcome(self) -> None:
        if wait_until_it_answers():
            address = settings.PUBLIC_URL or settings.BIND.url
            self.stdout.write(
                f"\nTracker is at {address}. Ctrl-C stops it. To log there:\n\n"
                f"  export MLFLOW_TRACKING_URI={address}\n"
                "  export MLFLOW_EXPERIMENT_NAME=my-first-experiment\n"
            )
            self.stdout.flush()


def start_worker() -> None:
    sys.exit(worker.run(beat=True, concurrency=1))


@contextmanager
def data_folder_lock() -> Iterator[None]:
    """One server to a data folder: two would do each other's regular work."""
    path = settings.DATA_DIR / "serve.lock"
    try:
        lock = open(path, "a+")  # noqa: SIM115  (held until the process ends)
    except OSError as problem:
        raise CommandError(
            f"{path} cannot be written ({problem.strerror}). Make the data folder"
            " writable, or name another with TRACKER_DATA_DIR."
        ) from None
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            owner = owner_of(lock)
            if is_alive(owner) or time.monotonic() > deadline:
                raise CommandError(
                    f"the process {owner} already serves the data folder"
                    f" {settings.DATA_DIR}. Stop it, or name another with"
                    " TRACKER_DATA_DIR."
                ) from None
            time.sleep(0.05)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    yield
    lock.close()


def owner_of(lock: TextIO) -> int:
    lock.seek(0)
    text = lock.read()
    return int(text) if text.isdigit() else 0


def is_alive(process: int) -> bool:
    if not process:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def check_port() -> None:
    """Say in a sentence what the web server would say in a traceback."""
    host, port = settings.BIND
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as problem:
        raise CommandError(
            f"it cannot listen on {host}:{port} ({problem.strerror}). Stop what uses that"
            " port, or name another with TRACKER_BIND."
        ) from None


def check_database() -> None:
    try:
        params = connection.get_connection_params()
        if connection.vendor == "postgresql":
            # Not through the pool, which tells of a time-out and not of its cause.
            params.pop("pool", None)
            params.setdefault("connect_timeout", 5)
            connection.get_new_connection(params).close()
        else:
            connection.ensure_connection()
    except DatabaseError as problem:
        raise CommandError(
            f"the database does not answer ({first_line(problem)}). Start it, or correct"
            " TRACKER_DATABASE_URL."
        ) from None


def migrate(say: Any) -> None:
    """Bring the tables up to date. Nothing is imported where there is nothing to do."""
    applied = MigrationRecorder(connection).applied_migrations().keys()
    missing = set(migrations_on_disk()) - applied
    if not missing:
        return
    say("Preparing the database…")
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as problem:
        raise CommandError(
            f"the database cannot be brought up to date ({first_line(problem)})."
        ) from None


def migrations_on_disk() -> Iterator[tuple[str, str]]:
    for config in apps.get_app_configs():
        folder = os.path.join(config.path, "migrations")
        for module in pkgutil.iter_modules([folder]):
            if not module.name.startswith(("_", "~")):
                yield config.label, module.name


def collect_static_files(say: Any) -> None:
    try:
        statics.collect(lambda: say("Collecting static files…"))
    except OSError as problem:
        raise CommandError(
            f"the static files cannot be collected into {settings.STATIC_ROOT}"
            f" ({problem.strerror}). Make it writable."
        ) from None


def first_line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0].rstrip(".")


def wait_until_it_answers() -> bool:
    """Whether the web server takes connections within some seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(settings.BIND, timeout=1).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False
