"""Whether a candidate on an open page has changed: 204, or the version it has now."""

from django.http import HttpRequest, HttpResponse

from dashboard import find
from dashboard.candidate import following
from dashboard.candidate.head import at
from tracker.models import Role
from tracker.permits import needs


@needs(Role.READER)
def changes(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """`since` is the version that the page shows."""
    project = find.project(request, slug)
    candidate = at(project, iid)
    if candidate.is_deleted:
        return find.gone(request, project, candidate)
    version = following.marks(candidate).version
    if request.GET.get("since") == version:
        return HttpResponse(status=204)
    return HttpResponse(version, content_type="text/plain; charset=utf-8")
