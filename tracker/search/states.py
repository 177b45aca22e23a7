"""The state of a candidate as a filter asks for it: `state = lost`.

Unlike the status it depends on the time: see models.states.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.db.models.lookups import In

from tracker.models import State, Status
from tracker.models.states import SAID, in_sql
from tracker.search.grammar import Comparison
from tracker.search.kinds import Word

RUNNING = (State.LIVE, State.QUIET, State.STALLED, State.LOST)

WORDS: Mapping[str, Any] = {
    **{state.value: (state,) for state in State},
    "running": RUNNING,
    "done": (State.FINISHED,),
    "killed": (State.STOPPED,),
}


class StateWord(Word):
    """One of the states, or `running` for all in which a script has not ended."""

    def condition(self, path: str, asked: Comparison) -> Q:
        wanted = {state for value in asked.values for state in self.read(value)}
        condition = Q(status__in=[s for s, state in SAID.items() if state in wanted])
        if wanted.issuperset(RUNNING):
            condition |= Q(status=Status.RUNNING)
        elif alive := [state.value for state in RUNNING if state in wanted]:
            # By the status first, which has an index.
            condition |= Q(status=Status.RUNNING) & Q(In(in_sql(), alive))
        return condition if asked.operator in ("=", "IN") else ~condition
