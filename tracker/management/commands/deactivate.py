"""`manage.py deactivate NAME`: sessions, tokens and passwords of an account stop at once."""

from argparse import ArgumentParser
from typing import Any

from tracker import members
from tracker.management.command import ReadyCommand


class Command(ReadyCommand):
    help = "Switch an account off; what it owns and has logged stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--undo", action="store_true", help="let it in again")

    def handle(self, *args: Any, name: str, undo: bool, **options: Any) -> None:
        person = members.find_user(name)
        (members.activate if undo else members.deactivate)(person)
        state = "may sign in again" if undo else "is switched off"
        self.stdout.write(f"{person.username} {state}.")
