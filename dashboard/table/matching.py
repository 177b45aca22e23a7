"""Where the pages ask the search room: which candidates match, in which order.

Only tracker/search reads the filter language. Here its answers get the shape that a page
needs, and what it refuses becomes a note beside the table.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from dashboard.find import Opened
from dashboard.table import grouping, nesting
from dashboard.table.asking import search
from dashboard.table.grouping import Grouped
from dashboard.table.state import State
from tracker import tallies
from tracker.errors import Invalid
from tracker.models import Candidate, Experiment
from tracker.search import table, vocabulary
from tracker.search.grammar import BadFilter
from tracker.search.paging import Page
from tracker.search.table import Condition, Count, Search

EXPIRED = "This link to a page has expired; here is the first one."
PARTIAL = (
    "Few match, so this page ends after a look through {:,} candidates;"
    " the next page goes on behind them."
)
# So many of which the keys are known are sorted, rather than found once more.
FEW = 1000
# After that long the first page of a very large experiment ends where it is. Whoever goes
# on from there has been told, and waits longer.
FIRST_SECONDS = 0.05
NEXT_SECONDS = 2.0

# Some match; counting them would take too long.
UNKNOWN = Count(0, False)


class Problem(NamedTuple):
    """What is wrong with a filter, and where: the place counts from 0."""

    message: str
    place: int | None


class Found(NamedTuple):
    search: Search
    page: Page[Candidate]
    number: Count
    text: str  # the filter that was carried out
    problem: Problem | None = None
    note: str = ""
    grouped: Grouped | None = None
    # Of all that match a filter, or of the first ten thousand; None where nobody knows.
    keys: Sequence[int] | None = None

    @property
    def is_filtered(self) -> bool:
        return bool(self.text)

    @property
    def is_complete(self) -> bool:
        """Whether every candidate that matches is on this page by itself."""
        is_one = not self.page.next_token and not self.page.previous_token
        return is_one and len(self.page.rows) == self.number.number

    @property
    def candidates(self) -> list[Candidate]:
        return self.page.rows


def find(
    opened: Opened,
    state: State,
    *,
    was: str = "",
    is_tree: bool = False,
    known: Collection[tuple[str, str]] | None = None,
) -> Found:
    """A page of what matches.

    A filter that cannot be read is told with its place, and what the last one found
    stays: `was`, or else everything.
    """
    try:
        return found(opened, state, state.q, is_tree=is_tree, known=known)
    except Invalid as refusal:
        wrong = problem(refusal)
    start = replace(state, token="", start=0)
    if was and was != state.q:
        with suppress(Invalid):
            return found(opened, start, was, is_tree=is_tree, known=known)._replace(
                problem=wrong
            )
    return found(opened, start, "", is_tree=is_tree, known=known)._replace(
        problem=wrong
    )


def found(
    opened: Opened,
    state: State,
    text: str,
    *,
    is_tree: bool,
    known: Collection[tuple[str, str]] | None,
) -> Found:
    asked = search(
        opened.experiment,
        text,
        state.sorts,
        known=known,
        with_archived=state.with_archived,
    )
    total = opened.shown(state.with_archived)
    number, keys = Count(total, True), None
    is_huge = total >= tallies.MANY
    if text:
        keys = asked.newest_keys() if is_huge else asked.keys()
        number = keys.number if keys else UNKNOWN
        if keys and number.is_exact and len(keys.found) <= FEW:
            asked = asked.among(keys.found)
    if state.grouping:
        with asked.limited():
            groups = grouping.page(
                asked.listed,
                state.grouping,
                state.sorts,
                agg=state.agg,
                start=state.start,
                size=state.size,
            )
        some = keys and keys.found
        return Found(asked, Page([]), number, text, grouped=groups, keys=some)
    listed = asked
    if is_tree and not text:
        listed = nesting.tops(
            asked, opened.experiment, with_archived=state.with_archived
        )
    note, seconds = "", None
    if text and is_huge:
        seconds = NEXT_SECONDS if state.token else FIRST_SECONDS
    try:
        page = listed.page(limit=state.size, token=state.token, seconds=seconds)
    except Invalid:
        if not state.token:
            raise
        note, page = EXPIRED, listed.page(limit=state.size, seconds=seconds)
    if page.looked:
        note = PARTIAL.format(page.looked)
    if number is UNKNOWN or number.number < len(page.rows):
        is_all = not page.next_token and not page.previous_token
        number = Count(len(page.rows), is_all)
    return Found(asked, page, number, text, None, note, keys=keys and keys.found)


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


def strangers(
    opened: Opened, text: str, known: Collection[tuple[str, str]]
) -> list[str]:
    """What the filter asks about and no candidate has, in a sentence each."""
    try:
        return vocabulary.strangers(opened.experiment, text, known)
    except BadFilter:
        return []


def number(experiment: Experiment, text: str, state: State) -> Count | None:
    """How many match, where that can be said."""
    try:
        return table.count(experiment, text, with_archived=state.with_archived)
    except Invalid:
        return None
