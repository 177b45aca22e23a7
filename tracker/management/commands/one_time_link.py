"""`manage.py one_time_link NAME`: a link for somebody who has to choose a new password."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from tracker import members
from tracker.management.command import ReadyCommand


class Command(ReadyCommand):
    help = "Print a link where an account's owner chooses a new password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        root = settings.PUBLIC_URL or settings.BIND.url
        self.stdout.write(f"{root}{members.one_time_path(members.find_user(name))}")
