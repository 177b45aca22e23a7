"""The rows of a candidates table: one query for each kind of shown column, never more.

A value is found once (`Facts.value`) and told twice: to people by `cells`, to files by
`exports`.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from artifacts.models import Artifact
from dashboard import strip
from dashboard.columns import AGGREGATES, ATTRIBUTE, NUMERIC_ATTRIBUTES, Column
from dashboard.templatetags.tracker_tags import (
    ago,
    number,
    state,
    took,
)
from tracker.models import (
    Candidate,
    CIBuild,
    Kind,
    Metric,
    Param,
    Project,
    Status,
    Tag,
)

CUT_CHARS = 60  # of a text value; the whole of it is in the title
SUMMARY = ("value", "max_value", "min_value", "mean", "first_value", "count")
FIELDS = dict(zip(AGGREGATES, SUMMARY, strict=True))
UNFINISHED = (Status.RUNNING, Status.SCHEDULED)


@dataclass(slots=True)
class Facts:
    """What the shown columns need to know about the shown candidates."""

    metrics: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    params: dict[tuple[int, str], str] = field(default_factory=dict)
    tags: dict[tuple[int, str], str] = field(default_factory=dict)
    builds: dict[int, CIBuild] = field(default_factory=dict)
    files: dict[int, int] = field(default_factory=dict)
    parents: dict[str, Candidate] = field(default_factory=dict)

    def metric(self, candidate: Candidate, column: Column) -> float | None:
        """None where it was not logged; NaN where no point was a finite number."""
        row = self.metrics.get((candidate.pk, column.key))
        return None if row is None else summed_up(row, column.aggregate)

    def value(self, candidate: Candidate, column: Column) -> Any:
        """A plain value, for files and comparisons; None where there is none."""
        match column.kind:
            case Kind.METRIC:
                return self.metric(candidate, column)
            case Kind.PARAM:
                return self.params.get((candidate.pk, column.key))
            case Kind.TAG:
                return self.tags.get((candidate.pk, column.key))
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
    candidates: Sequence[Candidate],
    columns: Iterable[Column],
    *,
    builds: dict[int, CIBuild] | None = None,
    files: dict[int, int] | None = None,
) -> Facts:
    """At most six queries, whatever the numbers of rows and of columns."""
    ids = [candidate.pk for candidate in candidates]
    keys: dict[str, set[str]] = {}
    for column in columns:
        keys.setdefault(column.kind, set()).add(column.key)
    facts = Facts()
    if metrics := keys.get(Kind.METRIC):
        rows = Metric.objects.filter(candidate__in=ids, key__in=metrics).values(
            "candidate_id", "key", *SUMMARY, "is_nan", "first_is_nan"
        )
        facts.metrics = {(row["candidate_id"], row["key"]): row for row in rows}
    if params := keys.get(Kind.PARAM):
        facts.params = texts(Param.objects.all(), ids, params)
    if tags := keys.get(Kind.TAG):
        facts.tags = texts(Tag.objects.all(), ids, tags)
    attributes = keys.get(ATTRIBUTE, set())
    if {"ci", "commit"} & attributes:
        facts.builds = ci_builds(ids) if builds is None else builds
    if "files" in attributes:
        facts.files = file_counts(ids) if files is None else files
    facts.parents = parents_of(candidates)
    return facts


def texts(
    rows: QuerySet[Any], ids: Collection[int], keys: Collection[str]
) -> dict[tuple[int, str], str]:
    found = rows.filter(candidate__in=ids, key__in=keys)
    return {
        (candidate, key): value
        for candidate, key, value in found.values_list("candidate_id", "key", "value")
    }


def ci_builds(ids: Collection[int]) -> dict[int, CIBuild]:
    return {
        build.candidate_id: build for build in CIBuild.objects.filter(candidate__in=ids)
    }


def file_counts(ids: Collection[int]) -> dict[int, int]:
    return dict(
        Artifact.objects.filter(candidate__in=ids)
        .values("candidate")
        .annotate(number=Count("pk"))
        .values_list("candidate", "number")
    )


def parents_of(candidates: Iterable[Candidate]) -> dict[str, Candidate]:
    eids = {candidate.parent_eid for candidate in candidates} - {""}
    if not eids:
        return {}
    parents = Candidate.objects.alive().filter(eid__in=eids).only("eid", "iid", "name")
    return {parent.eid: parent for parent in parents}


# ---------------------------------------------------------------- cells


class Extremes(NamedTuple):
    """The best value of each column over everything that matches, and the strip's ends."""

    best: Mapping[Column, float]
    scale: strip.Scale | None


