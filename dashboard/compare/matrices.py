"""Confusion matrices side by side, and what sets them apart from the first."""

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.compare import readings
from dashboard.compare.readings import Reading
from dashboard.compare.sides import Side
from dashboard.templatetags.tracker_tags import MINUS, shown

MAX_LARGE = 4  # matrices of more than twenty labels


class Shade(NamedTuple):
    """One cell of a matrix: what it says, and how dark it is."""

    text: str
    css: str


class Square(NamedTuple):
    """A matrix as a table."""

    side: Side
    labels: list[str]
    rows: list[tuple[str, list[Shade]]]
    note: str


class Squares(NamedTuple):
    """All of them, what sets each apart from the first, and what is left out."""

    matrices: list[Square]
    differences: list[Square]
    reason: str


def squares(read: Sequence[tuple[Side, Reading]], *, in_rows: bool) -> Squares:
    known = [(side, reading.matrix) for side, reading in read if reading.matrix]
    if known and len(known[0][1].labels) > 20:
        known = known[:MAX_LARGE]
    labels = known[0][1].labels if known else []
    alike = [(side, m) for side, m in known if m.labels == labels]
    values = [(side, shares(m.values) if in_rows else m.values) for side, m in alike]
    drawn = [
        square(side, labels, numbers, in_rows=in_rows, total=correct(m))
        for (side, numbers), (_, m) in zip(values, alike, strict=True)
    ]
    differences = [
        difference(side, labels, values[0][1], numbers, in_rows=in_rows)
        for side, numbers in values[1:]
    ]
    others = len(known) - len(alike)
    reason = f"{others} have other labels and are left out." if others else ""
    return Squares(drawn, differences, reason)


def shares(values: Sequence[Sequence[float]]) -> list[list[float]]:
    return [
        [value / total if (total := sum(row)) else 0.0 for value in row]
        for row in values
    ]


def correct(matrix: readings.Matrix) -> str:
    total = sum(map(sum, matrix.values))
    right = sum(matrix.values[place][place] for place in range(len(matrix.labels)))
    return f"{shown(right / total)} on the diagonal" if total else ""


def square(
    side: Side,
    labels: list[str],
    values: Sequence[Sequence[float]],
    *,
    in_rows: bool,
    total: str,
) -> Square:
    most = 1.0 if in_rows else max(max(row) for row in values) or 1.0
    return Square(
        side,
        labels,
        [
            (label, [Shade(said(value, in_rows), f"h{round(8 * value / most)}")
                     for value in row])
            for label, row in zip(labels, values, strict=True)
        ],
        total,
    )  # fmt: skip


def difference(
    side: Side,
    labels: list[str],
    base: Sequence[Sequence[float]],
    values: Sequence[Sequence[float]],
    *,
    in_rows: bool,
) -> Square:
    apart = [
        [value - before for value, before in zip(row, old, strict=True)]
        for row, old in zip(values, base, strict=True)
    ]
    most = max(abs(value) for row in apart for value in row) or 1.0
    rows = []
    for label, row in zip(labels, apart, strict=True):
        shades = []
        for value in row:
            steps = round(4 * abs(value) / most)
            way = "p" if value > 0 else "m"
            text = said(abs(value), in_rows)
            is_none = not text.strip("0. %")
            sign = "" if is_none else "+" if value > 0 else MINUS
            shades.append(Shade("" if is_none else f"{sign}{text}", f"d{way}{steps}"))
        rows.append((label, shades))
    return Square(side, labels, rows, "")


def said(value: float, in_rows: bool) -> str:
    if in_rows:
        return f"{100 * value:.1f}" if 0 < value < 0.995 else f"{100 * value:.0f}"
    return shown(value)
