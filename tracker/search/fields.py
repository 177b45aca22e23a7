"""What can be asked: tables of fields, and how a comparison becomes a condition.

A new searchable thing is a new row in such a table (candidates.py, registry.py …), not a
new branch here. Values reach the database as parameters, never as SQL.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any, NamedTuple

from django.db.models import Model, OuterRef, Q, QuerySet

from tracker.search.grammar import BadFilter, Comparison, Name
from tracker.search.kinds import Text
from tracker.search.lookups import There

EQUAL = ("=", "!=")
RANGE = (">", ">=", "<", "<=")
LIKE = ("LIKE", "ILIKE")
LIST = ("IN", "NOT IN")
PRESENCE = ("IS NULL", "IS NOT NULL")
PATTERN = ("~", "!~")


@dataclass(frozen=True)
class Field:
    """Something that can be asked about: where it is kept, and with which operators."""

    path: str
    kind: Text
    operators: Sequence[str]
    # Where a row of its own holds each value: those rows, and what leads back from them.
    rows: type[Model] | None = None
    owner: str = ""
    outer: str = "pk"
    # The only key that is meant; empty: the one that is asked for; None: rows have no key.
    key: str | None = ""
    # Forth from the candidate to those rows, where lists can be ordered by them.
    relation: str = ""
    is_optional: bool = False
    is_indexed: bool = False  # by experiment, key and value

    def condition(self, asked: Comparison) -> Q:
        """One test of a column, or one EXISTS. Raises BadFilter."""
        self.check(asked)
        if self.rows is None:
            return self.tested(self.path, asked)
        rows = self.rows._default_manager.filter(**{self.owner: OuterRef(self.outer)})
        if self.key is not None:
            rows = rows.filter(key=self.key or asked.name.key)
        if asked.operator == "IS NULL":
            return ~Q(There(rows.filter(Q((f"{self.path}__isnull", False)))))
        return Q(There(rows.filter(self.tested(self.path, asked))))

    def joined(self, asked: Comparison, alias: str) -> Q:
        """The condition where the rows are part of the query already, by this name."""
        self.check(asked)
        return self.tested(f"{alias}__{self.path}", asked)

    def narrowed(self, asked: Comparison) -> "Narrowed | None":
        """The rows that meet the condition, and perhaps others, where an index finds them."""
        if not self.is_indexed or self.rows is None or asked.operator in PRESENCE:
            return None
        narrowing = self.kind.narrowing(self.path, asked)
        if narrowing is None:
            return None
        rows = self.rows._default_manager.filter(
            narrowing.condition, key=self.key or asked.name.key
        )
        return Narrowed(rows.order_by(*narrowing.order), narrowing.is_exact)

    def check(self, asked: Comparison) -> None:
        if asked.operator not in self.operators:
            known = ", ".join(self.operators)
            raise BadFilter(
                f"`{asked.name.text[:60]}` does not know {asked.operator}; it knows {known}",
                asked.name.position,
                f"one of {known}",
            )

    def tested(self, path: str, asked: Comparison) -> Q:
        if asked.operator in PRESENCE:
            return Q((f"{path}__isnull", asked.operator == "IS NULL"))
        return self.kind.condition(path, asked)


class Narrowed(NamedTuple):
    """Rows found along an index; where they are exact, nothing is left to be asked of them."""

    rows: QuerySet[Any]
    is_exact: bool


@dataclass(frozen=True)
class Entity:
    """A row of the table: its names, and its fields, by key or the same for any key."""

    names: Sequence[str]
    fields: Mapping[str, Field] | Field

    def field(self, name: Name) -> Field:
        if isinstance(self.fields, Field):
            return self.fields
        if name.key not in self.fields:
            raise BadFilter(
                f"Invalid attribute key '{name.key[:60]}'. Valid keys are"
                f" {', '.join(self.fields)}",
                name.position,
            )
        return self.fields[name.key]


@dataclass(frozen=True)
class Table:
    """All that can be asked of one kind of thing. A bare name is in the first entity."""

    entities: Sequence[Entity]

    def field(self, name: Name) -> Field:
        if not name.entity:
            return self.entities[0].field(name)
        for entity in self.entities:
            if name.entity in entity.names:
                return entity.field(name)
        names = ", ".join(entity.names[0] for entity in self.entities)
        raise BadFilter(
            f"Invalid entity type '{name.entity[:60]}'. Valid types are {names}",
            name.position,
        )

    def conditions(self, asked: Iterable[Comparison]) -> Q:
        """All of them. Raises BadFilter."""
        each = (self.field(one.name).condition(one) for one in asked)
        return reduce(and_, each, Q())
