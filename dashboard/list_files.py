"""Lists as files, line by line: CSV for spreadsheets, JSON for scripts."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from dashboard.table.exports import Line, guarded, plain

KINDS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


def links(request: HttpRequest) -> dict[str, str]:
    """The addresses of this page as files, with the same choices."""
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return {form: f"{request.path.rstrip('/')}.{form}{query}" for form in KINDS}


def answer(
    name: str, form: str, names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """A download of these rows; none of them waits for the others."""
    lines = csv_lines(names, rows) if form == "csv" else json_lines(names, rows)
    return StreamingHttpResponse(
        lines,
        content_type=KINDS[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )


def csv_lines(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(Line())
    yield "\ufeff" + writer.writerow(names)
    for row in rows:
        yield writer.writerow([guarded(value) for value in row])


def json_lines(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """One array of objects, one to a line."""
    separator = "[\n"
    for row in rows:
        one = dict(zip(names, map(plain, row), strict=True))
        yield separator + json.dumps(one, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator.startswith("[") else "\n]\n"
