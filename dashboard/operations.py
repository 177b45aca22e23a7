"""How the server is doing: what waits, what failed, what is stored, who works.

The figures of the health page and of its JSON. A bounded number of queries, and none
that grows with the candidates; storage is summed over the rows of files.
"""

import platform
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import celery
import django
from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Sum
from django.utils import timezone

from artifacts.models import Artifact, DiscardedBlob
from tracker.models import DiscardedSeries, Job, Worker
from tracker.version import VERSION

SHOWN = 20
WELL = timedelta(seconds=3 * settings.SWEEP_SECONDS + 60)
LATE = timedelta(minutes=5)


class Queue(NamedTuple):
    """Work of one sort."""

    name: str
    waiting: int
    running: int
    failed: int
    oldest: datetime | None  # since when the first one has waited


class Share(NamedTuple):
    slug: str
    name: str
    files: int
    size_bytes: int


class Health(NamedTuple):
    queues: list[Queue]
    messages: int | None  # at the broker; they are wake-ups, rows are the work
    workers: list[Worker]
    failed_jobs: list[Job]
    failed_files: list[Artifact]
    shares: list[Share]
    files: int
    size_bytes: int
    litter: int  # blobs that are still to be removed
    series: int  # purged, with points still to be deleted
    database: str
    database_bytes: int | None
    last_check: Job | None
    versions: dict[str, str]

    @property
    def worker_is_well(self) -> bool:
        now = timezone.now()
        return any(now - worker.seen_at < WELL for worker in self.workers)

    @property
    def is_late(self) -> bool:
        """Something waits longer than a working queue would let it."""
        now = timezone.now()
        return any(queue.oldest and now - queue.oldest > LATE for queue in self.queues)


def health() -> Health:
    stored = Artifact.objects.exclude(project=None).order_by()
    shares = [
        Share(*row)
        for row in stored.values_list("project__slug", "project__name")
        .annotate(files=Count("pk"), size=Sum("size_bytes"))
        .order_by("-size")
    ]
    failed_files = Artifact.objects.filter(
        state=Artifact.State.FAILED, project__isnull=False
    )
    return Health(
        queues=[files_queue(), jobs_queue()],
        messages=messages(),
        workers=list(Worker.objects.order_by("-seen_at")[:SHOWN]),
        failed_jobs=list(
            Job.objects.filter(state=Job.State.FAILED)
            .select_related("project")
            .order_by("-finished_at")[:SHOWN]
        ),
        failed_files=list(
            failed_files.select_related("project", "candidate", "model").order_by(
                "-pk"
            )[:SHOWN]
        ),
        shares=shares,
        files=sum(share.files for share in shares),
        size_bytes=sum(share.size_bytes for share in shares),
        litter=DiscardedBlob.objects.count(),
        series=DiscardedSeries.objects.count(),
        database=DATABASES[connection.vendor],
        database_bytes=database_bytes(),
        last_check=Job.objects.filter(kind="artifacts.check", finished_at__isnull=False)
        .order_by("-finished_at")
        .first(),
        versions=versions(),
    )


def files_queue() -> Queue:
    found = Artifact.objects.exclude(project=None).exclude(state=Artifact.State.READY)
    counts = dict(found.order_by().values_list("state").annotate(Count("pk")))
    oldest = found.filter(state=Artifact.State.PENDING).aggregate(at=Min("uploaded_at"))
    return queue("Files to look into", counts, oldest["at"])


def jobs_queue() -> Queue:
    found = Job.objects.exclude(state=Job.State.DONE)
    counts = dict(found.order_by().values_list("state").annotate(Count("pk")))
    oldest = found.filter(state=Job.State.PENDING).aggregate(at=Min("created_at"))
    return queue("Jobs", counts, oldest["at"])


def queue(name: str, counts: dict[str, int], oldest: datetime | None) -> Queue:
    running = counts.get("processing", 0) + counts.get("running", 0)
    return Queue(
        name, counts.get("pending", 0), running, counts.get("failed", 0), oldest
    )


def messages() -> int | None:
    """How many wake-ups the broker holds, or None where it does not answer."""
    if settings.QUEUE:
        folder = Path(settings.QUEUE["data_folder_in"])
        return sum(1 for _ in folder.glob("*.msg"))
    try:
        with current_app.connection_for_read(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
            with broker.channel() as channel:
                waiting: Any = channel
                return int(waiting.client.llen("celery"))
    except Exception:  # whatever the broker's client raises: it does not answer
        return None


# ---------------------------------------------------------------- the database

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def database_bytes() -> int | None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        cursor.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        )
        size = int(cursor.fetchone()[0])
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    return size + (log.stat().st_size if log.exists() else 0)


def versions() -> dict[str, str]:
    found = {
        "Tracker": VERSION,
        "Python": platform.python_version(),
        "Django": django.get_version(),
        "Celery": celery.__version__,
    }
    if connection.vendor == "postgresql":
        number = connection.pg_version  # type: ignore[attr-defined]
        found["PostgreSQL"] = f"{number // 10000}.{number % 10000}"
    else:
        found["SQLite"] = sqlite3.sqlite_version
    return found


# ---------------------------------------------------------------- for scripts


def as_facts(found: Health) -> dict[str, Any]:
    """The same figures as JSON."""
    return {
        "queues": [one._asdict() for one in found.queues],
        "messages": found.messages,
        "worker_is_well": found.worker_is_well,
        "is_late": found.is_late,
        "workers": [
            {"name": worker.name, "seen_at": worker.seen_at, "version": worker.version}
            for worker in found.workers
        ],
        "storage": {
            "files": found.files,
            "size_bytes": found.size_bytes,
            "by_project": [share._asdict() for share in found.shares],
            "to_remove": found.litter,
        },
        "database": {"kind": found.database, "size_bytes": found.database_bytes},
        "last_check": found.last_check and found.last_check.as_facts(),
        "versions": found.versions,
    }
