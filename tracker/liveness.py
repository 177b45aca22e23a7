"""Signs of life: when a candidate's script last wrote, and how regularly it does.

A write notes itself in the candidate's row, at most every few seconds: a script that
logs often costs nothing more, and of a rare one every gap is known. What follows from it
is `models.states.state`.
"""

from collections.abc import Iterable
from typing import Any

from tracker import rows
from tracker.models import Candidate, Status, Tag
from tracker.models.states import LEAST_INTERVAL_MS, now_ms

NOTED_EVERY_MS = 5000
KEPT_GAPS = 32
LONGEST_GAP_MS = 10**10 - 1

# MLflow's client reports these by itself, also while the training hangs.
SYSTEM = "system/"
# Why a candidate was ended by us.
CLOSED = "tracker.closed"


def trains(keys: Iterable[str]) -> bool:
    """Whether one of these metrics comes from the training itself."""
    return any(not key.startswith(SYSTEM) for key in keys)


def is_due(
    *,
    now: int,
    written_ms: int,
    trained_ms: int | None,
    closed_ms: int | None,
    is_training: bool,
) -> bool:
    """Whether a write at this time has something to note."""
    return (
        now - written_ms >= NOTED_EVERY_MS
        or closed_ms is not None
        or (is_training and (trained_ms is None or now - trained_ms >= NOTED_EVERY_MS))
    )


# The opposite, asked of the row of a `candidate` by a statement.
NOTHING_DUE = (
    "candidate.written_ms > %s AND candidate.closed_ms IS NULL"
    " AND (candidate.trained_ms > %s OR NOT %s)"
)


def nothing_due(*, is_training: bool) -> list[Any]:
    """The values of that question."""
    noted = now_ms() - NOTED_EVERY_MS
    return [noted, noted, is_training]


def note(candidate: Candidate, *, is_training: bool = False, has_data: bool) -> None:
    """Note a write of the script. Call it with the row as it is, under its lock.

    Data bring a candidate back that was ended because none came.
    """
    now = now_ms()
    if not is_due(
        now=now,
        written_ms=candidate.written_ms,
        trained_ms=candidate.trained_ms,
        closed_ms=candidate.closed_ms,
        is_training=is_training,
    ):
        return
    changed: dict[str, Any] = {"written_ms": now}
    gap = now - candidate.written_ms
    if gap >= NOTED_EVERY_MS and candidate.written_ms:
        changed["gaps"] = longer(candidate.gaps, gap)
        changed["interval_ms"] = interval(changed["gaps"])
    if is_training:
        changed["trained_ms"] = now
        gap = now - (candidate.trained_ms or now)
        if gap >= NOTED_EVERY_MS:
            changed["trained_gaps"] = longer(candidate.trained_gaps, gap)
            changed["trained_interval_ms"] = interval(changed["trained_gaps"])
    if has_data and candidate.closed_ms is not None:
        changed |= {"status": Status.RUNNING, "ended_ms": None, "closed_ms": None}
        Tag.objects.filter(candidate=candidate, key=CLOSED).delete()
    for name, value in changed.items():
        setattr(candidate, name, value)
    rows.change(candidate, *changed)


def vouch(candidate: Candidate) -> None:
    """Note that somebody knows it to be running. Its usual gaps are learned from writes
    alone: this says nothing of them. Call it under its lock."""
    candidate.written_ms, candidate.closed_ms = now_ms(), None
    if candidate.trained_ms is not None:
        candidate.trained_ms = candidate.written_ms
    rows.change(candidate, "written_ms", "trained_ms", "closed_ms")
    Tag.objects.filter(candidate=candidate, key=CLOSED).delete()


def longer(gaps: str, gap: int) -> str:
    """The last gaps, in milliseconds, the newest at the end."""
    kept = gaps.split()[-KEPT_GAPS + 1 :]
    return " ".join([*kept, str(min(gap, LONGEST_GAP_MS))])


def interval(gaps: str) -> int:
    """What nine of ten gaps stay below, and not less than anybody would notice."""
    known = sorted(map(int, gaps.split()))
    place = 0.9 * (len(known) - 1)
    low = int(place)
    high = min(low + 1, len(known) - 1)
    usual = known[low] + (known[high] - known[low]) * (place - low)
    return max(round(usual), LEAST_INTERVAL_MS)
