"""`manage.py beat`: the clock of the regular tasks alone; `serve` has it inside."""

from typing import Any

from django.core.management.base import BaseCommand

from tracker import beat


class Command(BaseCommand):
    help = (
        "Start the regular tasks when they are due: one such process for all workers."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        beat.run()
