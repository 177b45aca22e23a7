"""Candidates as groups: repeats of one configuration, or all with the same values.

The database makes the groups, sorts and counts them; what a group's row shows comes from
all of its members, so it is the same on every page and under every order.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import (
    Avg,
    BigIntegerField,
    Case,
    Count,
    F,
    FilteredRelation,
    Max,
    Min,
    OrderBy,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)

from dashboard.table.columns import Sort
from dashboard.table.facts import FIELDS, Member
from dashboard.table.state import Grouping
from tracker.models import Candidate, Kind, Param, State, Status, Tag
from tracker.models.states import in_sql

# Members that an opened group lists; a link leads to the others.
MAX_LISTED = 100
RUNNING, LOST = Q(status=Status.RUNNING), Q(state_now=State.LOST)
NUMBERS = ("n", "live", "lost", "failed", "finished", "newest_ms")
AGGREGATES = {"max": Max, "min": Min}


@dataclass(slots=True)
class Group:
    """Candidates that are alike. A single one is shown as itself."""

    name: str  # in the URL, when it is open
    values: tuple[Any, ...]
    n: int
    live: int
    lost: int
    failed: int
    finished: int
    newest_ms: int
    members: list[Member] = field(default_factory=list)


class Grouped(NamedTuple):
    groups: list[Group]
    total: int
    start: int


def page(
    rows: QuerySet[Candidate],
    grouping: Grouping,
    sorts: Sequence[Sort],
    *,
    agg: str,
    start: int,
    size: int,
) -> Grouped:
    """A page of groups with their members. Two or three queries, whatever the numbers."""
    keyed, names = with_keys(rows, grouping)
    order, joins, aggregates = ordering(sorts, agg)
    groups = (
        keyed.annotate(state_now=in_sql(), **joins)
        .values(*names)
        .annotate(
            n=Count("pk", distinct=True),
            live=Count("pk", distinct=True, filter=RUNNING & ~LOST),
            lost=Count("pk", distinct=True, filter=LOST),
            failed=Count("pk", distinct=True, filter=Q(status=Status.FAILED)),
            finished=Count("pk", distinct=True, filter=Q(status=Status.FINISHED)),
            newest_ms=Max("started_ms"),
            **aggregates,
        )
        .order_by(*order, "-newest_ms", *names)
    )
    rows_here = list(groups[start : start + size + 1])
    if not rows_here and start:  # a page that is there no more
        start, rows_here = 0, list(groups[: size + 1])
    total = start + len(rows_here)
    if len(rows_here) > size:
        total = keyed.values(*names).distinct().count()
    made = [
        Group(
            name_of(tuple(row[name] for name in names)),
            tuple(row[name] for name in names),
            *(row[name] for name in NUMBERS),
        )
        for row in rows_here[:size]
    ]
    gather(keyed, names, made)
    return Grouped(made, total, start)


def with_keys(
    rows: QuerySet[Candidate], grouping: Grouping
) -> tuple[QuerySet[Candidate], list[str]]:
    """The candidates with the values that make their group."""
    # A fresh query: the filter's own joins must not take part in the grouping.
    plain = Candidate.objects.filter(pk__in=rows.order_by().values("pk"))
    if not grouping.columns:
        # Without any param nothing says that two are repeats of each other.
        own = Case(
            When(config=0, then=-F("pk")),
            default=F("config"),
            output_field=BigIntegerField(),
        )
        return plain.annotate(group_0=own), ["group_0"]
    values = {
        f"group_{place}": Subquery(
            (Param if column.kind == Kind.PARAM else Tag)
            ._default_manager.filter(candidate=OuterRef("pk"), key=column.key)
            .values("value")[:1]
        )
        for place, column in enumerate(grouping.columns)
    }
    return plain.annotate(**values), list(values)


def name_of(values: tuple[Any, ...]) -> str:
    return hashlib.blake2b(repr(values).encode(), digest_size=5).hexdigest()


def gather(
    keyed: QuerySet[Candidate], names: Sequence[str], groups: Sequence[Group]
) -> None:
    """Every member of these groups, the newest first."""
    if not groups:
        return
    rows = (
        keyed.filter(matching(names, groups))
        .order_by("-started_ms", "eid")
        .values_list(*names, "pk", "iid", "started_ms", "ended_ms")
    )
    by_values = {group.values: group for group in groups}
    width = len(names)
    for row in rows:
        by_values[tuple(row[:width])].members.append(Member(*row[width:]))


def matching(names: Sequence[str], groups: Iterable[Group]) -> Q:
    if len(names) == 1:
        values = [group.values[0] for group in groups]
        found = Q((f"{names[0]}__in", [value for value in values if value is not None]))
        return found | Q((f"{names[0]}__isnull", True)) if None in values else found
    return reduce(or_, (Q(*conditions(names, group.values)) for group in groups))


def conditions(names: Sequence[str], values: Sequence[Any]) -> list[tuple[str, Any]]:
    return [
        (name, value) if value is not None else (f"{name}__isnull", True)
        for name, value in zip(names, values, strict=True)
    ]


# ---------------------------------------------------------------- the order of groups


class Ordering(NamedTuple):
    order: list[OrderBy]
    joins: dict[str, FilteredRelation]
    aggregates: dict[str, Any]


def ordering(sorts: Sequence[Sort], agg: str) -> Ordering:
    """By what their members have, taken together; what is missing comes last."""
    found = Ordering([], {}, {})
    for place, (column, descending) in enumerate(sorts):
        name, join = f"by_{place}", f"join_{place}"
        value: Any
        match column.kind:
            case Kind.METRIC:
                found.joins[join] = FilteredRelation(
                    "metrics", condition=Q(metrics__key=column.key)
                )
                path = F(f"{join}__{FIELDS[column.aggregate]}")
                flag = {"last": "is_nan", "first": "first_is_nan"}.get(column.aggregate)
                is_number = Q((f"{join}__{flag}", False)) if flag else Q()
                value = AGGREGATES.get(agg, Avg)(path, filter=is_number or None)
            case Kind.PARAM:
                found.joins[join] = FilteredRelation(
                    "params", condition=Q(params__key=column.key)
                )
                number = f"by_{place}_number"
                found.aggregates[number] = Min(f"{join}__number")
                found.order.append(ordered(number, descending))
                value = Min(f"{join}__value")
            case Kind.TAG:
                found.joins[join] = FilteredRelation(
                    "tags", condition=Q(tags__key=column.key)
                )
                value = Min(f"{join}__value")
            case _:
                value = attribute(column.key)
        found.aggregates[name] = value
        found.order.append(ordered(name, descending))
    return found


def ordered(name: str, descending: bool) -> OrderBy:
    by = F(name)
    return by.desc(nulls_last=True) if descending else by.asc(nulls_last=True)


def attribute(key: str) -> Any:
    match key:
        case "duration":
            return Avg(F("ended_ms") - F("started_ms"))
        case "start":
            return Max("started_ms")
        case "state":
            return Min("status")
        case "user":
            return Min("user_id")
    return Min("name")
