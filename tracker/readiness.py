"""What has to be true before Tracker starts, made true where that is possible.

Raises NotReady with a sentence for the person at the terminal.
"""

import fcntl
import os
import pkgutil
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder

from tracker import statics
from tracker.environment import Address
from tracker.models import User

# A server that was killed leaves its lock to its children, which are ending too.
PATIENCE_SECONDS = 2.0
CONNECT_SECONDS = 5
OLDEST_SQLITE = (3, 35)  # the first with RETURNING

Say = Callable[[str], object]


class NotReady(Exception):
    """Why Tracker cannot start; the text says what to do."""


@contextmanager
def data_folder_lock() -> Iterator[None]:
    """One server to a data folder: two would do each other's regular work."""
    path = settings.DATA_DIR / "serve.lock"
    try:
        lock = open(path, "a+")  # noqa: SIM115  (kept open below)
    except OSError as problem:
        raise NotReady(
            f"{path} cannot be written ({problem.strerror}). Make the data folder"
            " writable, or name another with TRACKER_DATA_DIR."
        ) from None
    with lock:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not locked(lock):
            if time.monotonic() > deadline:
                lock.seek(0)
                raise NotReady(
                    f"the process {lock.read()} already serves the data folder"
                    f" {settings.DATA_DIR}. Stop it, or name another with"
                    " TRACKER_DATA_DIR."
                )
            time.sleep(0.05)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def check_port(address: Address) -> None:
    """Say in a sentence what the web server would say in a traceback."""
    host, port = address
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as problem:
        raise NotReady(
            f"it cannot listen on {host}:{port} ({problem.strerror}). Stop what uses that"
            " port, or name another with TRACKER_BIND."
        ) from None


def database(say: Say) -> None:
    """A database that answers, with its tables up to date."""
    try:
        reach_database()
        migrate(say)
    except DatabaseError as problem:
        reason = str(problem).strip().partition("\n")[0].rstrip(".")
        raise NotReady(
            f"the database cannot be used ({reason}). Start it, or correct"
            " TRACKER_DATABASE_URL."
        ) from None


def reach_database() -> None:
    if connection.vendor != "postgresql":
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise NotReady(
                f"Python has SQLite {sqlite3.sqlite_version}, and Tracker needs"
                f" {'.'.join(map(str, OLDEST_SQLITE))}. Use a newer Python, or PostgreSQL"
                " with TRACKER_DATABASE_URL."
            )
        connection.ensure_connection()
        return
    # Not through the pool, which tells of a time-out and not of its cause.
    params = connection.get_connection_params()
    params.setdefault("connect_timeout", CONNECT_SECONDS)
    with connection.wrap_database_errors:
        psycopg.connect(**params).close()


def close_database() -> None:
    """Nothing open is left for processes forked from this one to share."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # of this vendor alone


def migrate(say: Say) -> None:
    """Nothing is imported where there is nothing to do."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    known = set(migrations_on_disk())
    ours = {app for app, _ in known}
    newer = sorted(name for app, name in applied - known if app in ours)
    if newer:
        raise NotReady(
            f"the database has the change {newer[0]} of a newer version of Tracker."
            " Start that version."
        )
    if known - applied:
        say("Preparing the database…")
        call_command("migrate", verbosity=0, interactive=False)


def migrations_on_disk() -> Iterator[tuple[str, str]]:
    for config in apps.get_app_configs():
        folder = os.path.join(config.path, "migrations")
        for module in pkgutil.iter_modules([folder]):
            if not module.name.startswith(("_", "~")):
                yield config.label, module.name


def accounts() -> None:
    if not User.objects.filter(is_active=True).exists():
        raise NotReady(
            "team mode has no accounts yet. Create the first one:"
            " python manage.py create_user NAME --admin."
        )


def static_files(say: Say) -> None:
    try:
        statics.collect(lambda: say("Collecting static files…"))
    except OSError as problem:
        raise NotReady(
            f"the static files cannot be collected into {settings.STATIC_ROOT}"
            f" ({problem.strerror}). Make it writable."
        ) from None
