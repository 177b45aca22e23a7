"""A candidate's histories as CSV: every point of one metric, or of all."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

from django.http import (
    Http404,
    HttpRequest,
    StreamingHttpResponse,
)

from dashboard.candidate.curve import named
from dashboard.candidate.head import found
from dashboard.table.exports import guarded
from tracker import audit, curves
from tracker.models import (
    Metric,
    Role,
    What,
)
from tracker.models.candidates import moment
from tracker.permits import needs


class Echo:
    """A file that gives back what is written into it, for streaming."""

    def write(self, line: str) -> str:
        return line


@needs(Role.READER)
def history(request: HttpRequest, slug: str, iid: int) -> Any:
    """Every point of one metric, or of all, as CSV. Streamed: it may be millions."""
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    every = where.candidate.metrics.order_by("pk")
    metrics = list(named(request, where) if "m" in request.GET else every)
    if not metrics and "m" in request.GET:
        raise Http404
    audit.record_once(
        What.EXPORTED,
        project=where.project,
        about=where.candidate,
        note="histories as csv",
    )
    response = StreamingHttpResponse(
        csv_lines(metrics), content_type="text/csv; charset=utf-8"
    )
    name = f"{where.project.slug}-{where.candidate.iid}-metrics.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def csv_lines(metrics: list[Metric]) -> Iterator[str]:
    write: Callable[[list[Any]], str] = csv.writer(Echo()).writerow
    keys = {metric.pk: guarded(metric.key) for metric in metrics}
    yield write(["metric", "step", "timestamp", "time", "value"])
    for pk, step, timestamp, value in curves.every_point(metrics):
        when = moment(timestamp)
        text = when.astimezone(UTC).isoformat() if when else ""
        yield write([keys[pk], step, timestamp, text, repr(value)])
