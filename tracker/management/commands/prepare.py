"""`manage.py prepare`: tables, static files and the bucket, before anything else starts."""

from typing import Any

from artifacts import storage
from tracker import readiness
from tracker.management.command import ReadyCommand


class Command(ReadyCommand):
    help = "Make the tables, the static files and the bucket that are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        readiness.static_files(self.stdout.write)
        if storage.blobs().prepare():
            self.stdout.write("The place for artifacts is made.")
        self.stdout.write("Ready.")
