"""`manage.py openapi`: the API's description, for whoever generates a client from it."""

from typing import Any

from django.core.management.base import BaseCommand

from tracker import openapi


class Command(BaseCommand):
    help = "Print the OpenAPI document that the server shows at /api/openapi.json."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(openapi.written().decode())
