"""An experiment's baseline: the candidate that the others are measured against.

It is kept as a tag of the experiment, so that scripts can read and set it as well.
"""

from contextlib import suppress

from tracker import lifecycle
from tracker.errors import NotFound
from tracker.models import Candidate, Experiment, ExperimentTag

TAG = "tracker.baseline"


def of(experiment: Experiment) -> Candidate | None:
    """The candidate that the tag names, as long as it is alive. One or two queries."""
    rows = ExperimentTag.objects.filter(experiment=experiment, key=TAG)
    number = (rows.values_list("value", flat=True).first() or "").lstrip("#")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return (
        Candidate.objects.alive()
        .filter(project=experiment.project_id, iid=int(number))
        .first()
    )


def choose(candidate: Candidate) -> None:
    lifecycle.set_experiment_tag(candidate.experiment, TAG, str(candidate.iid))


def forget(experiment: Experiment) -> None:
    with suppress(NotFound):  # somebody was faster
        lifecycle.delete_experiment_tag(experiment, TAG)
