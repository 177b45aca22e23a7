"""What an artifact holds, beyond text: a table, a label matrix, a curve, importances.

It is recognised by content, read from the head of the file, and compared elsewhere.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from artifacts import contents, storage
from artifacts.blobs import Missing
from artifacts.contents import Kind, Table
from artifacts.models import Artifact
from tracker import documents
from tracker.errors import Full, Unavailable

MAX_BYTES = 512 * 1024
MAX_ROWS = 5000
MAX_LABELS = 60
MAX_FEATURES = 500


class Matrix(NamedTuple):
    """A square of counts: true labels down, predicted ones across."""

    labels: list[str]
    values: list[list[float]]


class Curve(NamedTuple):
    """ROC, or precision over recall."""

    kind: str  # roc, pr
    x: list[float]
    y: list[float]

    @property
    def area(self) -> float:
        """By trapezoids, over the part of the axis that the points span."""
        points = sorted(zip(self.x, self.y, strict=True))
        return math.fsum(
            (b[0] - a[0]) * (a[1] + b[1]) / 2
            for a, b in zip(points, points[1:], strict=False)
        )


class Reading(NamedTuple):
    """What was found; only what is there is filled."""

    kind: str  # image, matrix, curve, importance, table, text, none
    text: str = ""
    table: Table | None = None
    matrix: Matrix | None = None
    curve: Curve | None = None
    importances: dict[str, float] | None = None
    is_cut: bool = False
    reason: str = ""


def read(artifact: Artifact) -> Reading:
    """Raises nothing for any content of the file."""
    if artifact.content_type in contents.SHOWN_IMAGES:
        return Reading("image")
    if artifact.size_bytes == 0:
        return Reading("text")
    try:
        head = storage.head(artifact.blob, min(artifact.size_bytes, MAX_BYTES))
    except Missing:
        return Reading("none", reason="The bytes of this file are missing.")
    except (Full, Unavailable):
        return Reading(
            "none", reason="Files cannot be read now. Try again in a minute."
        )
    is_whole = len(head) == artifact.size_bytes
    found = contents.recognise(artifact.name, head, is_whole=is_whole)
    if found.kind == Kind.IMAGE:
        return Reading("image")
    if not found.encoding:
        return Reading("none", reason="This kind of file cannot be compared.")
    text = contents.text(head, found.encoding, is_whole=is_whole)
    return of_text(artifact.name, text, found.kind, is_whole=is_whole)


def of_text(name: str, text: str, kind: Kind, *, is_whole: bool) -> Reading:
    table = None
    if kind == Kind.TABLE:
        table = contents.table(
            text,
            contents.delimiter_of(name, text),
            rows=MAX_ROWS,
            is_whole=is_whole,
        )
    elif kind == Kind.JSON and is_whole:
        table = table_of_json(text)
    plain = Reading("text", text=text, is_cut=not is_whole)
    return recognised(table, text, is_whole=is_whole) if table else plain


def recognised(table: Table, text: str, *, is_whole: bool) -> Reading:
    found = Reading(
        "table", text=text, table=table, is_cut=table.is_cut or not is_whole
    )
    if square := matrix(table):
        return found._replace(kind="matrix", matrix=square)
    if line := curve(table):
        return found._replace(kind="curve", curve=line)
    if weights := importances(table):
        return found._replace(kind="importance", importances=weights)
    return found


# ---------------------------------------------------------------- JSON as a table


def table_of_json(text: str) -> Table | None:
    """Columns with their values, rows of objects, or what `mlflow.log_table` writes."""
    try:
        value: Any = documents.parsed(text)
    except ValueError:
        return None
    if isinstance(value, list):
        return from_rows(value)
    if not isinstance(value, dict):
        return None
    if {"columns", "data"} <= value.keys():
        return from_split(value["columns"], value["data"])
    if isinstance(value.get("matrix"), list):
        labels = value.get("labels")
        names = labels if isinstance(labels, list) else range(len(value["matrix"]))
        return from_square([str(name) for name in names], value["matrix"])
    lists = {key: column for key, column in value.items() if isinstance(column, list)}
    if lists and len({len(column) for column in lists.values()}) == 1:
        return from_columns(lists)
    if value and all(is_number(number) for number in value.values()):
        return Table(["name", "value"], [[k, str(v)] for k, v in value.items()], False)
    return None


def from_rows(rows: list[Any]) -> Table | None:
    if not rows:
        return None
    if all(isinstance(row, dict) for row in rows):
        names = list(dict.fromkeys(key for row in rows[:200] for key in row))
        names = names[: contents.MAX_COLUMNS]
        return Table(
            [str(name) for name in names],
            [[cell(row.get(name)) for name in names] for row in rows[:MAX_ROWS]],
            len(rows) > MAX_ROWS,
        )
    if all(isinstance(row, list) for row in rows):
        size = len(rows)
        if all(len(row) == size for row in rows) and 1 < size <= MAX_LABELS:
            return from_square([str(place) for place in range(size)], rows)
    return None


def from_split(columns: Any, data: Any) -> Table | None:
    if not (isinstance(columns, list) and isinstance(data, list)):
        return None
    if not all(isinstance(row, list) for row in data):
        return None
    width = contents.MAX_COLUMNS
    return Table(
        [cell(name) for name in columns[:width]],
        [[cell(value) for value in row[:width]] for row in data[:MAX_ROWS]],
        len(data) > MAX_ROWS or len(columns) > width,
    )


def from_square(labels: list[str], rows: list[Any]) -> Table | None:
    if not all(isinstance(row, list) for row in rows):
        return None
    return Table(
        ["", *labels],
        [[label, *map(cell, row)] for label, row in zip(labels, rows, strict=False)],
        False,
    )


def from_columns(lists: dict[str, list[Any]]) -> Table:
    names = list(lists)[: contents.MAX_COLUMNS]
    many = len(lists[names[0]])
    return Table(
        [str(name) for name in names],
        [
            [cell(lists[name][row]) for name in names]
            for row in range(min(many, MAX_ROWS))
        ],
        many > MAX_ROWS,
    )


def cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# ---------------------------------------------------------------- what a table means


def number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def matrix(table: Table) -> Matrix | None:
    """As many rows as columns, all numbers; names may stand before the rows."""
    size = len(table.rows)
    if table.is_cut or not 1 < size <= MAX_LABELS:
        return None
    labelled = all(len(row) == size + 1 for row in table.rows)
    if not labelled and not all(len(row) == size for row in table.rows):
        return None
    if labelled and len(table.header) != size + 1:
        return None
    rows = [[number(text) for text in row[labelled:]] for row in table.rows]
    if any(value is None or value < 0 for row in rows for value in row):
        return None
    labels = [row[0] for row in table.rows] if labelled else table.header[:size]
    # A table of two numbers in two rows is a matrix only where its names say so.
    if labelled and set(labels) != set(table.header[1:]):
        return None
    if not labelled and size < 3:
        return None
    return Matrix(labels, [[value or 0.0 for value in row] for row in rows])


CURVES = {
    "roc": (("fpr", "false_positive_rate"), ("tpr", "true_positive_rate")),
    "pr": (("recall",), ("precision",)),
}


def curve(table: Table) -> Curve | None:
    names = [name.strip().lower() for name in table.header]
    for kind, (x_names, y_names) in CURVES.items():
        x = column(names, x_names)
        y = column(names, y_names)
        if x is None or y is None or len(table.rows) < 3:
            continue
        # A report by class has both words and a name in front.
        if kind == "pr" and number(table.rows[0][0]) is None:
            continue
        points = [
            (a, b)
            for row in table.rows
            if len(row) > max(x, y)
            and (a := number(row[x])) is not None
            and (b := number(row[y])) is not None
        ]
        if len(points) > 2:
            return Curve(kind, [a for a, _ in points], [b for _, b in points])
    return None


def column(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


FEATURES = ("feature", "name", "variable", "column")
WEIGHTS = ("importance", "gain", "weight", "shap", "mean_abs_shap", "coefficient")


def importances(table: Table) -> dict[str, float] | None:
    names = [name.strip().lower() for name in table.header]
    feature = column(names, FEATURES)
    weight = column(names, WEIGHTS)
    if feature is None or weight is None:
        return None
    found = {}
    for row in table.rows[:MAX_FEATURES]:
        if len(row) > max(feature, weight) and row[feature]:
            value = number(row[weight])
            if value is not None:
                found[row[feature]] = value
    return found or None
