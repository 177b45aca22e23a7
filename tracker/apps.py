"""The core application."""

from django.apps import AppConfig


class TrackerConfig(AppConfig):
    name = "tracker"
    verbose_name = "Tracker"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registered by being imported.
        from tracker import routes, signing_in, sqlite  # noqa: F401
