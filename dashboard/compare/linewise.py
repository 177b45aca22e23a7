"""Two texts line by line: what was taken out, what was put in, what stayed around it."""

import difflib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from dashboard import snippets

CONTEXT = 3
# Comparing takes time with the square of what differs.
MAX_LINES = 4000
MAX_SHOWN = 600
MAX_LINE_CHARS = 500
MAX_COLOURED = 300


class Line(NamedTuple):
    """A line of a diff. A gap stands for equal lines that are folded."""

    kind: str  # same, out, in, gap
    left: int | None
    right: int | None
    html: SafeString


class Diff(NamedTuple):
    lines: list[Line]
    added: int
    removed: int
    is_cut: bool  # there is more than is shown or was compared

    @property
    def is_equal(self) -> bool:
        return not self.added and not self.removed


def diff(left: str, right: str, *, language: str = "") -> Diff:
    """A unified diff, with the numbers of both sides."""
    a, b = left.splitlines(), right.splitlines()
    is_cut = len(a) > MAX_LINES or len(b) > MAX_LINES
    a, b = a[:MAX_LINES], b[:MAX_LINES]
    matcher = difflib.SequenceMatcher(None, a, b)
    raw: list[tuple[str, int | None, int | None, str]] = []
    added = removed = 0
    for number, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if number or group[0][1] > 0:
            raw.append(("gap", None, None, gap(number, group[0])))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                raw += [("same", i + 1, j1 + i - i1 + 1, a[i]) for i in range(i1, i2)]
                continue
            raw += [("out", i + 1, None, a[i]) for i in range(i1, i2)]
            raw += [("in", None, j + 1, b[j]) for j in range(j1, j2)]
            removed += i2 - i1
            added += j2 - j1
    shown = raw[:MAX_SHOWN]
    colour = language if len(shown) <= MAX_COLOURED else ""
    return Diff(
        [Line(kind, i, j, written(text, colour, kind)) for kind, i, j, text in shown],
        added,
        removed,
        is_cut or len(raw) > MAX_SHOWN,
    )


def gap(number: int, first: Sequence[object]) -> str:
    return f"from line {int(str(first[1])) + 1}"


def written(text: str, language: str, kind: str) -> SafeString:
    text = text[:MAX_LINE_CHARS]
    if language and kind != "gap" and text.strip():
        return snippets.highlighted(language, text)
    return conditional_escape(text)


class Pair(NamedTuple):
    """A row of a split diff."""

    left: Line | None
    right: Line | None


def split(found: Diff) -> list[Pair]:
    """Side by side: what was replaced stands beside what replaced it."""
    return list(pairs(found.lines))


def pairs(lines: Sequence[Line]) -> Iterator[Pair]:
    out: list[Line] = []
    new: list[Line] = []
    for line in [*lines, Line("same", None, None, SafeString(""))]:
        if line.kind == "out":
            out.append(line)
        elif line.kind == "in":
            new.append(line)
        else:
            for index in range(max(len(out), len(new))):
                yield Pair(
                    out[index] if index < len(out) else None,
                    new[index] if index < len(new) else None,
                )
            out, new = [], []
            if line.left is not None or line.kind == "gap":
                yield Pair(line, line)
