"""The table of candidates on an experiment's page: its filter, its order, its pages.

The filter language is larger than MLflow's (docs/search.md) and any of it may be typed
without the names of the kinds: what an experiment's candidates have decides what is meant.
"""

import contextlib
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_, or_
from typing import NamedTuple

from django.db import connection
from django.db.models import Case, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.lookups import Exact

from tracker import deadlines
from tracker.errors import Invalid
from tracker.models import Candidate, Experiment, Kind, Tag
from tracker.search import grammar, ordering, regular
from tracker.search.candidate_fields import Term
from tracker.search.candidate_orders import newest
from tracker.search.candidates import Choice, choose
from tracker.search.fields import PATTERN, Field
from tracker.search.grammar import (
    And,
    Comparison,
    Expression,
    Name,
    Not,
    Or,
    Word,
)
from tracker.search.lookups import There
from tracker.search.paging import Page, View, viewed
from tracker.search.vocabulary import (
    ATTRIBUTES,
    METRICS,
    OTHERS,
    PARAMS,
    TAGS,
    Vocabulary,
)

ATTRIBUTE = "a"
MAX_SORTS = 3
# Counting further than this costs more than it tells, and so does counting for longer.
MAX_COUNT = 10_000
COUNT_SECONDS = 1.0
# Of a very large experiment a part is counted, and part after part only for so long.
PART_SECONDS = 0.05
# So many candidates from all over an experiment are looked up in that time.
FEW_COUNT = 2000


class SortKey(NamedTuple):
    """A column to sort by: kind and key as in the address `m:val/acc.max`."""

    kind: str  # a Kind, or ATTRIBUTE
    key: str
    aggregate: str = ""  # of metrics only; the latest value where it is empty
    descending: bool = False


class Count(NamedTuple):
    """How many match: exactly, or more than can be said."""

    number: int
    is_exact: bool

    def __str__(self) -> str:
        return f"{self.number:,}" if self.is_exact else f"{self.number:,}+"


class Condition(NamedTuple):
    """A part of a filter that must hold, where it stands, and the filter without it."""

    text: str
    start: int  # counts from 0
    end: int
    rest: str


class Keys(NamedTuple):
    """Primary keys of what matches, of all of it or of some."""

    found: list[int]
    is_all: bool = True

    @property
    def number(self) -> Count:
        number = len(self.found)
        return Count(min(number, MAX_COUNT), self.is_all and number <= MAX_COUNT)


