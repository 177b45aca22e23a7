"""Whom a chart is about, and the words for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from dashboard.charts import figures, frames, options, sweep
from dashboard.charts.sweep import Address
from dashboard.table.columns import Column
from dashboard.templatetags.tracker_tags import grouped
from tracker.models import Candidate, Experiment

Answer = dict[str, Any]


class Nothing(Exception):
    """There is nothing to draw; the sentence says what is missing."""


@dataclass
class Scene:
    """Whom a chart is about, and how it is to be drawn."""

    experiment: Experiment
    drawn: list[Candidate]  # the first ones, by the sort
    matching: QuerySet[Candidate]
    count: int
    options: options.Options
    group: tuple[Column, ...] = ()  # none: the whole configuration
    baseline: Candidate | None = None

    @cached_property
    def looks(self) -> dict[int, figures.Look]:
        return frames.looks(self.drawn)

    @cached_property
    def everyone(self) -> list[Candidate]:
        """The newest of all that match. One query."""
        rows = self.matching.order_by("-started_ms", "eid").only(
            "iid", "name", "started_ms", "config", "status"
        )
        return list(rows[: sweep.MAX_CANDIDATES])

    @property
    def is_cut(self) -> bool:
        return len(self.everyone) == sweep.MAX_CANDIDATES

    def sample(self, addresses: Sequence[Address]) -> sweep.Sample:
        unique = list(dict.fromkeys(addresses))
        return sweep.sampled(self.everyone, unique, is_cut=self.is_cut)

    @property
    def whom(self) -> str:
        many = len(self.everyone)
        if self.is_cut:
            return f"the newest {grouped(many)} of {grouped(self.count)} candidates"
        return f"{grouped(many)} candidate{'' if many == 1 else 's'}"


def who_is_drawn(scene: Scene) -> str:
    many = len(scene.drawn)
    if many >= scene.count:
        return f"{grouped(many)} candidate{'' if many == 1 else 's'}"
    return f"{grouped(many)} of {grouped(scene.count)} candidates"
