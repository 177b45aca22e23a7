"""The state of a candidate: what its script said, and whether anything still arrives.

A script that is killed cannot say so. What arrives, and how regularly it used to arrive,
tells: see `state`. MLflow's API reports the status alone.
"""

import time
from typing import Any, Protocol

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest

# Nobody notices a pause shorter than this.
LEAST_INTERVAL_MS = 10_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Status(models.TextChoices):
    """What the script said of itself."""

    RUNNING = "RUNNING", "Running"
    SCHEDULED = "SCHEDULED", "Scheduled"
    FINISHED = "FINISHED", "Finished"
    FAILED = "FAILED", "Failed"
    KILLED = "KILLED", "Stopped"


class State(models.TextChoices):
    """What pages say of a candidate."""

    LIVE = "live", "Live"
    QUIET = "quiet", "Quiet"
    STALLED = "stalled", "Stalled"
    LOST = "lost", "Lost contact"
    SCHEDULED = "scheduled", "Scheduled"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


SAID = {
    Status.SCHEDULED: State.SCHEDULED,
    Status.FINISHED: State.FINISHED,
    Status.FAILED: State.FAILED,
    Status.KILLED: State.STOPPED,
}


class Observed(Protocol):
    """What is known of a candidate."""

    status: Any
    written_ms: Any
    trained_ms: Any
    interval_ms: Any
    trained_interval_ms: Any
    experiment: Any


def state(candidate: Observed, now: int | None = None) -> State:
    """The state at a time, in milliseconds; without one, now.

    Of a running candidate its experiment says how patient to be: look them up together.
    """
    if candidate.status != Status.RUNNING:
        return SAID[Status(candidate.status)]
    now = now_ms() if now is None else now
    patience = candidate.experiment
    silence = now - candidate.written_ms
    interval = max(candidate.interval_ms, LEAST_INTERVAL_MS)
    if silence > max(
        patience.lost_minutes * MINUTE_MS, patience.lost_factor * interval
    ):
        return State.LOST
    if silence > patience.quiet_factor * interval:
        return State.QUIET
    if candidate.trained_ms is not None:
        usual = max(candidate.trained_interval_ms, LEAST_INTERVAL_MS)
        if now - candidate.trained_ms > patience.stalled_factor * usual:
            return State.STALLED
    return State.LIVE


def patience() -> Greatest:
    """For how many milliseconds a running candidate may be silent before it is lost."""
    return Greatest(
        F("experiment__lost_minutes") * MINUTE_MS,
        F("experiment__lost_factor") * Greatest(F("interval_ms"), LEAST_INTERVAL_MS),
    )


def in_sql(now: int | None = None) -> Case:
    """The same as an expression over candidates."""
    now = now_ms() if now is None else now
    interval = Greatest(F("interval_ms"), LEAST_INTERVAL_MS)
    usual = Greatest(F("trained_interval_ms"), LEAST_INTERVAL_MS)
    quiet = F("experiment__quiet_factor") * interval
    stalled = F("experiment__stalled_factor") * usual
    return Case(
        *(When(status=said, then=Value(means.value)) for said, means in SAID.items()),
        When(written_ms__lt=now - patience(), then=Value(State.LOST.value)),
        When(written_ms__lt=now - quiet, then=Value(State.QUIET.value)),
        When(
            Q(trained_ms__isnull=False, trained_ms__lt=now - stalled),
            then=Value(State.STALLED.value),
        ),
        default=Value(State.LIVE.value),
        output_field=models.CharField(),
    )