class Cell(NamedTuple):
    classes: str
    label: str  # named beside the value where rows are cards
    body: SafeString | str


class Row(NamedTuple):
    candidate: Candidate
    url: str
    parent: Candidate | None
    parent_url: str
    cells: list[Cell]


@dataclass(slots=True)
class Table:
    """Everything that decides how a value looks in its cell."""

    project: Project
    columns: Sequence[Column]
    facts: Facts
    extremes: Extremes
    main: Column | None
    numeric: Collection[Column]  # params and tags whose every value is a number

    def rows(self, candidates: Iterable[Candidate]) -> list[Row]:
        return [self.row(candidate) for candidate in candidates]

    def row(self, candidate: Candidate) -> Row:
        cells: list[Cell] = []
        card_fields = 0
        for column in self.columns:
            if column == self.main:
                cells.append(Cell("num c-main", "", self.body(candidate, column)))
                cells.append(Cell("c-strip", "", self.strip(candidate, column)))
                continue
            classes = ["num"] if self.is_number(column) else []
            if column == (ATTRIBUTE, "state", ""):
                classes.append("c-state")
            elif column.kind in (Kind.METRIC, Kind.PARAM) and card_fields < 3:
                card_fields += 1
                classes.append(f"c-f f{card_fields}")
            elif column.kind == ATTRIBUTE:
                classes.append("muted")
            cells.append(
                Cell(" ".join(classes), label(column), self.body(candidate, column))
            )
        parent = self.facts.parents.get(candidate.parent_eid)
        return Row(
            candidate,
            self.url(candidate),
            parent,
            self.url(parent) if parent else "",
            cells,
        )

    def url(self, candidate: Candidate) -> str:
        return reverse("candidate", args=[self.project.slug, candidate.iid])

    def is_number(self, column: Column) -> bool:
        if column.kind == ATTRIBUTE:
            return column.key in NUMERIC_ATTRIBUTES
        return column.kind == Kind.METRIC or column in self.numeric

    def strip(self, candidate: Candidate, column: Column) -> str:
        return strip.mark(
            self.facts.metric(candidate, column),
            self.extremes.scale,
            slot=candidate.iid % 8,
            is_final=candidate.status not in UNFINISHED,
        )

    def body(self, candidate: Candidate, column: Column) -> SafeString | str:
        if column.kind == Kind.METRIC:
            return self.metric(candidate, column)
        if column.kind == ATTRIBUTE:
            return self.attribute(candidate, column.key)
        return text(self.facts.value(candidate, column))

    def metric(self, candidate: Candidate, column: Column) -> SafeString:
        value = self.facts.metric(candidate, column)
        shown = number(value)
        if value is not None and value == self.extremes.best.get(column):
            return format_html(
                '<b class="best"><span class="sr">best: </span>{}</b>', shown
            )
        return shown

    def attribute(self, candidate: Candidate, key: str) -> SafeString | str:
        match key:
            case "state":
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


def label(column: Column) -> str:
    """Where rows are cards, no header says which of two losses it is."""
    return column.label if column.kind == ATTRIBUTE else column.key


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
    candidates: Sequence[Candidate], columns: Iterable[Column], facts: Facts
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
