"""`manage.py create_user NAME`: an account, and a one-time link to set its password."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from tracker import members
from tracker.errors import TrackerError
from tracker.management.command import ReadyCommand


class Command(ReadyCommand):
    help = (
        "Create an account. Without --password-file, print a one-time link to set one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--email", default="", help="for single sign-on")
        parser.add_argument(
            "--admin", action="store_true", help="may manage the server"
        )
        parser.add_argument("--password-file", type=Path, help="its first line")

    def handle(
        self,
        *args: Any,
        name: str,
        email: str,
        admin: bool,
        password_file: Path | None,
        **options: Any,
    ) -> None:
        try:
            password = first_line(password_file) if password_file else None
            user = members.create_user(
                name, email=email, is_admin=admin, password=password
            )
        except (TrackerError, OSError) as problem:
            raise CommandError(str(problem)) from None
        if password is None:
            root = settings.PUBLIC_URL or settings.BIND.url
            self.stdout.write(f"{root}{members.one_time_path(user)}")


def first_line(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0]
