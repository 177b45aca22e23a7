"""Where the pages ask the search room: which candidates match, in which order.

Only tracker/search reads the filter language; here its answers get the shape that a
page needs.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from dashboard.columns import Sort
from tracker.models import Candidate, Experiment

# Counting further than this costs more than it tells.
COUNT_LIMIT = 10_000


class Problem(NamedTuple):
    """What is wrong with a filter, and where: a position counts from 0."""

    message: str
    position: int | None


class Condition(NamedTuple):
    """One of the conditions joined by AND, and the filter without it."""

    text: str
    rest: str


class Found(NamedTuple):
    candidates: list[Candidate]
    after: str  # the token of the next page, or ""
    before: str
    matching: QuerySet[Candidate] | None  # None where no filter narrows the experiment
    number: int  # at most COUNT_LIMIT + 1
    problem: Problem | None
    conditions: list[Condition]


def find(
    experiment: Experiment,
    *,
    total: int,
    text: str,
    sorts: Sequence[Sort],
    limit: int,
    token: str = "",
) -> Found:
    everything = experiment.candidates.alive()
    start = int(token) if token.isdigit() else 0
    rows = list(everything.order_by("-started_ms", "eid")[start : start + limit + 1])
    return Found(
        candidates=rows[:limit],
        after=str(start + limit) if len(rows) > limit else "",
        before=str(max(0, start - limit)) if start else "",
        matching=None,
        number=total,
        problem=None,
        conditions=[],
    )


def count(experiment: Experiment, text: str) -> int:
    return experiment.candidates.alive()[: COUNT_LIMIT + 1].count()
