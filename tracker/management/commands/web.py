"""`manage.py web`: the web server alone, where workers run elsewhere."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from tracker import readiness, web
from tracker.management.command import ReadyCommand


class Command(ReadyCommand):
    help = "Run the web server alone: for several machines or containers."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE == "local":
            raise CommandError(
                "Local mode is one machine: use `serve`, or set TRACKER_MODE=team."
            )
        readiness.check_port(settings.BIND)
        readiness.static_files(self.stdout.write)
        readiness.accounts()
        readiness.close_database()
        self.stdout.write(f"Tracker listens on {settings.BIND.url}.")
        self.stdout.flush()
        web.run(settings.BIND, settings.WORKERS)
