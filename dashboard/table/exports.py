"""Tables as files: exactly what a page shows, or all that matches, row by row."""

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dashboard.table.columns import Column
from dashboard.table.facts import Facts
from tracker.models import Candidate, DatasetUse, Metric

# A spreadsheet runs what begins so, some of them also with the wide forms; a number may
# begin with a sign.
FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)

MAX_FILES = 10_000  # of one candidate, in its JSON

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


def candidate(this: Candidate) -> dict[str, Any]:
    """A candidate whole, but for the points of its metrics. Five queries."""
    return {
        "number": this.iid,
        "name": this.name,
        "run_id": this.eid,
        "experiment": {"id": this.experiment.iid, "name": this.experiment.name},
        "status": this.status,
        "user": this.user_id,
        "started_ms": this.started_ms,
        "ended_ms": this.ended_ms,
        "parent_run_id": this.parent_eid,
        "params": dict(this.params.order_by("key").values_list("key", "value")),
        "tags": dict(this.tags.order_by("key").values_list("key", "value")),
        "metrics": {
            metric.key: summary(metric) for metric in this.metrics.order_by("key")
        },
        "datasets": [
            {
                "name": use.dataset.name,
                "digest": use.dataset.digest,
                "source": use.dataset.source,
            }
            for use in DatasetUse.objects.filter(candidate=this)
            .select_related("dataset")
            .order_by("pk")[:1000]
        ],
        "artifacts": [
            {"path": one.path, "size_bytes": one.size_bytes, "sha256": one.sha256}
            for one in this.artifacts.order_by("folder", "name")[:MAX_FILES]
        ],
    }


def summary(metric: Metric) -> dict[str, Any]:
    known = {
        "first": math.nan if metric.first_is_nan else metric.first_value,
        "last": math.nan if metric.is_nan else metric.value,
        "last_step": metric.step,
        "min": metric.min_value,
        "min_step": metric.min_step,
        "max": metric.max_value,
        "max_step": metric.max_step,
        "mean": metric.mean,
        "count": metric.count,
    }
    return {name: plain(value) for name, value in known.items()}


def plain(value: Any) -> Any:
    """JSON has no NaN and no infinity; they are written as MLflow writes them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def markdown_lines(columns: list[Column], batches: Iterable[Batch]) -> Iterator[str]:
    """A table that reads well in a merge request, a README or a notebook."""
    yield from markdown_head(["#", "name", *(c.full_label for c in columns)])
    for candidates, facts in batches:
        for candidate in candidates:
            values = [facts.value(candidate, column) for column in columns]
            yield markdown_row([str(candidate.iid), candidate.name, *values])


def markdown_head(names: list[str]) -> Iterator[str]:
    yield markdown_row(names)
    yield "|" + "---|" * len(names) + "\n"


def markdown_row(values: Iterable[Any]) -> str:
    return "| " + " | ".join(map(in_cell, values)) + " |\n"


# What Markdown would take for markup, a link or the end of the cell.
MARKUP = re.compile(r"([\\`*_\[\]<>|!#~&])")


def in_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(str(value).split())[:300]
    return MARKUP.sub(r"\\\1", text)


Lines = Callable[[list[Column], Iterable[Batch]], Iterator[str]]
LINES: Mapping[str, Lines] = {
    "csv": csv_lines,
    "json": json_lines,
    "md": markdown_lines,
}
