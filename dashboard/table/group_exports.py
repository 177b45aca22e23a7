"""Groups of candidates as a file: their values, and ± beside each metric."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from dashboard.table.columns import Column
from dashboard.table.exports import Line, guarded, markdown_head, markdown_row, plain
from dashboard.table.group_rows import over, plain_value
from dashboard.table.listing import Listing
from tracker.models import Kind


class GroupLine(NamedTuple):
    """A group as the table shows it: the value of each column, and ± beside metrics."""

    label: str
    n: int
    values: list[Any]


def group_names(columns: Iterable[Column]) -> list[str]:
    names = []
    for column in columns:
        names.append(column.full_label)
        if column.kind == Kind.METRIC:
            names.append(f"{column.full_label} ±")
    return names


def group_lines(given: Listing) -> Iterator[GroupLine]:
    assert given.found.grouped and given.state.grouping
    for group in given.found.grouped.groups:
        values: list[Any] = []
        for column in given.built.columns:
            if column.kind == Kind.METRIC:
                said = over(group, given.built, column)
                values.append(said and said.as_one(given.state.agg))
                values.append(
                    said.half_width if said and given.state.agg == "mean" else None
                )
            else:
                values.append(plain_value(group, given.built, column))
        label = ", ".join(part.words for part in given.group_names[group.name])
        yield GroupLine(label, group.n, values)


def group_csv(given: Listing) -> Iterator[str]:
    writer = csv.writer(Line())
    names = ["group", "candidates", *group_names(given.built.columns)]
    yield "\ufeff" + writer.writerow([guarded(name) for name in names])
    for line in group_lines(given):
        yield writer.writerow(
            [guarded(value) for value in (line.label, line.n, *line.values)]
        )


def group_json(given: Listing) -> Iterator[str]:
    names = []
    for column in given.built.columns:
        names.append(column.address)
        if column.kind == Kind.METRIC:
            names.append(f"{column.address} ±")
    rows = [
        {"group": line.label, "candidates": line.n}
        | {n: plain(v) for n, v in zip(names, line.values, strict=True)}
        for line in group_lines(given)
    ]
    yield json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def group_markdown(given: Listing) -> Iterator[str]:
    yield from markdown_head(["group", "n", *group_names(given.built.columns)])
    for line in group_lines(given):
        yield markdown_row([line.label, line.n, *line.values])


LINES: Mapping[str, Callable[[Listing], Iterator[str]]] = {
    "csv": group_csv,
    "json": group_json,
    "md": group_markdown,
}
