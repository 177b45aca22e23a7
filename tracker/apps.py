"""The core application."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class TrackerConfig(AppConfig):
    name = "tracker"
    verbose_name = "Tracker"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registered by being imported.
        from tracker import deployment, routes, signing_in, sqlite  # noqa: F401


class BackOfficeConfig(AdminConfig):
    """Django's admin with a front page of our own."""

    default_site = "tracker.operators.Site"
