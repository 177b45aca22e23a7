"""Is Tracker alive, and can it serve? For load balancers and for `docker compose`."""

import logging
from collections.abc import Callable

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from tracker.celery import app
from tracker.permits import Who, needs

log = logging.getLogger(__name__)

QUEUE_TIMEOUT_SECONDS = 2
PROBE = ".readyz"


@needs(Who.ANYONE)
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@needs(Who.ANYONE)
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, migrations, queue and storage work: 200, else 503 with their names alone."""
    parts = {name: works(name, check) for name, check in CHECKS.items()}
    return JsonResponse(
        {name: "ok" if fine else "failing" for name, fine in parts.items()},
        status=200 if all(parts.values()) else 503,
    )


def works(name: str, check: Callable[[], object]) -> bool:
    try:
        return check() is not False
    except Exception:  # whatever a part raises, the answer is that it does not work
        log.warning("%s is not ready", name, exc_info=True)
        return False


def database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def queue() -> None:
    with app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=QUEUE_TIMEOUT_SECONDS)


def storage() -> None:
    """A small file can be written and removed: reading rights alone would not keep a run."""
    try:
        name = default_storage.save(PROBE, ContentFile(b"ok"))
    except OSError:
        default_storage.delete(PROBE)  # a full disk has room for its name
        raise
    default_storage.delete(name)


CHECKS: dict[str, Callable[[], object]] = {
    "database": database,
    "migrations": migrations,
    "queue": queue,
    "storage": storage,
}
