"""The list of experiments as a file: what the page shows, all pages of it."""

import csv
import io
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from dashboard import find
from dashboard.exports import guarded, plain
from dashboard.views.experiments import EVERY_VIEW, SORTS, Listed, details, search
from tracker.models import Role
from tracker.permits import needs

MAX_LINES = 5000
NAMES = (
    "id",
    "name",
    "description",
    "candidates",
    "live",
    "failed",
    "metric",
    "best",
    "best_by",
    "last_activity",
)


def values(one: Listed) -> list[Any]:
    return [
        one.experiment.iid,
        one.experiment.name,
        one.note,
        one.candidates,
        one.live,
        one.failed,
        one.column.full_label if one.column else None,
        one.best.value if one.best else None,
        one.best.candidate.iid if one.best else None,
        one.active_at.isoformat() if one.active_at else None,
    ]


@needs(Role.READER)
def experiments_file(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """The same query as the page: search, view and order."""
    project = find.project(request, slug)
    q = request.GET.get("q", "").strip().replace("\0", "")[:500]
    sort = request.GET.get("sort", "")
    view = request.GET.get("view", "")
    found = search(
        project, view=view if view in EVERY_VIEW else "", q=q, user=request.user
    ).order_by(*SORTS.get(sort, SORTS["activity"])[1])
    rows = [values(one) for one in details(project, list(found[:MAX_LINES]))]
    if form == "json":
        content = [dict(zip(NAMES, map(plain, row), strict=True)) for row in rows]
        return JsonResponse(content, safe=False)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(NAMES)
    writer.writerows([guarded(value) for value in row] for row in rows)
    return HttpResponse(
        "\ufeff" + text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{project.slug}-experiments.csv"'
        },
    )
