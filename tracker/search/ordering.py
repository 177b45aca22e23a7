"""The order of a list, and cutting a page out of it that costs the same at any depth.

An order is made of phases, walked one after another, each with columns that are never
missing. One phase is enough for most orders. A metric has three (numbers, NaN, missing),
since an index serves each of them, and SQLite has none for NULLS LAST.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import FilteredRelation, Model, Q, QuerySet
from django.db.models.expressions import Combinable

from tracker.errors import Invalid
from tracker.search import grammar, paging
from tracker.search.grammar import BadFilter
from tracker.search.kinds import Column
from tracker.search.paging import Page

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Phase:
    """Some of the rows, and their order. Its columns together are unique."""

    columns: Sequence[Column]
    where: Q = field(default_factory=Q)

    def reversed(self) -> "Phase":
        columns = [Column(value, not descending) for value, descending in self.columns]
        return Phase(columns, self.where)


@dataclass(frozen=True)
class Order:
    phases: Sequence[Phase]
    # Rows of other tables that the columns read.
    joins: Mapping[str, FilteredRelation] = field(default_factory=dict)


MAX_ORDERINGS = 20


def parsed(order_by: Sequence[str]) -> list[grammar.Order]:
    """The items of `order_by`. Raises Invalid."""
    if len(order_by) > MAX_ORDERINGS:
        raise Invalid(f"A list can be ordered by {MAX_ORDERINGS} fields, not by more.")
    return [grammar.parse_order(item) for item in order_by]


def cannot(item: grammar.Order) -> BadFilter:
    return BadFilter(f"No order by `{item.name.text[:60]}` here", item.name.position)


def twice(item: grammar.Order) -> BadFilter:
    return BadFilter(
        f"The list is ordered by `{item.name.text[:60]}` twice", item.name.position
    )


def by_attributes(
    order_by: Sequence[str],
    known: Mapping[str, Combinable],
    *,
    default: Sequence[Column] = (),
    tail: Sequence[Column],
) -> Order:
    """An order by columns that are never missing. The tail makes rows unique."""
    columns: list[Column] = []
    for item in parsed(order_by):
        name = item.name
        if name.entity not in ("", "attribute", "attributes") or name.key not in known:
            raise cannot(item)
        if any(column.value is known[name.key] for column in columns):
            raise twice(item)
        columns.append(Column(known[name.key], item.descending))
    columns = columns or list(default)
    named = [column.value for column in columns]
    return Order(
        [Phase([*columns, *(column for column in tail if column.value not in named)])]
    )


FORTH, BACK = "after", "before"


def page(
    rows: QuerySet[M],
    order: Order,
    *,
    limit: int,
    token: str,
    query: object,
    two_way: bool = False,
) -> Page[M]:
    """The rows after those that the token ended with, and a token for what follows.

    `two_way` lists have tokens for what came before, too.
    """
    place: list[Any] = paging.open(token, query) if token else [FORTH, 0]
    way, begin, *start = place
    # Copies, for Django notes in them where they were used.
    joined = rows.annotate(
        **{
            name: FilteredRelation(join.relation_name, condition=join.condition)
            for name, join in order.joins.items()
        }
    )
    found = _walk(joined, order.phases, way, begin, start, limit + 1)
    if way == BACK and len(found) <= limit:
        # The first page, filled up if it has grown since.
        way, token = FORTH, ""
        found = _walk(joined, order.phases, FORTH, 0, [], limit + 1)
    has_more = len(found) > limit
    shown = found[:limit] if way == FORTH else found[:limit][::-1]
    if not shown:
        return Page([])
    next_token = previous_token = None
    if has_more or way == BACK:
        next_token = paging.sign([FORTH, *_place(order, *shown[-1])], query)
    if two_way and token:
        previous_token = paging.sign([BACK, *_place(order, *shown[0])], query)
    return Page([row for row, _ in shown], next_token, previous_token)


def _walk(
    rows: QuerySet[M],
    phases: Sequence[Phase],
    way: str,
    begin: int,
    start: Sequence[Any],
    limit: int,
) -> list[tuple[M, int]]:
    """Rows, each with the number of its phase, from a place in the order on or back."""
    numbers = range(begin, len(phases)) if way == FORTH else range(begin, -1, -1)
    found: list[tuple[M, int]] = []
    for number in numbers:
        phase = phases[number] if way == FORTH else phases[number].reversed()
        part = _cut(rows, phase, start if number == begin else [])
        found += [(row, number) for row in part[: limit - len(found)]]
        if len(found) == limit:
            break
    return found


def _place(order: Order, row: Model, number: int) -> list[Any]:
    width = len(order.phases[number].columns)
    return [number, *(getattr(row, _name(place)) for place in range(width))]


def _cut(rows: QuerySet[M], phase: Phase, after: Sequence[Any]) -> QuerySet[M]:
    """A phase's rows in order, or only those after the values that a row of it has."""
    # The condition before the columns: they share its joins, but not the other way round.
    cut = rows.filter(phase.where).annotate(
        **{_name(place): column.value for place, column in enumerate(phase.columns)}
    )
    if after:
        cut = cut.filter(_beyond(phase.columns, after))
    names = (
        f"-{_name(place)}" if column.descending else _name(place)
        for place, column in enumerate(phase.columns)
    )
    ordered: QuerySet[M] = cut.order_by(*names)
    return ordered


def _beyond(columns: Sequence[Column], after: Sequence[Any]) -> Q:
    """Past these values in the first column, or equal there and past them in the next."""
    beyond = Q()
    for place in reversed(range(len(columns))):
        name, descending = _name(place), columns[place].descending
        past = Q((f"{name}__{'lt' if descending else 'gt'}", after[place]))
        beyond = past | Q((name, after[place])) & beyond if beyond else past
    # This says nothing new, but the index can begin there.
    start = "lte" if columns[0].descending else "gte"
    return Q((f"{_name(0)}__{start}", after[0])) & beyond


def _name(place: int) -> str:
    return f"order_{place}"
