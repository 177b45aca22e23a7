"""Where the pages ask the search room: which candidates match, in which order.

Only tracker/search reads the filter language. Here its answers get the shape that a page
needs, and what it refuses becomes a note beside the table.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dashboard.columns import Sort
from tracker.errors import Invalid
from tracker.models import Candidate, Experiment
from tracker.search import table
from tracker.search.grammar import BadFilter
from tracker.search.paging import Page
from tracker.search.table import Condition, Count, Search, SortKey

EXPIRED = "This link to a page has expired; here is the first one."


class Problem(NamedTuple):
    """What is wrong with a filter, and where: the place counts from 0."""

    message: str
    place: int | None


class Found(NamedTuple):
    search: Search
    page: Page[Candidate]
    number: Count
    is_filtered: bool
    problem: Problem | None = None
    note: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything that matches is on this page."""
        return not self.page.next_token and not self.page.previous_token

    @property
    def candidates(self) -> list[Candidate]:
        return self.page.rows


def find(
    experiment: Experiment,
    *,
    total: int,
    text: str,
    sorts: Sequence[Sort],
    limit: int,
    token: str = "",
) -> Found:
    """A page of what matches. A filter that cannot be read finds everything, and says so."""
    try:
        return found(experiment, total, text, sorts, limit=limit, token=token)
    except Invalid as refusal:
        everything = found(experiment, total, "", sorts, limit=limit, token="")
        return everything._replace(problem=problem(refusal))


def found(
    experiment: Experiment,
    total: int,
    text: str,
    sorts: Sequence[Sort],
    *,
    limit: int,
    token: str,
) -> Found:
    asked = search(experiment, text, sorts)
    number = asked.count() if text else Count(total, True)
    note = ""
    try:
        page = asked.page(limit=limit, token=token)
    except Invalid:
        if not token:
            raise
        note, page = EXPIRED, asked.page(limit=limit)
    return Found(asked, page, number, bool(text), None, note)


def search(experiment: Experiment, text: str, sorts: Sequence[Sort]) -> Search:
    return table.search(experiment, text=text, sort=[key(sort) for sort in sorts])


def key(sort: Sort) -> SortKey:
    column = sort.column
    return SortKey(column.kind, column.key, column.aggregate, sort.descending)


def problem(refusal: Invalid) -> Problem:
    if isinstance(refusal, BadFilter):
        return Problem(refusal.message, refusal.position - 1)
    return Problem(refusal.message, None)


def pages(asked: Search, limit: int) -> Iterator[list[Candidate]]:
    """All that match, page after page, so that no more than one is in memory."""
    token: str | None = ""
    while token is not None:
        page = asked.page(limit=limit, token=token)
        yield page.rows
        token = page.next_token


def conditions(text: str) -> list[Condition]:
    """The conditions of a filter that must all hold; none where it cannot be read."""
    try:
        return table.conditions(text)
    except BadFilter:
        return []


def number(experiment: Experiment, text: str) -> Count | None:
    """How many match, where that can be said."""
    try:
        return table.count(experiment, text)
    except Invalid:
        return None
