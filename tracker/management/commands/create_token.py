"""`manage.py create_token USER`: an access token; stdout is the token and nothing else."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError

from tracker import members, tokens
from tracker.errors import TrackerError
from tracker.management.command import ReadyCommand
from tracker.models import AccessToken, Project


class Command(ReadyCommand):
    help = "Create an access token and print it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user")
        parser.add_argument(
            "--project", help="a slug; the token then works there alone"
        )
        parser.add_argument("--scope", choices=AccessToken.Scope.values, default="log")
        parser.add_argument("--days", type=int, default=90, help="until it ends (90)")
        parser.add_argument("--name", default="command line")

    def handle(
        self,
        *args: Any,
        user: str,
        project: str | None,
        scope: str,
        days: int,
        name: str,
        **options: Any,
    ) -> None:
        found = Project.objects.filter(slug=project).first() if project else None
        if project and found is None:
            raise CommandError(f"No project “{project}”.")
        try:
            issued = tokens.issue(
                members.find_user(user),
                name=name,
                project=found,
                scope=AccessToken.Scope(scope),
                lifetime=timedelta(days=days),
            )
        except TrackerError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(issued.secret)
