"""The clock alone: Celery's beat, in a process of its own beside the workers."""

from pathlib import Path
from typing import Any

from celery.apps.beat import Beat
from celery.beat import PersistentScheduler
from django.conf import settings

from tracker.celery import app

# Touched while the clock goes; a health check looks at its age.
ALIVE = "beat.alive"


class Clock(PersistentScheduler):
    def tick(self, *args: Any, **kwargs: Any) -> float:
        Path(settings.DATA_DIR, ALIVE).touch()
        seconds: float = super().tick(*args, **kwargs)
        return seconds


def run() -> None:
    """Until told to stop."""
    Beat(
        app=app, scheduler="tracker.beat.Clock", quiet=True, redirect_stdouts=False
    ).run()
