"""Recognising the CI job and commit behind a candidate from its tags."""

from collections.abc import Mapping

from tracker.models import Candidate


def concerns(tags: Mapping[str, str]) -> bool:
    """Whether any of these tags says something about CI."""
    return False


def fill(candidate: Candidate) -> None:
    """Write down what the candidate's tags say about its CI job."""
