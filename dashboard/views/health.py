"""The operators' health page: what waits, what failed, what is stored, who works."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from artifacts import checking, inspection
from artifacts.models import Artifact
from dashboard import operations
from tracker import jobs
from tracker.errors import Conflict
from tracker.models import Job
from tracker.permits import Who, needs

T = TypeVar("T")
AT_ONCE = 1000


@needs(Who.ADMIN, changes=Who.ADMIN)
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return change(request, request.POST.get("do", ""))
    found = operations.health()
    page = {
        "health": found,
        "waiting": sum(queue.waiting for queue in found.queues),
        "section": "health",
    }
    return render(request, "dashboard/health.html", page)


@needs(Who.ADMIN)
@never_cache
def health_json(request: HttpRequest) -> HttpResponse:
    return JsonResponse(operations.as_facts(operations.health()))


def change(request: HttpRequest, what: str) -> HttpResponse:
    if what == "check":
        checking.begin()
        messages.success(request, "The files are being checked.")
    elif what == "files":
        failed = Artifact.objects.filter(state=Artifact.State.FAILED)
        number = tried(inspection.look_again, failed.exclude(project=None)[:AT_ONCE])
        messages.success(request, f"{number:,} files are looked at again.")
    elif what == "jobs":
        failed_jobs = Job.objects.filter(state=Job.State.FAILED)
        number = tried(jobs.retry, failed_jobs[:AT_ONCE])
        messages.success(request, f"{number:,} jobs are tried again.")
    else:
        messages.error(request, "There is nothing of that name to do here.")
    return HttpResponseRedirect(reverse("health"))


def tried(again: Callable[[T], None], things: Iterable[T]) -> int:
    """How many were waiting to be tried again; the others are under way already."""
    number = 0
    for thing in things:
        try:
            again(thing)
        except Conflict:
            continue
        number += 1
    return number
