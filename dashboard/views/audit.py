"""Who did what: in a project, for its owners, and on the whole server, for administrators."""

from typing import Any

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render

from dashboard import events, find
from dashboard.events import ACCOUNTS, OF_PROJECTS, EventsForm
from dashboard.views.experiment_files import KINDS
from tracker import audit
from tracker.models import AuditEvent, Role, What
from tracker.models.audit import AuditEventQuerySet
from tracker.permits import Who, needs


@needs(Role.OWNER)
def project_history(request: HttpRequest, slug: str) -> HttpResponse:
    project = find.project(request, slug)
    form = EventsForm(request.GET, groups=OF_PROJECTS)
    content = listed(request, form, AuditEvent.objects.of(project)) | {
        "project": project,
        "section": "settings",
        "tab": "history",
        "may_own": True,
    }
    return render(request, "settings/history.html", content)


@needs(Role.OWNER)
def project_history_file(
    request: HttpRequest, slug: str, form: str
) -> HttpResponseBase:
    project = find.project(request, slug)
    asked = EventsForm(request.GET, groups=OF_PROJECTS)
    if asked.is_valid():
        audit.record_once(
            What.EXPORTED, project=project, about=project, note=f"history as {form}"
        )
    return sent(asked, AuditEvent.objects.of(project), form, f"{slug}-history")


@needs(Who.ADMIN)
def server_history(request: HttpRequest) -> HttpResponse:
    """Of every project, and what belongs to none: accounts and sign-ins."""
    form = EventsForm(request.GET, groups=(ACCOUNTS, *OF_PROJECTS))
    content = listed(request, form, AuditEvent.objects.all())
    content |= {"section": "history", "of_server": True}
    return render(request, "dashboard/server_history.html", content)


@needs(Who.ADMIN)
def server_history_file(request: HttpRequest, form: str) -> HttpResponseBase:
    asked = EventsForm(request.GET, groups=(ACCOUNTS, *OF_PROJECTS))
    return sent(asked, AuditEvent.objects.all(), form, "server-history")


def listed(
    request: HttpRequest, form: EventsForm, rows: AuditEventQuerySet
) -> dict[str, Any]:
    return {
        "form": form,
        "events": events.page(request, events.chosen(form, rows)),
        "days": settings.AUDIT_DAYS,
    }


def sent(
    asked: EventsForm, rows: AuditEventQuerySet, form: str, name: str
) -> HttpResponseBase:
    """All that the form asks for, as it comes from the database."""
    if not asked.is_valid():
        return HttpResponseBadRequest(
            "The filter cannot be read. Dates are written 2026-01-31.",
            content_type="text/plain; charset=utf-8",
        )
    return StreamingHttpResponse(
        events.LINES[form](events.chosen(asked, rows)),
        content_type=KINDS[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )
