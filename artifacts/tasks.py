"""Celery's doors into the artifacts: look inside after an upload; sweep what is left over."""

import logging

from celery import shared_task
from django.core.cache import cache

from artifacts import checking, inspection
from tracker.errors import Full, Unavailable

log = logging.getLogger(__name__)

SWEEP_SECONDS = 40  # less than the minute between two of them
DRAFTS_EVERY = 3600


@shared_task(ignore_result=True)
def inspect(artifact_id: int) -> None:
    artifact = inspection.claim(artifact_id)
    if artifact:
        inspection.inspect(artifact)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Whatever a lost message or a killed process has left undone."""
    has_more = inspection.inspect_waiting(SWEEP_SECONDS)
    inspection.discard_litter()
    try:
        inspection.remove_discarded(SWEEP_SECONDS / 2)
        # In a bucket it is a paid request, and there are seldom any.
        if cache.add("artifacts.drafts", True, DRAFTS_EVERY):
            inspection.remove_drafts()
    except (Full, Unavailable) as problem:
        log.warning("nothing is removed from the storage now: %s", problem)
    if has_more:
        sweep.delay()


@shared_task(ignore_result=True)
def check() -> None:
    """Every night: do rows and blobs agree?"""
    checking.begin()
