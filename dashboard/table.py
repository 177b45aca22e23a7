"""The rows of a candidates table: one query for each kind of shown column, never more.

A value is found once (`Facts.value`) and told twice: to people by `cells`, to files by
`exports`.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from artifacts.models import Artifact
from dashboard import strip
from dashboard.columns import AGGREGATES, ATTRIBUTE, NUMERIC_ATTRIBUTES, Column
from dashboard.directions import Direction
from dashboard.templatetags.tracker_tags import (
    ago,
    number,
    signed,
    state,
    took,
)
from tracker.models import (
    Candidate,
    CIBuild,
    Experiment,
    Kind,
    Metric,
    Param,
    Point,
    Project,
    Status,
    Tag,
)

CUT_CHARS = 60  # of a text value; the whole of it is in the title
SUMMARY = ("value", "max_value", "min_value", "mean", "first_value", "count")
FIELDS = dict(zip(AGGREGATES, SUMMARY, strict=True))
UNFINISHED = (Status.RUNNING, Status.SCHEDULED)


class Member(NamedTuple):
    """As much of a candidate as its group needs."""

    pk: int
    iid: int
    started_ms: int
    ended_ms: int | None


@dataclass(slots=True)
class Facts:
    """What the shown columns need to know about the shown candidates."""

    metrics: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    params: dict[tuple[int, str], str] = field(default_factory=dict)
    tags: dict[tuple[int, str], str] = field(default_factory=dict)
    steps: dict[tuple[int, str, int], float] = field(default_factory=dict)
    builds: dict[int, CIBuild] = field(default_factory=dict)
    files: dict[int, int] = field(default_factory=dict)
    children: dict[int, int] = field(default_factory=dict)
    parents: dict[str, Candidate] = field(default_factory=dict)

    def metric(self, candidate: Candidate | Member, column: Column) -> float | None:
        """None where it was not logged; NaN where no point was a finite number."""
        if column.step is not None:
            return self.steps.get((candidate.pk, column.key, column.step))
        row = self.metrics.get((candidate.pk, column.key))
        return None if row is None else summed_up(row, column.aggregate)

    def value(self, candidate: Candidate | Member, column: Column) -> Any:
        """A plain value, for files and comparisons; None where there is none."""
        match column.kind:
            case Kind.METRIC:
                return self.metric(candidate, column)
            case Kind.PARAM:
                return self.params.get((candidate.pk, column.key))
            case Kind.TAG:
                return self.tags.get((candidate.pk, column.key))
        assert isinstance(candidate, Candidate)  # a group has no attributes
        return self.attribute(candidate, column.key)

    def attribute(self, candidate: Candidate, key: str) -> Any:
        build = self.builds.get(candidate.pk)
        match key:
            case "name":
                return candidate.name
            case "state":
                return candidate.status
            case "user":
                return candidate.user_id or None
            case "ci":
                return build and (build.job_url or build.job_name or build.job_id)
            case "commit":
                return (build and build.commit) or None
            case "files":
                return self.files.get(candidate.pk, 0)
            case "duration":
                if candidate.ended_ms is None:
                    return None
                return (candidate.ended_ms - candidate.started_ms) / 1000
            case "start":
                begun = candidate.started_at
                return begun.isoformat() if begun else None
        raise AssertionError(key)


def summed_up(row: Mapping[str, Any], aggregate: str) -> float:
    """A series in one number; NaN where there is none."""
    if aggregate in ("last", "first"):
        flag = "is_nan" if aggregate == "last" else "first_is_nan"
        if row[flag]:
            return math.nan
    value = row[FIELDS[aggregate]]
    return math.nan if value is None else float(value)


def gather(
    candidates: Sequence[Candidate | Member],
    columns: Iterable[Column],
    *,
    relations: "Relations | None" = None,
) -> Facts:
    """A query for each kind of column that is shown, whatever the numbers of rows."""
    ids = [candidate.pk for candidate in candidates]
    columns = list(columns)
    keys: dict[str, set[str]] = {}
    for column in columns:
        keys.setdefault(column.kind, set()).add(column.key)
    facts = Facts()
    if metrics := keys.get(Kind.METRIC):
        rows = Metric.objects.filter(candidate__in=ids, key__in=metrics).values(
            "pk", "candidate_id", "key", *SUMMARY, "is_nan", "first_is_nan"
        )
        facts.metrics = {(row["candidate_id"], row["key"]): row for row in rows}
        facts.steps = values_at(facts.metrics, columns)
    facts.params, facts.tags = texts(
        ids, keys.get(Kind.PARAM, set()), keys.get(Kind.TAG, set())
    )
    attributes = keys.get(ATTRIBUTE, set())
    if relations is None and {"files", "ci", "commit"} & attributes:
        relations = related(ids)
    if relations:
        facts.builds = relations.builds
        facts.files, facts.children = relations.files, relations.children
        facts.parents = relations.parents
    return facts


def values_at(
    metrics: Mapping[tuple[int, str], dict[str, Any]], columns: Iterable[Column]
) -> dict[tuple[int, str, int], float]:
    """What was logged at the steps of columns like `loss.at(1000)`: the latest of each."""
    asked = {(column.key, column.step) for column in columns if column.step is not None}
    if not asked:
        return {}
    keys = {key for key, _ in asked}
    owners = {row["pk"]: owner for owner, row in metrics.items() if owner[1] in keys}
    points = Point.objects.filter(
        metric__in=list(owners), step__in={step for _, step in asked}
    ).order_by("timestamp", "value")
    return {
        (*owners[metric], step): math.nan if is_nan else value
        for metric, step, value, is_nan in points.values_list(
            "metric_id", "step", "value", "is_nan"
        )
    }


Texts: TypeAlias = dict[tuple[int, str], str]


def texts(
    ids: Collection[int], params: Collection[str], tags: Collection[str]
) -> tuple[Texts, Texts]:
    """Values of params and of tags, in one query."""
    found: dict[str, Texts] = {Kind.PARAM: {}, Kind.TAG: {}}
    parts: list[QuerySet[Any, tuple[Any, ...]]] = [
        model._default_manager.filter(candidate__in=ids, key__in=keys)
        .annotate(kind=Value(kind.value))
        .values_list("kind", "candidate_id", "key", "value")
        for kind, model, keys in ((Kind.PARAM, Param, params), (Kind.TAG, Tag, tags))
        if keys
    ]
    if parts and ids:
        rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
        for kind, candidate, key, value in rows:
            found[kind][candidate, key] = value
    return found[Kind.PARAM], found[Kind.TAG]


class Relations(NamedTuple):
    """What hangs on candidates: their files, their children, and what they hang on."""

    files: dict[int, int]
    children: dict[int, int]
    parents: dict[str, Candidate]
    others: dict[int, Candidate]  # by iid: those asked for by their number
    builds: dict[int, CIBuild]
    candidates: dict[int, Candidate]  # all of these by key


def related(
    ids: Collection[int],
    *,
    eids: Collection[str] = (),
    project: Project | None = None,
    iids: Collection[int] = (),
) -> Relations:
    """Counts and CI jobs of these candidates; and others, by eid or number. One query."""
    wanted = Q(pk__in=ids)
    if eids:
        wanted |= Q(eid__in=eids)
    if iids and project:
        wanted |= Q(project=project, iid__in=iids)
    files = Artifact.objects.filter(candidate=OuterRef("pk")).order_by()
    children = Candidate.objects.alive().filter(parent_eid=OuterRef("eid")).order_by()
    rows = (
        Candidate.objects.alive()
        .filter(wanted)
        .select_related("ci_build")
        .annotate(
            file_count=counted(files, "candidate"),
            child_count=counted(children, "parent_eid"),
        )
    )
    found = Relations({}, {}, {}, {}, {}, {})
    for candidate in rows:
        found.candidates[candidate.pk] = candidate
        if build := getattr(candidate, "ci_build", None):
            found.builds[candidate.pk] = build
        said = vars(candidate)  # annotations, which no type knows of
        if said["file_count"]:
            found.files[candidate.pk] = said["file_count"]
        if said["child_count"]:
            found.children[candidate.pk] = said["child_count"]
        if candidate.eid in eids:
            found.parents[candidate.eid] = candidate
        if candidate.iid in iids and project and candidate.project_id == project.pk:
            found.others[candidate.iid] = candidate
    return found


def counted(rows: QuerySet[Any], by: str) -> Subquery:
    return Subquery(rows.values(by).annotate(number=Count("pk")).values("number"))


# ---------------------------------------------------------------- cells


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
    label: Sequence[str] = ()  # of a group, in parts
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
            if column == self.main:
                cells.append(Cell("num c-main", "", body))
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
            cells.append(Cell(" ".join(classes), label(column), body))
        return cells

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
                return state(candidate)
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


def delta(value: float, base: float | None, column: Column) -> SafeString | str:
    """The way from the baseline; coloured where it is known which way is better."""
    if base is None or not math.isfinite(base) or not math.isfinite(value):
        return ""
    change = value - base
    if not math.isfinite(change):
        return ""
    better = column.direction is Direction.MAX
    kind, words = "", ""
    if change and column.direction is not Direction.NONE:
        is_better = (change > 0) is better
        kind = " good" if is_better else " worse"
        words = f" {'better' if is_better else 'worse'} than baseline"
    return format_html(
        '<span class="delta{}" title="{}">{}<span class="sr">{}</span></span>',
        kind,
        repr(change),
        signed(change, like=value),
        words,
    )


def label(column: Column) -> str:
    """Where rows are cards, no header says which of two losses it is."""
    return column.label if column.kind == ATTRIBUTE else column.key


EMPTY_SLOT = SafeString("<span></span>")
MISSING = format_html('<span class="none">{}</span>', "–")


def text(value: str | None) -> SafeString | str:
    """A logged text, cut where it is long; the empty text is not the same as none."""
    if value is None:
        return MISSING
    if value == "":
        return format_html('<span class="none">{}</span>', "empty")
    if len(value) <= CUT_CHARS:
        return value
    return format_html(
        '<span title="{}">{}…</span>', value[:1000], value[: CUT_CHARS - 1]
    )


def job(build: CIBuild | None) -> SafeString:
    if build is None:
        return MISSING
    name = build.job_name or (f"#{build.job_id}" if build.job_id else build.provider)
    return linked(build.job_url or build.pipeline_url, name)


def commit(build: CIBuild | None) -> SafeString:
    if build is None or not build.commit:
        return MISSING
    return linked(build.commit_url, build.commit[:8], classes="mono")


def linked(url: str, name: str, *, classes: str = "") -> SafeString:
    """A link out, only ever to the web: tags can claim any address."""
    if not url.startswith(("https://", "http://")):
        return format_html('<span class="{}">{}</span>', classes, name)
    return format_html(
        '<a class="link {}" href="{}" rel="noopener nofollow">{}</a>',
        classes,
        url,
        name,
    )


# ---------------------------------------------------------------- only differences


def equal_columns(
    candidates: Sequence[Candidate | Member], columns: Iterable[Column], facts: Facts
) -> set[Column]:
    """The params, metrics and tags in which the shown candidates do not differ."""
    if len(candidates) < 2:
        return set()
    return {
        column
        for column in columns
        if column.kind != ATTRIBUTE
        and len({repr(facts.value(c, column)) for c in candidates}) == 1
    }
