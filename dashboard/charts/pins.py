"""The metrics that an experiment's people want to see first, on every page of curves.

They are kept as a tag of the experiment, a JSON list of keys, so that scripts can read
and set them as well.
"""

from collections.abc import Iterable, Sequence

import msgspec

from tracker import lifecycle
from tracker.errors import Invalid
from tracker.models import Experiment, ExperimentTag

TAG = "tracker.pinned_metrics"
MOST = 20


def read(text: str) -> list[str]:
    """What the tag says; somebody's nonsense is no pin."""
    try:
        return msgspec.json.decode(text, type=list[str])[:MOST] if text else []
    except msgspec.MsgspecError:
        return []


def of(experiment: Experiment) -> list[str]:
    rows = ExperimentTag.objects.filter(experiment=experiment, key=TAG)
    return read(rows.values_list("value", flat=True).first() or "")


def toggle(experiment: Experiment, key: str) -> None:
    """Pin a metric, or let it go. Raises Invalid where there are too many."""
    kept = of(experiment)
    pinned = [one for one in kept if one != key] if key in kept else [*kept, key]
    if len(pinned) > MOST:
        raise Invalid(f"{MOST} metrics are pinned already. Let one of them go first.")
    lifecycle.set_experiment_tag(experiment, TAG, msgspec.json.encode(pinned).decode())


def first(keys: Iterable[str], pinned: Sequence[str]) -> list[str]:
    """The pinned ones in front, the others in their order."""
    known = list(keys)
    there = set(known)
    return list(dict.fromkeys([*(key for key in pinned if key in there), *known]))
