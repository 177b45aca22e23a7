"""Tables as files: exactly what a page shows, or all that matches, row by row."""

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from dashboard.columns import Column
from dashboard.table import Facts
from tracker.models import Candidate

# A spreadsheet runs what begins so; a number may begin with a sign.
FORMULA = re.compile(r"[=+\-@\t\r\n]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)

Batch = tuple[list[Candidate], Facts]


class Line:
    """What csv.writer writes to: it hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(columns: list[Column], batches: Iterable[Batch]) -> Iterator[str]:
    writer = csv.writer(Line())
    yield "\ufeff" + writer.writerow(["number", "name", "run_id", *headings(columns)])
    for candidates, facts in batches:
        for candidate in candidates:
            values = [facts.value(candidate, column) for column in columns]
            row = [candidate.iid, candidate.name, candidate.eid, *values]
            yield writer.writerow([guarded(value) for value in row])


def headings(columns: Iterable[Column]) -> list[str]:
    return [guarded(column.full_label) for column in columns]


def guarded(value: Any) -> str:
    """Text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    if FORMULA.match(value) and not NUMBER.match(value):
        return "'" + value
    return value


def json_lines(columns: list[Column], batches: Iterable[Batch]) -> Iterator[str]:
    """One array of objects, a candidate to a line."""
    separator = "[\n"
    for candidates, facts in batches:
        for candidate in candidates:
            row = {
                "number": candidate.iid,
                "name": candidate.name,
                "run_id": candidate.eid,
                **{c.address: plain(facts.value(candidate, c)) for c in columns},
            }
            yield separator + json.dumps(row, ensure_ascii=False)
            separator = ",\n"
    yield "[]\n" if separator.startswith("[") else "\n]\n"


def plain(value: Any) -> Any:
    """JSON has no NaN and no infinity; they are written as MLflow writes them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
