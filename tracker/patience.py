"""How long an experiment's candidates may be silent before pages call them quiet or lost.

What MLflow's API reports stays as it is, except where somebody wants silent candidates
to be ended: see `closing`.
"""

from typing import NamedTuple

from django.core.exceptions import ValidationError

from tracker import audit
from tracker.errors import Invalid, NotFound
from tracker.models import Experiment, What
from tracker.transactions import atomically


class Patience(NamedTuple):
    """The defaults are those of a new experiment."""

    quiet_factor: int = 3
    stalled_factor: int = 10
    lost_factor: int = 10
    lost_minutes: int = 10
    close_hours: int | None = None

    @classmethod
    def of(cls, experiment: Experiment) -> "Patience":
        return cls(*(getattr(experiment, name) for name in cls._fields))

    def __str__(self) -> str:
        words = (
            f"quiet {self.quiet_factor}×, stalled {self.stalled_factor}×,"
            f" lost {self.lost_factor}× and {self.lost_minutes} min"
        )
        return words + (f", ended after {self.close_hours} h" * bool(self.close_hours))


@atomically
def change(experiment: Experiment, wanted: Patience) -> bool:
    """Whether anything is different now. Raises Invalid, naming what will not do."""
    locked = Experiment.objects.alive().select_for_update(no_key=True)
    now = locked.filter(pk=experiment.pk).first()
    if now is None:
        raise NotFound("This experiment is deleted.")
    before = Patience.of(now)
    if before == wanted:
        return False
    given(now, wanted)
    try:
        now.clean_fields(exclude=others(now))
        now.clean()
    except ValidationError as problem:
        raise Invalid(" ".join(problem.messages)) from None
    now.save(update_fields=Patience._fields)
    audit.record(
        What.EXPERIMENT_CHANGED,
        project=now.project,
        about=now,
        note=f"signs of life: {wanted}; before: {before}",
    )
    given(experiment, wanted)
    return True


def given(experiment: Experiment, wanted: Patience) -> None:
    for name, value in wanted._asdict().items():
        setattr(experiment, name, value)


def others(experiment: Experiment) -> set[str]:
    fields = {field.name for field in experiment._meta.concrete_fields}
    return fields - set(Patience._fields)
