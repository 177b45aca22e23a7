"""A candidate that somebody looks at: a version that is cheap to ask for.

The page asks with the version it shows; only where another one is true is it drawn anew.
The version is to be taken before what it speaks for: what is written in between then
counts as news, and nothing is missed.
"""

import hashlib
from typing import NamedTuple

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Length

from artifacts.models import Artifact
from tracker.models import Candidate
from tracker.models.states import state


class Marks(NamedTuple):
    """How much a candidate holds, and the version that this makes."""

    metrics: int
    artifacts: int
    version: str


def marks(candidate: Candidate) -> Marks:
    """Three queries, whatever it holds. Its experiment must have been looked up."""
    metrics = candidate.metrics.aggregate(
        many=Count("pk"), points=Sum("count"), last=Max("logged_ms")
    )
    files = candidate.artifacts.aggregate(
        many=Count("pk"),
        last=Max("uploaded_at"),
        waiting=Count("pk", filter=~Q(state=Artifact.State.READY)),
    )
    tags = candidate.tags.aggregate(
        many=Count("pk"), last=Max("pk"), length=Sum(Length("value"))
    )
    said = [
        candidate.name,
        candidate.status,
        state(candidate),
        candidate.ended_ms,
        candidate.written_ms,
        candidate.locked_at,
        candidate.experiment_id,
        *metrics.values(),
        *files.values(),
        *tags.values(),
    ]
    version = hashlib.blake2b(repr(said).encode(), digest_size=8).hexdigest()
    return Marks(metrics["many"], files["many"], version)
