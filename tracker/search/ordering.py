"""The order of a list, and cutting a page out of it that costs the same at any depth.

An order is made of phases, walked one after another, each with columns that are never
missing. One phase is enough for most orders. A metric has three (numbers, NaN, missing),
since an index serves each of them, and SQLite has none for NULLS LAST.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, TypeVar

from django.db import connection
from django.db.models import FilteredRelation, Model, Q, QuerySet
from django.db.models.expressions import Combinable

from tracker.errors import Invalid
from tracker.search import grammar, paging
from tracker.search.grammar import BadFilter
from tracker.search.kinds import Column
from tracker.search.paging import Page

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Walk:
    """The order of a phase in rows that one index holds whole, with the eids they are of.

    So it is walked ten times as fast as the rows of the phase themselves. It may pass rows
    that the list leaves out, but it passes all that the list has.
    """

    rows: QuerySet[Any]
    columns: Sequence[Column]
    # What an index says at once of all rows that may meet a condition of the list.
    picked: Q | None = None


@dataclass(frozen=True)
class Phase:
    """Some of the rows, and their order. Its columns together are unique."""

    columns: Sequence[Column]
    where: Q = field(default_factory=Q)
    # Where an index serves one part of the rows at a time: the conditions of the parts.
    parts: Sequence[Q] = ()
    walk: Walk | None = None

    def reversed(self) -> "Phase":
        walk = self.walk and replace(self.walk, columns=_reversed(self.walk.columns))
        return replace(self, columns=_reversed(self.columns), walk=walk)


def _reversed(columns: Sequence[Column]) -> list[Column]:
    return [Column(value, not descending) for value, descending in columns]


@dataclass(frozen=True)
class Order:
    phases: Sequence[Phase]
    # Rows of other tables that the columns read.
    joins: Mapping[str, FilteredRelation] = field(default_factory=dict)


MAX_ORDERINGS = 20
# Parts are merged for pages of this size at most; a larger one reads most rows anyway.
MAX_MERGED = 1001
# Of the rows that a walk picks some may be deleted, or not meet the other conditions: so
# many more than wanted are taken at once, and at most so many.
SPARE = 20
MAX_PICKED = 5000
# So many rows are looked through before a page looks at the clock.
REACH = 10_000


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
    seconds: float | None = None,
) -> Page[M]:
    """The rows after those that the token ended with, and a token for what follows.

    `two_way` lists have tokens for what came before, too. With `seconds` a page that takes
    longer to fill ends where the search has come to, and the next one goes on from there.
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
    clock = Clock(seconds) if seconds is not None and way == FORTH else None
    found = _walk(joined, order.phases, way, begin, start, limit + 1, clock)
    if way == BACK and len(found) <= limit:
        # The first page, filled up if it has grown since.
        way, token = FORTH, ""
        clock = None if seconds is None else Clock(seconds)
        found = _walk(joined, order.phases, FORTH, 0, [], limit + 1, clock)
    has_more = len(found) > limit
    shown = found[:limit] if way == FORTH else found[:limit][::-1]
    stopped = clock.stopped if clock and not has_more else None
    if not shown and not stopped:
        return Page([])
    next_token = previous_token = None
    if stopped:
        next_token = paging.sign([FORTH, *stopped], query)
    elif has_more or way == BACK:
        next_token = paging.sign([FORTH, *_place(order, *shown[-1])], query)
    if two_way and token and shown:
        previous_token = paging.sign([BACK, *_place(order, *shown[0])], query)
    looked = clock.looked if clock and stopped else None
    return Page([row for row, _ in shown], next_token, previous_token, looked)


