"""`manage.py create_project SLUG`: a project with its default experiment."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from tracker import lifecycle
from tracker.management.command import ReadyCommand
from tracker.models import Project, Visibility


class Command(ReadyCommand):
    help = "Make a project, and print the address that scripts log to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="its part of the address: /p/<slug>")
        parser.add_argument("--name", default="", help="as people see it")
        parser.add_argument("--description", default="")
        parser.add_argument(
            "--visibility", choices=Visibility.values, default=Visibility.PRIVATE
        )

    def handle(
        self,
        *args: Any,
        slug: str,
        name: str,
        description: str,
        visibility: str,
        **options: Any,
    ) -> None:
        try:
            Project(slug=slug, name=name or slug).full_clean(validate_unique=False)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from None
        project = lifecycle.create_project(
            slug, name=name, description=description, visibility=Visibility(visibility)
        )
        address = settings.PUBLIC_URL or settings.BIND.url
        self.stdout.write(f"Project {project.pk} is at {address}/p/{project.slug}")
