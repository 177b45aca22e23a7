"""`manage.py worker`: a Celery worker in the foreground, beside those that `serve` runs."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tracker import worker


class Command(BaseCommand):
    help = (
        "Work on what requests leave to be done: artifacts to look at, sweeps, imports."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--concurrency",
            type=int,
            default=worker.CONCURRENCY,
            help=f"tasks at a time (default: {worker.CONCURRENCY})",
        )
        parser.add_argument(
            "--beat",
            action="store_true",
            help="also start the regular tasks; `serve` does, so one is enough",
        )

    def handle(self, *args: Any, concurrency: int, beat: bool, **options: Any) -> None:
        sys.exit(worker.run(beat=beat, concurrency=concurrency))
