"""`manage.py serve`: the whole server in one command.

Everything is prepared in this one process, so that a second start takes a second.
"""

import contextlib
import socket
import sys
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tracker import access, lifecycle, processes, readiness, web, worker
from tracker.processes import Child


class Command(BaseCommand):
    help = "Run Tracker: prepare the data folder, then the web server and a worker."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with readiness.data_folder_lock():
                self.prepare()
                code = self.serve()
        except readiness.NotReady as problem:
            sys.exit(f"Tracker cannot start: {problem}")
        except KeyboardInterrupt:
            sys.exit(130)
        sys.exit(code)

    def prepare(self) -> None:
        readiness.check_port(settings.BIND)
        readiness.database(self.say)
        readiness.static_files(self.say)
        if settings.MODE == "local":
            lifecycle.default_project()
            access.local_owner()
        else:
            readiness.accounts()
        # Loaded here, once, for the processes that are forked from this one.
        import_module("tracker.wsgi")
        import_module(settings.ROOT_URLCONF)
        readiness.close_database()

    def serve(self) -> int:
        return processes.watch(
            Child("web server", web.run, settings.BIND, settings.WORKERS),
            Child("worker", start_worker),
            is_ready=self.has_welcomed,
        )

    def has_welcomed(self) -> bool:
        """Say where Tracker is, once it answers there."""
        try:
            socket.create_connection(settings.BIND, timeout=1).close()
        except OSError:
            return False
        address = settings.PUBLIC_URL or settings.BIND.url
        self.say(
            f"\nTracker is at {address}. Ctrl-C stops it. To log there:\n\n"
            f"  export MLFLOW_TRACKING_URI={address}\n"
            "  export MLFLOW_EXPERIMENT_NAME=my-first-experiment\n"
        )
        return True

    def say(self, text: str) -> None:
        """Also into a pipe at once: somebody may be waiting for it.

        Where nobody listens any more, or the disk of the log is full, goes on unheard.
        """
        with contextlib.suppress(OSError):
            self.stdout.write(text)
            self.stdout.flush()


def start_worker() -> None:
    sys.exit(worker.run(beat=True))
