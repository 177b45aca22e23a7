"""What a table needs to know about its candidates: a query for each kind of shown column.

A value is found once (`Facts.value`) and told twice: to people by `table`, to files by
`exports`.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value

from artifacts.models import Artifact
from dashboard.candidate.progress import Progress
from dashboard.table.columns import AGGREGATES, ATTRIBUTE, Column
from tracker.models import Candidate, CIBuild, Kind, Metric, Param, Point, Project, Tag

SUMMARY = ("value", "max_value", "min_value", "mean", "first_value", "count")
STEPS = ("first_step", "step", "logged_ms")
FIELDS = dict(zip(AGGREGATES, SUMMARY, strict=True))


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
    progress: dict[int, Progress] = field(default_factory=dict)  # of those that run

    def metric(self, candidate: Candidate | Member, column: Column) -> float | None:
        """None where it was not logged; NaN where no point was a finite number."""
        return self.of(candidate.pk, column)

    def of(self, pk: int, column: Column) -> float | None:
        if column.step is not None:
            return self.steps.get((pk, column.key, column.step))
        row = self.metrics.get((pk, column.key))
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
    also: Collection[str] = (),
) -> Facts:
    """A query for each kind of column that is shown, whatever the numbers of rows.

    `also` are keys of params that are needed without being a column.
    """
    ids = [candidate.pk for candidate in candidates]
    columns = list(columns)
    keys: dict[str, set[str]] = {}
    for column in columns:
        keys.setdefault(column.kind, set()).add(column.key)
    if also:
        keys.setdefault(Kind.PARAM, set()).update(also)
    facts = Facts()
    if metrics := keys.get(Kind.METRIC):
        rows = Metric.objects.filter(candidate__in=ids, key__in=metrics).values(
            "pk", "candidate_id", "key", *SUMMARY, "is_nan", "first_is_nan", *STEPS
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
    with_archived: bool = True,
) -> Relations:
    """Counts and CI jobs of these candidates; and others, by eid or number. One query."""
    wanted = Q(pk__in=ids)
    if eids:
        wanted |= Q(eid__in=eids)
    if iids and project:
        wanted |= Q(project=project, iid__in=iids)
    files = Artifact.objects.filter(candidate=OuterRef("pk")).order_by()
    children = Candidate.objects.alive().children_of(OuterRef("eid")).order_by()
    if not with_archived:
        children = children.filter(archived_at=None)
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


def alike(
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
