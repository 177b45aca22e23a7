"""Asking as runs/search does."""

from tracker.models import Experiment
from tracker.search import candidates


def find(experiment, text="", **options):
    return candidates.find(
        Experiment.objects.filter(pk=experiment.pk), text=text, **options
    )


def names(experiment, text="", **options):
    return [row.name for row in find(experiment, text, **options).rows]


def walked(experiment, text="", *, limit, **options):
    """All pages."""
    rows, token = [], ""
    while token is not None:
        page = find(experiment, text, limit=limit, token=token, **options)
        assert len(page.rows) <= limit
        rows += page.rows
        token = page.next_token
        assert token is None or len(page.rows) == limit
    return rows
