"""Two tables joined by a column: which rows changed, the most changed first."""

from collections.abc import Sequence
from typing import NamedTuple

from artifacts.contents import Table
from dashboard.candidate.results import written_delta
from dashboard.compare.readings import number

MAX_SHOWN = 200


class Cell(NamedTuple):
    left: str
    right: str
    delta: str = ""

    @property
    def is_changed(self) -> bool:
        return self.left != self.right


class Row(NamedTuple):
    key: str
    cells: list[Cell]
    change: float  # of the column that orders

    @property
    def is_changed(self) -> bool:
        return any(cell.is_changed for cell in self.cells)


class Joined(NamedTuple):
    key: str  # the column that joins; "row" where rows are counted
    columns: list[str]
    rows: list[Row]
    changed: int
    equal: int
    only_left: list[str]
    only_right: list[str]
    by: str  # the column that orders; empty where none has numbers
    keys: list[str]  # columns that could join
    numeric: list[str]  # columns that could order
    left_out: int


def joined(
    left: Table, right: Table, *, key: str = "", by: str = "", worst: bool = True
) -> Joined:
    keys = joining(left, right)
    key = key if key in keys else keys[0] if keys else ""
    ours, theirs = by_key(left, key), by_key(right, key)
    columns = [
        name for name in left.header if name in right.header and name != key and name
    ]
    both = [name for name in ours if name in theirs]
    numeric = [
        name
        for name in columns
        if any(
            changed_number(ours[k].get(name, ""), theirs[k].get(name, "")) is not None
            for k in both
        )
    ]
    by = by if by in numeric else most_changed(numeric, ours, theirs, both)
    rows = [row(k, columns, ours[k], theirs[k], by) for k in both]
    changed = [one for one in rows if one.is_changed]
    changed.sort(key=lambda one: one.change if worst else -one.change)
    return Joined(
        key or "row",
        columns,
        changed[:MAX_SHOWN],
        len(changed),
        len(rows) - len(changed),
        [name for name in ours if name not in theirs],
        [name for name in theirs if name not in ours],
        by,
        keys,
        numeric,
        max(0, len(changed) - MAX_SHOWN),
    )


def joining(left: Table, right: Table) -> list[str]:
    """Columns that name each row once in both tables."""
    found = []
    for place, name in enumerate(left.header):
        if not name or name not in right.header:
            continue
        other = right.header.index(name)
        mine = [cells[place] for cells in left.rows if len(cells) > place]
        yours = [cells[other] for cells in right.rows if len(cells) > other]
        once = len(set(mine)) == len(mine) and len(set(yours)) == len(yours)
        if once and mine and set(mine) & set(yours):
            found.append(name)
    # Names before numbers: a score may happen to be unique as well.
    names = [c for c in found if is_name(left, c)]
    return names + [c for c in found if c not in names]


def is_name(table: Table, column: str) -> bool:
    place = table.header.index(column)
    return any(
        number(cells[place]) is None for cells in table.rows[:50] if len(cells) > place
    )


def by_key(table: Table, key: str) -> dict[str, dict[str, str]]:
    place = table.header.index(key) if key else None
    found = {}
    for count, cells in enumerate(table.rows, start=1):
        known = dict(zip(table.header, cells, strict=False))
        if place is not None and len(cells) <= place:
            continue
        name = str(count) if place is None else cells[place]
        found[name] = known
    return found


def changed_number(one: str, other: str) -> float | None:
    a, b = number(one), number(other)
    if a is None or b is None or a == b:
        return None
    return b - a


def most_changed(
    numeric: Sequence[str],
    ours: dict[str, dict[str, str]],
    theirs: dict[str, dict[str, str]],
    both: Sequence[str],
) -> str:
    def many(name: str) -> int:
        return sum(
            changed_number(ours[k].get(name, ""), theirs[k].get(name, "")) is not None
            for k in both
        )

    return max(numeric, key=many, default="")


def row(
    key: str,
    columns: Sequence[str],
    ours: dict[str, str],
    theirs: dict[str, str],
    by: str,
) -> Row:
    cells = []
    for name in columns:
        one, other = ours.get(name, ""), theirs.get(name, "")
        a, b = number(one), number(other)
        delta = "" if a is None or b is None else written_delta(b, a)
        cells.append(Cell(one, other, delta))
    change = changed_number(ours.get(by, ""), theirs.get(by, "")) if by else None
    return Row(key, cells, change or 0.0)
