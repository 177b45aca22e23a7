"""Celery's doors into the core: each fetches, and calls one verb."""

import time
from contextlib import suppress

from celery import shared_task

from tracker import (
    audit,
    bulk,  # noqa: F401  # kinds of jobs
    catalogue,
    closing,
    jobs,
    purging,
    tallies,
    throttling,
    tiling,
)
from tracker.errors import TrackerError

# One round of a periodic task leaves the worker free again after this long.
ROUND_SECONDS = 20


@shared_task(ignore_result=True)
def count_keys() -> None:
    """Count what experiments that changed hold, as far as one round goes."""
    began = time.monotonic()
    for experiment in tallies.stale():
        tallies.count(experiment)
    for experiment in catalogue.stale():
        catalogue.count(experiment)
        tallies.count(experiment)
        if time.monotonic() - began > ROUND_SECONDS:
            return


@shared_task(ignore_result=True)
def build_tiles() -> None:
    """Condense the series that have grown, as far as one round goes."""
    began = time.monotonic()
    for series in tiling.due():
        tiling.build(series)
        if time.monotonic() - began > ROUND_SECONDS:
            return


@shared_task(ignore_result=True)
def close_silent() -> None:
    """End candidates that nobody hears of, where their experiment asks for it."""
    for candidate in closing.overdue():
        with suppress(TrackerError):  # deleted or locked meanwhile
            closing.close(candidate)


@shared_task(ignore_result=True)
def do(job_id: int) -> None:
    job = jobs.claim(job_id)
    if job:
        jobs.run(job)


@shared_task(ignore_result=True)
def sweep() -> None:
    """The jobs that a lost message or a killed worker has left undone."""
    jobs.sign_in()
    has_more = jobs.run_waiting(ROUND_SECONDS)
    jobs.forget_finished()
    audit.forget_old()
    throttling.forget_failures()
    if has_more:
        sweep.delay()


@shared_task(ignore_result=True)
def purge() -> None:
    """What the trash has kept long enough."""
    purging.purge_expired()