@dataclass(frozen=True, slots=True)
class Search:
    """A filter and an order, read once and asked several times."""

    experiment: int
    choice: Choice
    view: View
    has_pattern: bool
    identity: list[object]

    @property
    def rows(self) -> QuerySet[Candidate]:
        """All that match, in no order. Evaluate it inside `limited()`."""
        return viewed(self.choice.rows, self.view)

    @property
    def listed(self) -> QuerySet[Candidate]:
        """The same where all are read, rather than one of them asked about."""
        series, others = self.choice.series, self.choice.others
        if series is None or others is None:
            return self.rows
        return viewed(others, self.view).filter(pk__in=series.values("candidate"))

    def limited(self, seconds: float | None = None) -> AbstractContextManager[None]:
        """The search gets a limited time inside, and regular expressions less of it.

        Raises TooSlow, or Invalid for an expression.
        """
        return regular.limited() if self.has_pattern else deadlines.limited(seconds)

    def page(
        self, *, limit: int = 100, token: str = "", seconds: float | None = None
    ) -> Page[Candidate]:
        """With `seconds` the page may end early, and says so: see `ordering.page`."""
        with self.limited():
            return ordering.page(
                self.rows,
                self.choice.order,
                limit=limit,
                token=token,
                query=self.identity,
                two_way=True,
                seconds=seconds,
            )

    def count(self) -> Count:
        with self.limited():
            number = self.listed[: MAX_COUNT + 1].count()
        return counted(number)

    def keys(self, most: int = MAX_COUNT) -> "Keys | None":
        """The primary keys of those that match, up to one more than so many.

        None where finding them takes too long: a page of them may be found much sooner.
        """
        series, others = self.choice.series, self.choice.others
        rows, along_index = self.rows, self.choice.listed
        # PostgreSQL asks about each candidate, in order of its pages, in less time.
        if (
            along_index
            and connection.vendor == "sqlite"
            and self.view is View.ACTIVE_ONLY
        ):
            rows = viewed(along_index(), self.view)
        try:
            with self.limited(COUNT_SECONDS):
                if series is None or others is None:
                    return Keys(list(rows.values_list("pk", flat=True)[: most + 1]))
                # In two steps: for a join PostgreSQL would read all candidates there are.
                owners = list(series.values_list("candidate", flat=True)[: most + 1])
                alive = viewed(others, self.view).filter(pk__listed=owners[:most])
                found = alive.values_list("pk", flat=True)
                return Keys(list(found), is_all=len(owners) <= most)
        except Invalid:
            return None

    def newest_keys(self) -> "Keys | None":
        """The same of a very large experiment: the newest that time allows to find."""
        choice = self.choice
        if choice.series is not None:
            return self.keys(FEW_COUNT)
        if choice.is_few or self.view is not View.ACTIVE_ONLY:
            return self.keys()
        found: list[int] = []
        clock = ordering.Clock(PART_SECONDS)
        with contextlib.suppress(Invalid), self.limited(COUNT_SECONDS):
            for part, last in ordering.in_parts(self.rows, newest(self.experiment)):
                left = MAX_COUNT + 1 - len(found)
                found += part.order_by().values_list("pk", flat=True)[:left]
                if last is None:
                    return Keys(found)
                if len(found) > MAX_COUNT or clock.is_over():
                    break
        return Keys(found, is_all=False) if found else None

    def among(self, keys: Sequence[int]) -> "Search":
        """The same search where all that match are known to be among a few."""
        rows = self.choice.rows.filter(pk__listed=keys)
        choice = Choice(rows, self.choice.of_some, self.choice.of_some, is_few=True)
        return replace(self, choice=choice)


def counted(number: int) -> Count:
    return Count(min(number, MAX_COUNT), number <= MAX_COUNT)


def search(
    experiment: Experiment,
    *,
    text: str = "",
    sort: Sequence[SortKey] = (),
    view: View = View.ACTIVE_ONLY,
    known: Collection[tuple[str, str]] | None = None,
    with_archived: bool = True,
) -> Search:
    """The experiment's candidates that match the filter, in this order.

    The newest first among equals, and where nothing is asked; what is missing comes last
    in both directions. The page's tokens lead to the next page and to the previous one,
    and belong to this filter, sort and view. Candidates come bare: look up what is shown.
    Whoever has the catalogue at hand gives its kinds and keys as `known`. Without the
    archived they are left out, unless the filter itself says `archived`.

    Raises BadFilter, with the position of what is wrong in the text, or Invalid for a
    sort; `page` raises Invalid for a token.
    """
    choice, has_pattern = _choice(experiment, text, sort, known, with_archived, view)
    identity = ["table", experiment.pk, text, [list(key) for key in sort], view]
    identity += [] if with_archived else ["without archived"]
    return Search(experiment.pk, choice, view, has_pattern, identity)


def page(
    experiment: Experiment,
    *,
    text: str = "",
    sort: Sequence[SortKey] = (),
    view: View = View.ACTIVE_ONLY,
    limit: int = 100,
    token: str = "",
) -> Page[Candidate]:
    """A page of what `search` finds."""
    asked = search(experiment, text=text, sort=sort, view=view)
    return asked.page(limit=limit, token=token)


def matching(
    experiment: Experiment, text: str = "", view: View = View.ACTIVE_ONLY
) -> QuerySet[Candidate]:
    """All candidates that match the filter, in no order. Raises BadFilter.

    Evaluate it inside the `limited()` of a Search.
    """
    return search(experiment, text=text, view=view).listed


