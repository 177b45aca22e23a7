"""What can be asked: tables of fields, and how a comparison becomes a condition.

A new searchable thing is a new row in such a table (candidates.py, registry.py …), not a
new branch here. Values reach the database as parameters, never as SQL.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db import models
from django.db.models import OuterRef, Q

from tracker.search.grammar import (
    And,
    BadFilter,
    Comparison,
    Expression,
    Level,
    Name,
    Not,
    Or,
    Value,
    Word,
)
from tracker.search.lookups import There

EQUAL = ("=", "!=")
RANGE = (">", ">=", "<", "<=")
LIKE = ("LIKE", "ILIKE")
LIST = ("IN", "NOT IN")
PRESENCE = ("IS NULL", "IS NOT NULL")

LOOKUPS = {
    "=": "exact",
    "!=": "differs",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "LIKE": "like",
    "ILIKE": "ilike",
    "IN": "in",
    "~": "matches",
}

# ---------------------------------------------------------------- kinds of values


class Text:
    """Text, compared with regard to case."""

    def condition(self, path: str, asked: Comparison, level: Level) -> Q:
        values: list[Any] = [self.read(value, level) for value in asked.values]
        operator = {"NOT IN": "IN", "!~": "~"}.get(asked.operator, asked.operator)
        value = values if operator == "IN" else values[0]
        condition = Q((f"{path}__{LOOKUPS[operator]}", value))
        return condition if operator == asked.operator else ~condition

    def read(self, value: Value, level: Level) -> Any:
        if level is Level.STRICT and not value.is_quoted:
            raise unexpected(value, "a text in quotes")
        return value.text


@dataclass(frozen=True)
class Choice(Text):
    """One of a few words."""

    words: Sequence[str]

    def read(self, value: Value, level: Level) -> str:
        text: str = super().read(value, level)
        if text not in self.words:
            raise unexpected(value, f"one of {', '.join(self.words)}")
        return text


NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


class Number(Text):
    """A number, whole or not."""

    def read(self, value: Value, level: Level) -> Any:
        if value.is_quoted and level is Level.STRICT:
            raise unexpected(value, "a number without quotes")
        if not NUMBER.fullmatch(value.text):
            raise unexpected(value, "a number")
        if INTEGER.fullmatch(value.text):
            return int(value.text)
        # Not prepared for the column: a whole number may be asked to be less than 5.5.
        return models.Value(float(value.text), output_field=models.FloatField())


@dataclass(frozen=True)
class NumberOrNaN(Number):
    """NaN is kept as 0.0 beside a flag. It differs from every number, and that is all."""

    flag: str = "is_nan"

    def condition(self, path: str, asked: Comparison, level: Level) -> Q:
        compared = super().condition(path, asked, level)
        is_nan = "__".join([*path.split("__")[:-1], self.flag])
        if asked.operator == "!=":
            return compared | Q((is_nan, True))
        # Not the bare False, which becomes NOT is_nan: no index of SQLite serves that.
        return compared & Q((is_nan, models.Value(False)))


class WholeNumber(Number):
    """A number written without a point."""

    def read(self, value: Value, level: Level) -> Any:
        number = super().read(value, level)
        if not isinstance(number, int):
            raise unexpected(value, "a whole number")
        return number


def unexpected(value: Value, expected: str) -> BadFilter:
    return BadFilter(
        f"Expected {expected} instead of `{value.text[:60]}`", value.position, expected
    )


# ---------------------------------------------------------------- fields


@dataclass(frozen=True)
class Field:
    """Something that can be asked about: where it is kept, and with which operators."""

    path: str
    kind: Text
    operators: Sequence[str]
    # Where a row of its own holds each value: those rows, and what leads back from them.
    rows: type[models.Model] | None = None
    owner: str = ""
    # The only key that is meant; empty: the one that is asked for; None: rows have no key.
    key: str | None = ""

    def condition(self, asked: Comparison, level: Level, joined: str = "") -> Q:
        """One test of a column, or one EXISTS.

        `joined` names the rows where they are part of the query already.
        """
        self.check(asked)
        if self.rows is None:
            return self.tested(self.path, asked, level)
        if joined:
            return self.tested(f"{joined}__{self.path}", asked, level)
        rows = self.rows._default_manager.filter(**{self.owner: OuterRef("pk")})
        if self.key is not None:
            rows = rows.filter(key=self.key or asked.name.key)
        if asked.operator in PRESENCE:
            there = Q(There(rows))
            return there if asked.operator == "IS NOT NULL" else ~there
        return Q(There(rows.filter(self.tested(self.path, asked, level))))

    def check(self, asked: Comparison) -> None:
        if asked.operator not in self.operators:
            raise BadFilter(
                f"`{asked.name.text[:60]}` does not know {asked.operator}; it knows"
                f" {', '.join(self.operators)}",
                asked.name.position,
                f"one of {', '.join(self.operators)}",
            )

    def tested(self, path: str, asked: Comparison, level: Level) -> Q:
        if asked.operator in PRESENCE:
            return Q((f"{path}__isnull", asked.operator == "IS NULL"))
        return self.kind.condition(path, asked, level)


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
    level: Level = Level.STRICT

    def entity(self, name: Name) -> Entity:
        if not name.entity:
            return self.entities[0]
        for entity in self.entities:
            if name.entity in entity.names:
                return entity
        names = ", ".join(entity.names[0] for entity in self.entities)
        raise BadFilter(
            f"Invalid entity type '{name.entity[:60]}'. Valid types are {names}",
            name.position,
        )

    def field(self, name: Name) -> Field:
        return self.entity(name).field(name)

    def condition(self, asked: Comparison) -> Q:
        return self.field(asked.name).condition(asked, self.level)

    def conditions(self, asked: Iterable[Comparison]) -> Q:
        """All of them."""
        return reduce(and_, map(self.condition, asked), Q())


Leaf = Callable[[Comparison | Word], Q]


def compiled(expression: Expression, leaf: Leaf) -> Q:
    """The condition of a whole expression; `leaf` gives those of its ends."""
    match expression:
        case And(parts):
            return reduce(and_, (compiled(part, leaf) for part in parts), Q())
        case Or(parts):
            return reduce(or_, (compiled(part, leaf) for part in parts))
        case Not(part):
            return ~compiled(part, leaf)
        case _:
            return leaf(expression)
