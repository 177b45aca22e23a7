"""The difference table of a comparison: which way it is turned, and what a phone shows."""

from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpRequest

from dashboard.compare import differences
from dashboard.compare.compared import Chosen
from tracker.models import Candidate

# With more, candidates become rows.
MAX_COLUMNS = 8


def is_flipped(request: HttpRequest, asked: Chosen) -> bool:
    """Whether candidates are rows: with many of them, and the reader may turn it."""
    flip = request.GET.get("flip")
    return flip == "1" if flip in ("0", "1") else len(asked.candidates) > MAX_COLUMNS


class Line(NamedTuple):
    """A candidate as a row of the turned table."""

    candidate: Candidate
    cells: list[tuple[differences.Row, differences.Cell]]


class Across(NamedTuple):
    """The difference table turned: sections and keys are columns."""

    groups: list[tuple[str, int]]
    rows: list[differences.Row]
    lines: list[Line]
    left_out: int


MAX_ACROSS = 60


def across(asked: Chosen, sections: Sequence[differences.Section]) -> Across:
    groups, rows, room = [], [], MAX_ACROSS
    for section in sections:
        taken = section.rows[:room]
        if taken:
            groups.append((section.name, len(taken)))
            rows += taken
            room -= len(taken)
    lines = [
        Line(candidate, [(row, row.cells[index]) for row in rows])
        for index, candidate in enumerate(asked.candidates)
    ]
    every = sum(len(section.rows) + section.left_out for section in sections)
    return Across(groups, rows, lines, every - len(rows))


class Pair(NamedTuple):
    """The two that a narrow screen has room for."""

    left: Candidate
    right: Candidate


def pair(request: HttpRequest, asked: Chosen, best: Candidate | None) -> Pair:
    """Those that `l` and `r` name, else the baseline and the best."""
    by_iid = {str(candidate.iid): candidate for candidate in asked.candidates}
    left = by_iid.get(request.GET.get("l", "")) or asked.baseline or asked.candidates[0]
    others = [c for c in asked.candidates if c != left]
    right = by_iid.get(request.GET.get("r", "")) or best
    return Pair(left, right if right and right != left else others[0])
