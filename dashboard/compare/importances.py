"""The importance of features, paired by their names."""

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.compare.readings import Reading
from dashboard.compare.sides import Side
from dashboard.templatetags.tracker_tags import MINUS, shown

MAX_FEATURES = 40


class Weight(NamedTuple):
    """One candidate's importance of a feature."""

    side: Side
    text: str
    width: int  # of a hundred
    delta: str


class Feature(NamedTuple):
    name: str
    weights: list[Weight]


def weights(read: Sequence[tuple[Side, Reading]]) -> list[Feature]:
    """Paired by feature; where they differ most first, then by weight."""
    known = [(s, r.importances) for s, r in read if r.importances]
    if not known:
        return []
    base = known[0][1]
    names = list(dict.fromkeys(name for _, found in known for name in found))

    def spread(name: str) -> tuple[float, float]:
        values = [found.get(name, 0.0) for _, found in known]
        return max(values) - min(values), max(map(abs, values))

    names.sort(key=spread, reverse=True)
    most = max(abs(v) for _, found in known for v in found.values()) or 1.0
    return [
        Feature(
            name,
            [
                Weight(
                    side,
                    shown(found.get(name)),
                    round(100 * abs(found.get(name, 0.0)) / most),
                    signed(found.get(name), base.get(name))
                    if found is not base
                    else "",
                )
                for side, found in known
            ],
        )
        for name in names[:MAX_FEATURES]
    ]


def signed(value: float | None, before: float | None) -> str:
    if value is None or before is None or shown(value) == shown(before):
        return ""
    distance = value - before
    return f"{'+' if distance > 0 else MINUS}{shown(abs(distance))}"