class Clock:
    """How far a page has looked, and when it has looked for long enough."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began = time.monotonic()
        self.looked = 0
        self.stopped: list[Any] | None = None  # the place where it ended

    def is_over(self) -> bool:
        return time.monotonic() - self.began > self.seconds


def _walk(
    rows: QuerySet[M],
    phases: Sequence[Phase],
    way: str,
    begin: int,
    start: Sequence[Any],
    limit: int,
    clock: Clock | None = None,
) -> list[tuple[M, int]]:
    """Rows, each with the number of its phase, from a place in the order on or back."""
    numbers = range(begin, len(phases)) if way == FORTH else range(begin, -1, -1)
    found: list[tuple[M, int]] = []
    for number in numbers:
        phase = phases[number] if way == FORTH else phases[number].reversed()
        after = start if number == begin else []
        if clock is None or phase.walk is None or phase.walk.picked:
            some = _first(rows, phase, after, limit - len(found))
            found += [(row, number) for row in some]
        else:
            for part, last in in_parts(rows, phase, after):
                some = list(part[: limit - len(found)])
                found += [(row, number) for row in some]
                clock.looked += REACH
                if len(found) == limit or last is None:
                    break
                if clock.is_over():
                    clock.stopped = [number, *last]
                    return found
        if len(found) == limit:
            break
    return found


def in_parts(
    rows: QuerySet[M], phase: Phase, after: Sequence[Any] = ()
) -> Iterator[tuple[QuerySet[M], list[Any] | None]]:
    """The rows in parts of REACH, each with where it ends; nowhere is the end of all."""
    assert phase.walk
    walk, plain = phase.walk, Phase(phase.walk.columns)
    names = [_name(place) for place in range(len(walk.columns))]
    last: list[Any] | None = list(after)
    while last is not None:
        ahead = _cut(walk.rows, plain, last).values_list(*names)
        ends = [list(row) for row in ahead[REACH - 1 : REACH + 1]]
        part = _cut(rows, phase, last)
        if len(ends) == 2:
            # Before the first of the next part: that is, beyond it in the other direction.
            part = part.filter(_beyond(_reversed(phase.columns), ends[1]))
        last = ends[0] if len(ends) == 2 else None
        yield part, last


def _place(order: Order, row: Model, number: int) -> list[Any]:
    width = len(order.phases[number].columns)
    return [number, *(getattr(row, _name(place)) for place in range(width))]


def _first(
    rows: QuerySet[M], phase: Phase, after: Sequence[Any], limit: int
) -> list[M]:
    """A phase's first rows, or the first after the values that a row of it has."""
    if phase.walk and phase.walk.picked and limit <= MAX_MERGED:
        picked = _picked(rows, phase, phase.walk, after, limit)
        if picked is not None:
            return picked
    if len(phase.parts) < 2 or limit > MAX_MERGED:
        return list(_cut(rows, phase, after)[:limit])
    names = [_name(place) for place in range(len(phase.columns))]
    firsts = [
        _cut(rows, replace(phase, where=phase.where & part), after).values_list(
            "pk", *names
        )[:limit]
        for part in phase.parts
    ]
    ends = {pk: values for pk, *values in _merged(firsts, phase, limit)}
    found = rows.model._default_manager.in_bulk(list(ends))
    for pk, row in found.items():
        for name, value in zip(names, ends[pk], strict=True):
            setattr(row, name, value)
    return [found[pk] for pk in ends if pk in found]


def _picked(
    rows: QuerySet[M], phase: Phase, walk: Walk, after: Sequence[Any], limit: int
) -> list[M] | None:
    """The first rows out of those that the walk picks; None where too few of them count."""
    assert walk.picked
    ahead = _cut(walk.rows.filter(walk.picked), Phase(walk.columns), after)
    size = limit + SPARE
    while size <= MAX_PICKED:
        eids = list(ahead.values_list("eid", flat=True)[:size])
        found = list(_cut(rows.filter(eid__in=eids), phase, after)[:limit])
        if len(found) == limit or len(eids) < size:
            return found
        size *= 4
    return None


def _merged(
    firsts: Sequence[QuerySet[Any, tuple[Any, ...]]], phase: Phase, limit: int
) -> Iterable[tuple[Any, ...]]:
    """The first of all parts, from the first rows of each: primary key and columns."""
    if connection.features.supports_slicing_ordering_in_compound:
        merged = firsts[0].union(*firsts[1:], all=True)
        return merged.order_by(*_directions(phase))[:limit]
    # SQLite takes no LIMIT inside a union. There, one more query costs no round trip.
    ends = [end for first in firsts for end in first]
    for place, column in reversed(list(enumerate(phase.columns, start=1))):
        ends.sort(key=itemgetter(place), reverse=column.descending)
    return ends[:limit]


def _cut(rows: QuerySet[M], phase: Phase, after: Sequence[Any]) -> QuerySet[M]:
    # The condition before the columns: they share its joins, but not the other way round.
    cut = rows.filter(phase.where).annotate(
        **{_name(place): column.value for place, column in enumerate(phase.columns)}
    )
    if after:
        cut = cut.filter(_beyond(phase.columns, after))
    ordered: QuerySet[M] = cut.order_by(*_directions(phase))
    return ordered


def _directions(phase: Phase) -> list[str]:
    return [
        f"-{_name(place)}" if column.descending else _name(place)
        for place, column in enumerate(phase.columns)
    ]


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
