"""How values are written in a filter, how they compare, and how they are ordered.

A kind gets the path of a column and makes of it conditions and columns of an order.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import Case, F, FloatField, Q, TextField, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IsNull

from tracker.models.candidates import INDEXED_CHARS
from tracker.numbers import as_number
from tracker.search import grammar
from tracker.search.grammar import BadFilter, Comparison
from tracker.search.lookups import Bytewise, Head

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
# What is asked where the opposite is meant.
OPPOSITES = {"NOT IN": "IN", "!~": "~"}


class Column(NamedTuple):
    """A value that rows are ordered by. It is never missing."""

    value: Any  # an expression
    descending: bool = False


class Narrowing(NamedTuple):
    """A condition that an index answers, and the order of that index."""

    condition: Q
    order: Sequence[str] = ()
    is_exact: bool = False  # whoever meets it meets what was asked


def unexpected(value: grammar.Value, expected: str) -> BadFilter:
    return BadFilter(
        f"Expected {expected} instead of `{value.text[:60]}`", value.position, expected
    )


class Text:
    """Text in quotes, compared and ordered with regard to case."""

    def condition(self, path: str, asked: Comparison) -> Q:
        values: list[Any] = [self.read(value) for value in asked.values]
        operator = OPPOSITES.get(asked.operator, asked.operator)
        value = values if operator == "IN" else values[0]
        condition = Q((f"{path}__{LOOKUPS[operator]}", value))
        return condition if operator == asked.operator else ~condition

    def read(self, value: grammar.Value) -> Any:
        if not value.is_quoted:
            raise unexpected(value, "a text in quotes")
        return value.text

    def narrowing(self, path: str, asked: Comparison) -> Narrowing | None:
        """What an index can say: perhaps more rows than meet the condition, never fewer."""
        if asked.operator != "=":
            return None
        return Narrowing(self.indexed(path, asked.values[0].text))

    def indexed(self, path: str, text: str) -> Q:
        # The beginning alone. Were the value asked for too, SQLite would put it in the
        # place of the column, and no longer see that the index is about this column.
        return Q(Exact(Head(F(path)), text[:INDEXED_CHARS]))

    def columns(self, path: str, descending: bool, *, optional: bool) -> list[Column]:
        """The columns of an order by this; what is missing comes last in both directions."""
        if not optional:
            return [Column(Bytewise(F(path)), descending)]
        return [missing(path), Column(_or_empty(Bytewise(F(path))), descending)]


@dataclass(frozen=True)
class ParamText(Text):
    """Text beside which its number is kept, if it reads as one; an index has either."""

    number: str = "number"

    def indexed(self, path: str, text: str) -> Q:
        number = as_number(text)
        if number is not None:
            return Q((self.number_of(path), number))
        return super().indexed(path, text) & Q(
            (f"{self.number_of(path)}__isnull", True)
        )

    def number_of(self, path: str) -> str:
        return "__".join([*path.split("__")[:-1], self.number])


class PlainText(Text):
    """Text that may stand without quotes."""

    def read(self, value: grammar.Value) -> Any:
        return value.text


class LongText(PlainText):
    """Text of any length, ordered by its beginning: it travels in page tokens."""

    def columns(self, path: str, descending: bool, *, optional: bool) -> list[Column]:
        return [missing(path), Column(_or_empty(Bytewise(Head(F(path)))), descending)]


@dataclass(frozen=True)
class Choice(Text):
    """One of a few words in quotes."""

    words: Sequence[str]

    def read(self, value: grammar.Value) -> str:
        text: str = super().read(value)
        if text not in self.words:
            raise unexpected(value, f"one of {', '.join(self.words)}")
        return text


@dataclass(frozen=True)
class Word(PlainText):
    """One of a few words, in any case, with or without quotes."""

    words: Mapping[str, Any]  # in small letters, and what is kept for them

    def read(self, value: grammar.Value) -> Any:
        try:
            return self.words[value.text.lower()]
        except KeyError:
            raise unexpected(value, f"one of {', '.join(self.words)}") from None


# ---------------------------------------------------------------- numbers

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


class Mark(PlainText):
    """Whether something was done to a candidate: the time of it is kept, or nothing."""

    YES = ("true", "yes", "1")
    NO = ("false", "no", "0")

    def condition(self, path: str, asked: Comparison) -> Q:
        is_there = self.read(asked.values[0])
        return Q((f"{path}__isnull", is_there is not (asked.operator == "=")))

    def read(self, value: grammar.Value) -> bool:
        word = str(value.text).lower()
        if word not in self.YES + self.NO:
            raise unexpected(value, "true or false")
        return word in self.YES


class Number(Text):
    """A number, whole or not."""

    def read(self, value: grammar.Value) -> Any:
        if value.is_quoted:
            raise unexpected(value, "a number without quotes")
        if not NUMBER.fullmatch(value.text):
            raise unexpected(value, "a number")
        if INTEGER.fullmatch(value.text):
            return int(value.text)
        # Not prepared for the column: a whole number may be asked to be less than 5.5.
        return Value(float(value.text), output_field=FloatField())

    def narrowing(self, path: str, asked: Comparison) -> Narrowing | None:
        if asked.operator == "!=":
            return None
        # In the order of the index: PostgreSQL would look for a thousand in the table.
        return Narrowing(self.condition(path, asked), [path], is_exact=True)

    def columns(self, path: str, descending: bool, *, optional: bool) -> list[Column]:
        if not optional:
            return [Column(F(path), descending)]
        return [missing(path), Column(_or_zero(F(path)), descending)]


@dataclass(frozen=True)
class NumberOrNaN(Number):
    """NaN is kept as 0.0 beside a flag. It differs from every number, and that is all."""

    flag: str = "is_nan"

    def condition(self, path: str, asked: Comparison) -> Q:
        compared = super().condition(path, asked)
        if asked.operator == "!=":
            return compared | Q((self.flag_of(path), True))
        # Not the bare False, which becomes NOT is_nan: no index of SQLite serves that.
        return compared & Q((self.flag_of(path), Value(False)))

    def columns(self, path: str, descending: bool, *, optional: bool) -> list[Column]:
        return numbers_first(F(path), F(self.flag_of(path)), descending)

    def flag_of(self, path: str) -> str:
        return "__".join([*path.split("__")[:-1], self.flag])


class WholeNumber(Number):
    """A number written without a point."""

    def read(self, value: grammar.Value) -> Any:
        number = super().read(value)
        if not isinstance(number, int):
            raise unexpected(value, "a whole number")
        return number


@dataclass(frozen=True)
class TextOrNumber(ParamText, LongText):
    """A param that may be asked for by its number.

    What is written like a number compares as a number: `lr = 0.001` finds 1e-3. In an
    order numbers come before other texts.
    """

    def condition(self, path: str, asked: Comparison) -> Q:
        if self.is_about_numbers(asked):
            return NUMBERS.condition(self.number_of(path), asked)
        return super().condition(path, asked)

    def narrowing(self, path: str, asked: Comparison) -> Narrowing | None:
        if self.is_about_numbers(asked):
            return NUMBERS.narrowing(self.number_of(path), asked)
        return super().narrowing(path, asked)

    def columns(self, path: str, descending: bool, *, optional: bool) -> list[Column]:
        number = F(self.number_of(path))
        kind = Case(
            When(IsNull(number, False), then=0),
            When(IsNull(F(path), False), then=1),
            default=2,
        )
        # Numbers that are equal leave the order to the columns that follow.
        text = Case(
            When(IsNull(number, False), then=Value("")),
            default=_or_empty(Bytewise(Head(F(path)))),
            output_field=TextField(),
        )
        return [
            Column(kind),
            Column(_or_zero(number), descending),
            Column(text, descending),
        ]

    def is_about_numbers(self, asked: Comparison) -> bool:
        if asked.operator in (">", ">=", "<", "<="):
            return True
        return asked.operator in ("=", "!=", "IN", "NOT IN") and all(
            not value.is_quoted and NUMBER.fullmatch(value.text)
            for value in asked.values
        )


NUMBERS = Number()

# ---------------------------------------------------------------- time

UNITS_MS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
}
SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|min|[smhdw])", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DAY_MS = UNITS_MS["d"]


def span_ms(text: str) -> int | None:
    """How long `1h30m` is, or None where it is no such text."""
    parts = SPAN.findall(text)
    if not parts or "".join(amount + unit for amount, unit in parts) != text:
        return None
    return round(sum(float(amount) * UNITS_MS[unit] for amount, unit in parts))


class Duration(Number):
    """How long something took: `90s`, `1h30m`; a bare number is in seconds."""

    def read(self, value: grammar.Value) -> Any:
        if (length := span_ms(value.text)) is not None:
            return length
        if NUMBER.fullmatch(value.text):
            return Value(float(value.text) * 1000, output_field=FloatField())
        raise unexpected(value, "a duration such as 90s or 1h30m")


class Moment(Number):
    """A time: `-7d` from now, a date (all of that day), a date with a time, or milliseconds."""

    def condition(self, path: str, asked: Comparison) -> Q:
        start, end = self.range_ms(asked.values[0])
        match asked.operator:
            case ">":
                return Q((f"{path}__gte", end))
            case ">=":
                return Q((f"{path}__gte", start))
            case "<":
                return Q((f"{path}__lt", start))
            case "<=":
                return Q((f"{path}__lt", end))
        inside = Q((f"{path}__gte", start)) & Q((f"{path}__lt", end))
        if asked.operator == "=":
            return inside
        return Q((f"{path}__isnull", False)) & ~inside

    def range_ms(self, value: grammar.Value) -> tuple[int, int]:
        """The first millisecond of it, and the first after it."""
        text = value.text.strip()
        ago = span_ms(text.removeprefix("-"))
        if ago is not None:
            now = time.time_ns() // 1_000_000
            moment = now - ago if text.startswith("-") else now + ago
            return moment, moment + 1
        if INTEGER.fullmatch(text):
            return int(text), int(text) + 1
        try:
            moment_at = datetime.fromisoformat(text)
        except ValueError:
            raise unexpected(value, "a time such as -7d or 2026-01-31") from None
        if moment_at.tzinfo is None:
            moment_at = moment_at.replace(tzinfo=UTC)
        start = round(moment_at.timestamp() * 1000)
        return start, start + (DAY_MS if DATE.fullmatch(text) else 1)


# ---------------------------------------------------------------- columns of an order


def missing(path: str) -> Column:
    # As an expression: a Q would join the rows once more.
    return Column(Case(When(IsNull(F(path), True), then=1), default=0))


def numbers_first(value: Any, is_nan: Any, descending: bool) -> list[Column]:
    """Numbers, then NaN, then missing, in both directions."""
    rank = Case(
        When(IsNull(value, True), then=2), When(Exact(is_nan, True), then=1), default=0
    )
    return [Column(rank), Column(_or_zero(value), descending)]


def _or_zero(value: Any) -> Coalesce:
    return Coalesce(value, Value(0), output_field=FloatField())


def _or_empty(value: Any) -> Coalesce:
    return Coalesce(value, Value(""), output_field=TextField())
