"""The order of a list, and cutting a page out of it that costs the same at any depth.

An order is made of phases, walked one after another, each with columns that are never
missing. One phase is enough for most orders. A metric has three (numbers, NaN, missing),
since an index serves each of them, and SQLite has none for NULLS LAST.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from django.db.models import (
    Case,
    F,
    FilteredRelation,
    FloatField,
    Model,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IsNull

from tracker.errors import Invalid
from tracker.search import grammar, paging
from tracker.search.grammar import BadFilter
from tracker.search.lookups import Bytewise
from tracker.search.paging import Page

M = TypeVar("M", bound=Model)


class Column(NamedTuple):
    """A value that rows are ordered by. It is never missing."""

    value: Combinable
    descending: bool = False


@dataclass(frozen=True)
class Phase:
    """Some of the rows, and their order. Its columns together are unique."""

    columns: Sequence[Column]
    where: Q = field(default_factory=Q)


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


def numbers(path: str, descending: bool) -> list[Column]:
    """By a number that may be missing: last in both directions."""
    zero = Coalesce(F(path), Value(0), output_field=FloatField())
    return [_missing(path), Column(zero, descending)]


def texts(path: str, descending: bool) -> list[Column]:
    """By the bytes of a text that may be missing: last in both directions."""
    empty = Coalesce(Bytewise(F(path)), Value(""), output_field=TextField())
    return [_missing(path), Column(empty, descending)]


def metric(value: Combinable, is_nan: Combinable, *, descending: bool) -> list[Column]:
    """Numbers, then NaN, then missing, in both directions."""
    rank = Case(
        When(IsNull(value, True), then=2), When(Exact(is_nan, True), then=1), default=0
    )
    zero = Coalesce(value, Value(0), output_field=FloatField())
    return [Column(rank), Column(zero, descending)]


def _missing(path: str) -> Column:
    # As an expression: a Q would join the rows once more.
    return Column(Case(When(IsNull(F(path), True), then=1), default=0))


def page(
    rows: QuerySet[M], order: Order, *, limit: int, token: str, query: object
) -> Page[M]:
    """The rows after those that the token ended with, and a token for what follows."""
    begin, *after = paging.open(token, query) if token else [0]
    joined = rows.annotate(**order.joins)
    found: list[tuple[M, int]] = []
    for number, phase in enumerate(order.phases[begin:], start=begin):
        part = _cut(joined, phase, after)
        found += ((row, number) for row in part[: limit + 1 - len(found)])
        if len(found) > limit:
            break
        after = []
    shown = [row for row, _ in found[:limit]]
    if len(found) <= limit:
        return Page(shown)
    last, number = found[limit - 1]
    width = len(order.phases[number].columns)
    end = [getattr(last, _name(place)) for place in range(width)]
    return Page(shown, paging.sign([number, *end], query))


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
