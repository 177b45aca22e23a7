"""Wake-ups: messages that tell a worker to look at a row at once.

A message carries no fact, so losing one loses nothing: the sweep finds the row within a
minute.
"""

import logging
import time

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

# A broker that does not answer costs seconds; after a failure it is left in peace.
SILENT_SECONDS = 30
_silent_until = 0.0


def after_commit(task: str, *arguments: int) -> None:
    """Send it when the transaction is committed, and not at all when it is undone."""
    transaction.on_commit(lambda: send(task, *arguments), robust=True)


def send(task: str, *arguments: int) -> bool:
    """Whether a broker took it. Never fails, for what is asked for is stored."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return False
    try:
        current_app.send_task(task, arguments, ignore_result=True)
    except Exception:  # whatever the broker's client raises
        log.warning("the queue takes no messages; the sweep will find what waits")
        _silent_until = time.monotonic() + SILENT_SECONDS
        return False
    return True
