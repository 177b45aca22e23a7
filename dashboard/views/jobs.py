"""A job and how far it is: a page of its own, and the part that other pages include.

The part asks for itself again each second until the job has ended; without script its
page loads again by itself.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from tracker import jobs
from tracker.errors import TrackerError
from tracker.models import Job
from tracker.permits import Who, needs


@needs(Who.SIGNED_IN)
@never_cache
def job(request: HttpRequest, pk: int) -> HttpResponse:
    page = {"job": visible(request, pk)}
    part = request.headers.get("HX-Request") == "true"
    template = "dashboard/_job.html" if part else "dashboard/job.html"
    return render(request, template, page)


@needs(changes=Who.SIGNED_IN)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible(request, pk)
    try:
        jobs.retry(found)
    except TrackerError as problem:
        messages.error(request, problem.message)
    return HttpResponseRedirect(reverse("job", args=[found.pk]))


def visible(request: HttpRequest, pk: int) -> Job:
    return get_object_or_404(
        Job.objects.visible_to(request.user).select_related("project"), pk=pk
    )
