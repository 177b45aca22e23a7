"""`manage.py demo`: a project with a rich sample, to look around in."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from tracker.management.command import ReadyCommand
from tracker.management.demo.world import SLUG, World
from tracker.models import Project


class Command(ReadyCommand):
    help = "Fill a project “demo” with a rich sample."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--again", action="store_true", help="replace the one that is there"
        )

    def handle(self, *args: Any, again: bool, **options: Any) -> None:
        address = f"{settings.PUBLIC_URL or settings.BIND.url}/p/{SLUG}"
        if Project.objects.filter(slug=SLUG).exists() and not again:
            self.stdout.write(
                f"It is there already: {address} (`manage.py demo --again` replaces it)."
            )
            return
        Project.objects.filter(slug=SLUG).delete()
        began = time.monotonic()
        self.stdout.write("Writing the project “demo”…")
        World(self.stdout.write).build()
        seconds = time.monotonic() - began
        self.stdout.write(
            f"Written in {seconds:.0f} s. With a server running: {address}"
        )