def count(
    experiment: Experiment,
    text: str = "",
    view: View = View.ACTIVE_ONLY,
    *,
    with_archived: bool = True,
) -> Count:
    """How many candidates match, counted up to MAX_COUNT. Raises BadFilter."""
    asked = search(experiment, text=text, view=view, with_archived=with_archived)
    return asked.count()


def conditions(text: str) -> list[Condition]:
    """The conditions of a filter that must all hold. Raises BadFilter."""
    parts = grammar.conditions(text)
    return [
        Condition(*part, " and ".join(other.text for other in parts if other != part))
        for part in parts
    ]


def _choice(
    experiment: Experiment,
    text: str,
    sort: Sequence[SortKey],
    known: Collection[tuple[str, str]] | None,
    with_archived: bool,
    view: View,
) -> tuple[Choice, bool]:
    """Which candidates, and whether a regular expression picks them."""
    asked = grammar.expression(text)
    comparisons = [end for end in grammar.ends(asked) if isinstance(end, Comparison)]
    vocabulary = Vocabulary(experiment, [one.name for one in comparisons], known)
    simple = [
        vocabulary.question(part)
        for part in asked.parts
        if isinstance(part, Comparison)
    ]
    others = (
        _compiled(part, vocabulary)
        for part in asked.parts
        if not isinstance(part, Comparison)
    )
    everyone = Candidate.objects.alias(duration_ms=F("ended_ms") - F("started_ms"))
    if not with_archived and not any(
        _is_about_archive(one.name) for one in comparisons
    ):
        everyone = everyone.filter(archived_at=None)
    also = reduce(and_, others, Q())
    choice = choose(everyone, [experiment.pk], simple, _terms(sort), also, view)
    patterns = [one.values[0] for one in comparisons if one.operator in PATTERN]
    for pattern in patterns:
        regular.check(pattern)
    return choice, bool(patterns)


def _is_about_archive(name: Name) -> bool:
    entity = name.entity.lower()
    return (name.key if entity in OTHERS else name.text).lower() == "archived"


def _compiled(expression: Expression, vocabulary: Vocabulary) -> Q:
    match expression:
        case And(parts):
            return reduce(and_, (_compiled(part, vocabulary) for part in parts))
        case Or(parts):
            return reduce(or_, (_compiled(part, vocabulary) for part in parts))
        case Not(part):
            # In two-valued logic: what a missing value does not meet, it meets negated.
            met = Case(When(_compiled(part, vocabulary), then=True), default=False)
            return Q(Exact(met, Value(False)))
        case Word(text):
            return _said_somewhere(text)
    field, asked = vocabulary.question(expression)
    return field.condition(asked)


def _said_somewhere(word: str) -> Q:
    """A word of the name or of a tag, the note among them; or the candidate's number."""
    tags = Tag.objects.filter(candidate=OuterRef("pk"), value__icontains=word)
    found = Q(name__icontains=word) | Q(There(tags))
    number = word.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        found |= Q(iid=int(number))
    return found


# ---------------------------------------------------------------- order


def _terms(sort: Sequence[SortKey]) -> list[Term]:
    if len(sort) > MAX_SORTS:
        raise Invalid(f"The table can be sorted by {MAX_SORTS} columns, not by more.")
    if len({key[:3] for key in sort}) < len(sort):
        raise Invalid("The table is sorted by one column twice.")
    return [Term(_sorted(key), key.key, key.descending) for key in sort]


def _sorted(key: SortKey) -> Field:
    if key.kind == ATTRIBUTE and key.key in SORTED_ATTRIBUTES:
        return ATTRIBUTES[key.key]
    match key.kind:
        case Kind.METRIC if (key.aggregate or "last") in METRICS:
            return METRICS[key.aggregate or "last"]
        case Kind.PARAM:
            return PARAMS
        case Kind.TAG:
            return TAGS
    raise Invalid(f"The table cannot be sorted by {':'.join(key[:3])[:60]!r}.")


SORTED_ATTRIBUTES = frozenset(
    "name number status state user start end duration".split()
)
