"""The rows of a candidates table: what each shows, and where it leads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.table import strip
from dashboard.table.cells import (
    EMPTY_SLOT,
    MISSING,
    commit,
    delta,
    job,
    label,
    text,
    underway,
)
from dashboard.table.columns import ATTRIBUTE, NUMERIC_ATTRIBUTES, Column
from dashboard.table.facts import Facts
from dashboard.table.widths import NAME
from dashboard.templatetags.tracker_tags import ago, number, state, took
from tracker.models import Candidate, Experiment, Kind, Project, State, Status, states

UNFINISHED = (Status.RUNNING, Status.SCHEDULED)


class Extremes(NamedTuple):
    """The best value of each column over everything that matches, and the strip's ends."""

    best: Mapping[Column, float]
    scale: strip.Scale | None


class Cell(NamedTuple):
    classes: str
    label: str  # named beside the value where rows are cards
    body: SafeString | str


class Toggle(NamedTuple):
    """What opens a row of a tree, or closes it."""

    url: str
    is_open: bool


class Row(NamedTuple):
    """A candidate, or a group of them."""

    candidate: Candidate | None
    url: str
    parent: Candidate | None
    parent_url: str
    cells: list[Cell]
    picks: str  # the numbers that its box chooses
    name: str  # for the box and the toggle, to people who do not see the row
    level: int = 0
    toggle: Toggle | None = None
    number: int = 0  # of members or of children
    label: Sequence[Any] = ()  # of a group, in parts
    more_url: str = ""  # to the members or children that are not listed
    is_dim: bool = False
    is_pinned: bool = False


@dataclass(slots=True)
class Table:
    """Everything that decides how a value looks in its cell."""

    project: Project
    experiment: Experiment
    columns: Sequence[Column]
    facts: Facts
    extremes: Extremes
    main: Column | None
    numeric: Collection[Column]  # params and tags whose every value is a number
    baseline: Candidate | None = None
    is_grouped: bool = False
    widths: Mapping[Column, int] = field(default_factory=dict)  # in steps
    pinned: Collection[Column] = ()

    @property
    def has_slot(self) -> bool:
        """Whether metrics have room beside them, for a delta or an interval."""
        return self.baseline is not None or self.is_grouped

    def row(self, candidate: Candidate, **fields: Any) -> Row:
        parent = self.facts.parents.get(candidate.parent_eid)
        bodies = {column: self.body(candidate, column) for column in self.columns}
        return Row(
            candidate,
            self.url(candidate),
            parent,
            self.url(parent) if parent else "",
            self.cells(bodies, self.strip(candidate)),
            picks=str(candidate.iid),
            name=f"#{candidate.iid}",
            **fields,
        )

    def cells(
        self, bodies: Mapping[Column, SafeString | str], mark: SafeString | str
    ) -> list[Cell]:
        """What the row shows, with the classes that say where on a card it stands."""
        cells: list[Cell] = []
        card_fields = 0
        for column in self.columns:
            body = bodies[column]
            pin = self.pin(column)
            if column == self.main:
                cells.append(Cell(f"num c-main{pin}", "", body))
                cells.append(Cell("c-strip", "", mark))
                continue
            classes = ["num"] if self.is_number(column) else []
            if column == (ATTRIBUTE, "state", ""):
                classes.append("c-state")
            elif column.kind in (Kind.METRIC, Kind.PARAM) and card_fields < 3:
                card_fields += 1
                classes.append(f"c-f f{card_fields}")
            elif column.kind == ATTRIBUTE:
                classes.append("muted")
            cells.append(Cell(f"{' '.join(classes)}{pin}".strip(), label(column), body))
        return cells

    def pin(self, column: Column) -> str:
        """The classes of a column that stays beside the name."""
        if column not in self.pinned:
            return ""
        before = list(takewhile(lambda other: other != column, self.pinned))
        return f" pin at-{NAME + sum(self.widths[other] for other in before)}"

    def url(self, candidate: Candidate) -> str:
        return reverse("candidate", args=[self.project.slug, candidate.iid])

    def is_number(self, column: Column) -> bool:
        if column.kind == ATTRIBUTE:
            return column.key in NUMERIC_ATTRIBUTES
        return column.kind == Kind.METRIC or column in self.numeric

    @property
    def reference(self) -> float | None:
        """The baseline's value of the main metric, for the line down the column."""
        if self.baseline is None or self.main is None:
            return None
        return self.facts.metric(self.baseline, self.main)

    def strip(self, candidate: Candidate) -> SafeString | str:
        if self.main is None:
            return ""
        return strip.mark(
            self.facts.metric(candidate, self.main),
            self.extremes.scale,
            slot=candidate.iid % 8,
            is_final=candidate.status not in UNFINISHED,
            reference=self.reference,
        )

    def body(self, candidate: Candidate, column: Column) -> SafeString | str:
        if column.kind == Kind.METRIC:
            return self.metric(candidate, column)
        if column.kind == ATTRIBUTE:
            return self.attribute(candidate, column.key)
        value = self.facts.value(candidate, column)
        if self.baseline is None or candidate.pk == self.baseline.pk or value is None:
            return text(value)
        if value != self.facts.value(self.baseline, column):
            return text(value)
        return format_html('<span class="same">{}</span>', text(value))

    def metric(self, candidate: Candidate, column: Column) -> SafeString:
        value = self.facts.metric(candidate, column)
        said = number(value, column.key)
        if value is not None and value == self.extremes.best.get(column):
            said = format_html(
                '<b class="best"><span class="sr">best: </span>{}</b>', said
            )
        return self.beside(said, self.delta(candidate, column, value))

    def beside(self, value: SafeString, slot: SafeString | str) -> SafeString:
        """In a table with a slot, digits line up whether it is filled or not."""
        if not self.has_slot:
            return value
        return format_html('<div class="v2">{}{}</div>', value, slot or EMPTY_SLOT)

    def delta(
        self, candidate: Candidate, column: Column, value: float | None
    ) -> SafeString | str:
        if self.baseline is None or candidate.pk == self.baseline.pk or value is None:
            return ""
        return delta(value, self.facts.metric(self.baseline, column), column)

    def attribute(self, candidate: Candidate, key: str) -> SafeString | str:
        match key:
            case "state":
                candidate.experiment = self.experiment
                found = self.facts.progress.get(candidate.pk)
                # Of a silent one it matters for how long.
                if found is None or states.state(candidate) is not State.LIVE:
                    return state(candidate)
                return underway(candidate, found)
            case "duration":
                return took(candidate)
            case "start":
                return ago(candidate.started_at)
            case "ci":
                return job(self.facts.builds.get(candidate.pk))
            case "commit":
                return commit(self.facts.builds.get(candidate.pk))
            case "files":
                return self.files(candidate)
        return text(self.facts.attribute(candidate, key))

    def files(self, candidate: Candidate) -> SafeString:
        count = self.facts.files.get(candidate.pk, 0)
        if not count:
            return MISSING
        return format_html(
            '<a class="link" href="{}">{}<span class="sr"> {} of #{}</span></a>',
            reverse("artifacts", args=[self.project.slug, candidate.iid]),
            count,
            "file" if count == 1 else "files",
            candidate.iid,
        )
