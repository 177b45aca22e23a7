"""Whom the curves of the Charts tab belong to, and what sets these candidates apart."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dashboard.charts import frames
from dashboard.charts.charted import Asked
from dashboard.table import naming
from dashboard.table.columns import ATTRIBUTE, Column, metric_column
from dashboard.table.facts import Facts, gather
from dashboard.templatetags.tracker_tags import shown
from tracker.models import Candidate, Kind
from tracker.models.states import State, state

# Beside a name there is room for the metric to judge by, and for two more.
MAX_FACTS = 3
MAX_CHARS = 24


class Drawn(NamedTuple):
    """A line of the legend beside the charts."""

    entry: frames.Entry
    value: str  # of the first column, if that is a metric
    facts: list[tuple[str, str]]  # what the others say: their label, and the value


class Whom(NamedTuple):
    heading: str  # what the values are
    drawn: list[Drawn]


def whom(said: Asked, main: str) -> Whom:
    """In their sort, with the columns that the address chooses, or with what tells most.

    At most three queries.
    """
    candidates = said.scene.drawn
    asked = [c for c in said.state.columns if c.kind != ATTRIBUTE][:MAX_FACTS]
    columns = asked or usual(candidates, main)
    facts = gather(candidates, columns) if columns else Facts()
    first = columns[0] if columns and columns[0].kind == Kind.METRIC else None
    others = columns[1:] if first else columns
    return Whom(
        first.full_label if first else "",
        [
            Drawn(
                entry(said, candidate),
                written(facts, candidate, first) if first else "",
                [
                    (column.full_label, text)
                    for column in others
                    if (text := written(facts, candidate, column))
                ],
            )
            for candidate in candidates
        ],
    )


def usual(candidates: Sequence[Candidate], main: str) -> list[Column]:
    known: Mapping[int, naming.Known] = naming.params_of([c.pk for c in candidates])
    params = [Column(Kind.PARAM, key) for key in naming.telling(known)]
    return [*([metric_column(main)] if main else []), *params][:MAX_FACTS]


def written(facts: Facts, candidate: Candidate, column: Column) -> str:
    value = facts.value(candidate, column)
    if value is None:
        return ""
    text = value if isinstance(value, str) else shown(value)
    return text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS - 1]}…"


def entry(said: Asked, candidate: Candidate) -> frames.Entry:
    look = said.scene.looks[candidate.pk]
    return frames.Entry(
        id=str(candidate.iid),
        name=candidate.name,
        slot=look.slot,
        dash=look.dash,
        value="",
        is_live=state(candidate) is State.LIVE,
        is_baseline=candidate == said.scene.baseline,
        is_hidden=str(candidate.iid) in said.scene.options.hidden,
    )
