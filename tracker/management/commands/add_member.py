"""`manage.py add_member PROJECT USER ROLE`: a role in a project, new or changed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tracker import members
from tracker.errors import TrackerError
from tracker.management.command import ReadyCommand
from tracker.models import Project, Role

ROLES = {role.name.lower(): role for role in Role}


class Command(ReadyCommand):
    help = "Give someone a role in a project."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="its slug")
        parser.add_argument("user")
        parser.add_argument("role", choices=ROLES)

    def handle(
        self, *args: Any, project: str, user: str, role: str, **options: Any
    ) -> None:
        found = Project.objects.filter(slug=project).first()
        if found is None:
            raise CommandError(f"No project “{project}”.")
        try:
            members.set_role(found, members.find_user(user), ROLES[role])
        except TrackerError as problem:
            raise CommandError(str(problem)) from None
