"""One chart of an experiment: figure, picture, and the numbers behind it."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase

from dashboard import find
from dashboard.charts import answers, chart_specs, curve_answers, drawings, frames
from dashboard.charts.chart_specs import Spec
from dashboard.charts.charted import Asked, asked, opened
from dashboard.charts.drawings import lines
from dashboard.charts.drawings.scene import Nothing, who_is_drawn
from dashboard.table.exports import Line, guarded
from tracker import audit
from tracker.errors import Invalid
from tracker.models import Role, What
from tracker.permits import needs


def one_chart(
    request: HttpRequest, slug: str, iid: int
) -> tuple[Asked, Spec] | HttpResponse:
    project, there = opened(request, slug, iid)
    if there.experiment.is_deleted:
        return find.gone(request, project, there.experiment)
    try:
        spec = chart_specs.read(request.GET.get("ch", ""))
    except chart_specs.Unreadable:
        raise Http404 from None
    if spec.kind == "images":  # they are no figure
        raise Http404
    return asked(request, there), spec


def nothing(problem: str) -> dict[str, Any]:
    """An answer that draws nothing and says why."""
    return {
        "figure": {"data": [], "layout": {}},
        "legend": [],
        "notes": [problem],
        "table": [],
        "empty": problem,
    }


def answered(said: Asked, spec: Spec) -> dict[str, Any]:
    try:
        with said.found.search.limited():
            return drawings.answer(said.scene, spec)
    except Nothing as problem:
        return nothing(str(problem))
    except Invalid as problem:  # a regular expression that takes too long
        return nothing(problem.message)


@needs(Role.READER)
def chart(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """`chart.json?ch=…`."""
    asked_for = one_chart(request, slug, iid)
    if isinstance(asked_for, HttpResponse):
        return asked_for
    said, spec = asked_for
    if spec.kind == "line":
        on = lines.sheet(said.scene, spec)
        if on is not None:
            return answers.sheet(request, on, notes=[who_is_drawn(said.scene)])
    return answers.whole(request, answered(said, spec))


@needs(Role.READER)
def chart_svg(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """`chart.svg?ch=…`: the same figure without a script."""
    asked_for = one_chart(request, slug, iid)
    if isinstance(asked_for, HttpResponse):
        return asked_for
    said, spec = asked_for
    found = answered(said, spec)
    return answers.picture(
        found["figure"],
        title=f"{said.experiment.name}: {spec.title}",
        is_dark=request.GET.get("theme") == "dark",
    )


@needs(Role.READER)
def chart_csv(request: HttpRequest, slug: str, iid: int) -> HttpResponseBase:
    """`chart.csv?ch=…`: the numbers behind the figure."""
    asked_for = one_chart(request, slug, iid)
    if isinstance(asked_for, HttpResponse):
        return asked_for
    said, spec = asked_for
    audit.record_once(
        What.EXPORTED,
        project=said.experiment.project,
        about=said.experiment,
        note="chart as csv",
    )
    rows = points(said, spec) if spec.kind == "line" else tables(answered(said, spec))
    answer = StreamingHttpResponse(
        csv_lines(rows), content_type="text/csv; charset=utf-8"
    )
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{said.experiment.name}-{spec.title}")
    answer["Content-Disposition"] = f'attachment; filename="{name[:80]}.csv"'
    return answer


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(Line())
    for number, row in enumerate(rows):
        line: str = writer.writerow([guarded(value) for value in row])
        yield line if number else f"\ufeff{line}"


def tables(found: dict[str, Any]) -> Iterator[Sequence[Any]]:
    for table in found["table"]:
        yield table["columns"]
        yield from table["rows"]


def points(said: Asked, spec: Spec) -> Iterator[Sequence[Any]]:
    """The points that the lines go through."""
    on = lines.sheet(said.scene, spec)
    across = said.scene.options.across
    yield ["candidate", "name", "metric", across or str(on.axis if on else ""), "value"]
    if on is None:
        return
    if on.is_single:
        for member in on.members:
            yield [member.candidate.iid, member.candidate.name, on.first.key,
                   member.metric.step, frames.last_value(member.metric)]  # fmt: skip
        return
    for key, member, curve in curve_answers.curves_of(on):
        for x, y in zip(curve.x, curve.y, strict=True):
            yield [member.candidate.iid, member.candidate.name, key, x, y]
