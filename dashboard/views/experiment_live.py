"""What changed on an open table or its charts: 204 for nothing; rows as they are now."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard import find
from dashboard.find import Opened
from dashboard.table import live
from dashboard.table.listing import listing
from tracker.models import Project, Role
from tracker.permits import needs


class News(NamedTuple):
    """An experiment that is not as the page knows it."""

    project: Project
    opened: Opened
    version: str


@needs(Role.READER)
def changed(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """For pages that are drawn anew: whether to, and nothing of what."""
    news = asked(request, slug, iid)
    if isinstance(news, HttpResponse):
        return news
    return HttpResponse(news.version, content_type="text/plain; charset=utf-8")


@needs(Role.READER)
def changes(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    news = asked(request, slug, iid)
    if isinstance(news, HttpResponse):
        return news
    page = {
        "project": news.project,
        "rows": listing(request, news.opened).rows(),
        "total": news.opened.total,
        "live": news.opened.live,
        "version": news.version,
    }
    return render(request, "dashboard/_changes.html", page)


def asked(request: HttpRequest, slug: str, iid: int) -> News | HttpResponse:
    """`since` is the version that the page knows. The answer where there is no news."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    if opened.experiment.is_deleted:
        return find.gone(request, project, opened.experiment)
    version = live.version(opened)
    if request.GET.get("since") == version:
        return HttpResponse(status=204)
    return News(project, opened, version)
