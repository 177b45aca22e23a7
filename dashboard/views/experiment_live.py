"""What changed on an open table or its charts: 204 for nothing; rows as they are now."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard import find
from dashboard.table import live
from dashboard.table.listing import listing
from tracker.models import Role
from tracker.permits import needs


@needs(Role.READER)
def changed(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """For pages that are drawn anew: whether to, and nothing of what."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    if opened.experiment.is_deleted:
        return find.gone(request, project, opened.experiment)
    version = live.version(opened)
    if request.GET.get("since") == version:
        return HttpResponse(status=204)
    return HttpResponse(version, content_type="text/plain; charset=utf-8")


@needs(Role.READER)
def changes(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """`since` is the version that the page knows."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    if opened.experiment.is_deleted:
        return find.gone(request, project, opened.experiment)
    version = live.version(opened)
    if request.GET.get("since") == version:
        return HttpResponse(status=204)
    given = listing(request, opened)
    page = {
        "project": project,
        "rows": given.rows(),
        "total": opened.total,
        "live": opened.live,
        "version": version,
    }
    return render(request, "dashboard/_changes.html", page)
