"""The rows of a candidates table: what each shows, and where it leads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
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

CARD_FIELDS = 3
UNFINISHED = (Status.RUNNING, Status.SCHEDULED)
STRIP = '  <td class="c-strip" role="cell">'


class Extremes(NamedTuple):
    """The best value of each column over everything that matches, and the strip's ends."""

    best: Mapping[Column, float]
    scale: strip.Scale | None


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
    cells: SafeString
    picks: str  # the numbers that its box chooses
    name: str  # for the box and the toggle, to people who do not see the row
    level: int = 0
    toggle: Toggle | None = None
    number: int = 0  # of members or of children
    label: Sequence[Any] = ()  # of a group, in parts
    more_url: str = ""  # to the members or children that are not listed
    is_dim: bool = False
    is_pinned: bool = False

    @property
    def is_marked(self) -> bool:
        """Whether anything but its name stands beside the candidate: seldom."""
        one = self.candidate
        return one is not None and bool(
            self.is_pinned
            or one.starred_at
            or one.archived_at
            or one.locked_at
            or self.number
            or self.parent
            or self.more_url
        )


@dataclass
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
    ) -> SafeString:
        """What the row shows. Written here: a template takes ten times as long."""
        written = []
        for column, opening in zip(self.columns, self.openings, strict=True):
            body = bodies[column]
            if not isinstance(body, SafeString):
                body = escape(body)
            written.append(f"{opening}{body}</td>\n")
            if column == self.main:
                written.append(f"{STRIP}{mark}</td>\n")
        return SafeString("".join(written))

    @cached_property
    def openings(self) -> list[SafeString]:
        """How the cell of each column begins: with the classes that say where on a card
        it stands, and with what is named beside it there."""
        on_cards = {column: n for n, column in enumerate(self.card_fields, start=1)}
        found = []
        for column in self.columns:
            named = label(column)
            classes = ["num"] if self.is_number(column) else []
            if column == self.main:
                classes, named = ["num", "c-main"], ""
            elif column == (ATTRIBUTE, "state", ""):
                classes.append("c-state")
            elif column in on_cards:
                classes.append(f"c-f f{on_cards[column]}")
            elif column.kind == ATTRIBUTE:
                classes.append("muted")
            said = " ".join([*classes, *self.pin(column)])
            found.append(
                format_html(
                    '  <td{}{} role="cell">',
                    format_html(' class="{}"', said) if said else "",
                    format_html(' data-label="{}"', named) if named else "",
                )
            )
        return found

    @property
    def card_fields(self) -> list[Column]:
        """A metric beside the main one, and two params: what a card has room for."""
        rest = [column for column in self.columns if column != self.main]
        metrics = [column for column in rest if column.kind == Kind.METRIC]
        params = [column for column in rest if column.kind == Kind.PARAM]
        return [*metrics[:1], *params, *metrics[1:]][:CARD_FIELDS]

    def pin(self, column: Column) -> list[str]:
        """The classes of a column that stays beside the name."""
        if column not in self.pinned:
            return []
        before = list(takewhile(lambda other: other != column, self.pinned))
        return ["pin", f"at-{NAME + sum(self.widths[other] for other in before)}"]

    def url(self, candidate: Candidate) -> str:
        return f"{self.address}{candidate.iid}/"

    @cached_property
    def address(self) -> str:
        """Of the candidates; looking it up for each would take longer than its row."""
        return reverse("candidate", args=[self.project.slug, 0]).removesuffix("0/")

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
