"""The candidates table as a file: CSV, JSON or Markdown of exactly what is shown, or of all."""

import re
from collections.abc import Iterable, Iterator

from django.http import HttpRequest, HttpResponseBadRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from dashboard import find
from dashboard.table import exports, facts, group_exports, matching
from dashboard.table.columns import Column
from dashboard.table.listing import Listing, listing
from dashboard.table.matching import Found
from tracker import audit
from tracker.models import Experiment, Role, What
from tracker.permits import needs

BATCH = 500
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
}


@needs(Role.READER)
def experiment_file(
    request: HttpRequest, slug: str, iid: int, form: str
) -> HttpResponseBase:
    """The same query as a file: the rows shown or, with `all=1`, every matching one."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    experiment = opened.experiment
    if experiment.is_deleted:
        return find.gone(request, project, experiment)
    given = listing(request, opened)
    if given.found.problem:
        return HttpResponseBadRequest(
            f"The filter cannot be read: {given.found.problem.message}",
            content_type="text/plain; charset=utf-8",
        )
    audit.record_once(What.EXPORTED, project=project, about=experiment, note=form)
    columns = list(given.built.columns)
    if request.GET.get("all") == "1":
        lines = exports.LINES[form](columns, every_batch(given.found, columns))
    elif given.found.grouped:
        lines = group_exports.LINES[form](given)
    else:
        lines = exports.LINES[form](columns, page_batch(given))
    return StreamingHttpResponse(
        lines,
        content_type=KINDS[form],
        headers={
            "Content-Disposition": f'attachment; filename="{file_name(experiment)}.{form}"'
        },
    )


def file_name(experiment: Experiment) -> str:
    """What is left of the name in a header, which holds no quotes and no other alphabet."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", experiment.name)[:100].strip("-.")
    return plain or f"experiment-{experiment.iid}"


def page_batch(given: Listing) -> Iterable[exports.Batch]:
    """The page's rows in its order, the pinned baseline first as it stands there."""
    rows = [row.candidate for row in given.rows() if row.candidate]
    return [(rows, given.built.facts)]


def every_batch(found: Found, columns: list[Column]) -> Iterator[exports.Batch]:
    for candidates in matching.pages(found.search, BATCH):
        yield candidates, facts.gather(candidates, columns)
