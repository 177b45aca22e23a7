"""What the commands share: a database that is ready, and trouble in one sentence."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tracker import readiness
from tracker.errors import TrackerError
from tracker.readiness import NotReady


class ReadyCommand(BaseCommand):
    """Makes the tables where there are none, so that any command may be the first."""

    requires_system_checks = ()

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            readiness.database(self.stderr.write)
            return super().execute(*args, **options)
        except (NotReady, TrackerError) as problem:
            raise CommandError(str(problem)) from None
