"""The difference table of a comparison: which way it is turned, and what a phone shows."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from django.http import HttpRequest
from django.utils.safestring import SafeString

from dashboard.compare import differences
from dashboard.compare.compared import Chosen
from dashboard.compare.differences import Cell
from tracker.models import Candidate

# With more, candidates become rows.
MAX_COLUMNS = 8


def is_flipped(request: HttpRequest, asked: Chosen) -> bool:
    """Whether candidates are rows: with many of them, and the reader may turn it."""
    flip = request.GET.get("flip")
    return flip == "1" if flip in ("0", "1") else len(asked.candidates) > MAX_COLUMNS


SAME = '<td class="same">'


class Line(NamedTuple):
    """A candidate as a row of the turned table."""

    candidate: Candidate
    cells: SafeString


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
        Line(candidate, written((row.cells[index], row.is_code) for row in rows))
        for index, candidate in enumerate(asked.candidates)
    ]
    every = sum(len(section.rows) + section.left_out for section in sections)
    return Across(groups, rows, lines, every - len(rows))


def written(cells: Iterable[tuple[Cell, bool]]) -> SafeString:
    """Cells of one candidate, of which there may be thousands on a page: so no template."""
    return SafeString(
        "".join(
            f"{SAME if cell.is_same else '<td>'}{value(cell, is_code)}</td>"
            for cell, is_code in cells
        )
    )


def value(cell: Cell, is_code: bool) -> SafeString:
    """What is written in a cell; both ways of the table show the same."""
    text = escape(cell.text)
    if not cell.text:
        html = '<span class="none">–<span class="sr">not logged</span></span>'
    elif cell.number is not None:
        best = ' class="best"' if cell.is_best else ""
        said = '<span class="sr">best: </span>' if cell.is_best else ""
        html = (
            f'<span class="v"><span title="{escape(cell.full)}"{best}>{said}{text}</span>'
            f"{delta(cell)}</span>"
        )
    elif cell.full:
        html = (
            f'<details class="long"><summary>{text}</summary>'
            f"<pre>{escape(cell.full)}</pre></details>"
        )
    elif is_code:
        html = f'<span class="mono" title="{text}">{escape(cell.text[:8])}</span>'
    else:
        html = f'<span class="tx">{text}</span>'
    return SafeString(html)


def delta(cell: Cell) -> str:
    if not cell.delta:
        return ""
    if not cell.verdict:
        return f'<span class="delta">{cell.delta}</span>'
    words = "better" if cell.verdict == "good" else "worse"
    return (
        f'<span class="delta {cell.verdict}">{cell.delta}'
        f'<span class="sr"> {words} than the baseline</span></span>'
    )


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
