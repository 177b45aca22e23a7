"""Ending candidates whose script has gone silent, where their experiment asks for it.

Nothing else touches what MLflow's API reports. Data that arrive after all bring such a
candidate back: see liveness.
"""

from django.db.models import F

from tracker import liveness, recording
from tracker.models import Candidate, Status
from tracker.models.states import HOUR_MS, now_ms
from tracker.transactions import atomically

BATCH = 500


def overdue() -> list[Candidate]:
    """Running candidates that were silent for longer than their experiment waits."""
    silent = Candidate.objects.alive().filter(
        status=Status.RUNNING,
        locked_at=None,
        experiment__deleted_at=None,
        experiment__close_hours__isnull=False,
        written_ms__lt=now_ms() - F("experiment__close_hours") * HOUR_MS,
    )
    return list(silent.select_related("experiment").order_by("pk")[:BATCH])


@atomically
def close(candidate: Candidate) -> bool:
    """End one as failed, at its last write, and say why. False where it wrote meanwhile."""
    hours = candidate.experiment.close_hours
    candidate = recording.lock(candidate)
    now = now_ms()
    if (
        not hours
        or candidate.status != Status.RUNNING
        or candidate.written_ms >= now - hours * HOUR_MS
    ):
        return False
    candidate.status, candidate.closed_ms = Status.FAILED, now
    candidate.ended_ms = candidate.written_ms or now
    candidate.save(update_fields=["status", "ended_ms", "closed_ms"])
    reason = f"Nothing arrived for {hours} hour{'s' if hours > 1 else ''}."
    recording.log_batch(candidate, tags={liveness.CLOSED: reason}, by_script=False)
    return True
