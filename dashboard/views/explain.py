"""What changed between two candidates."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from dashboard import primary
from dashboard.compare import compared, explaining
from tracker.models import Role
from tracker.permits import needs


@needs(Role.READER)
def explain(request: HttpRequest, slug: str) -> HttpResponse:
    named = [text for text in (request.GET.get("a"), request.GET.get("b")) if text]
    asked = compared.chosen(request, slug, "a", "b")
    if len(asked.candidates) != 2:
        # To the page where candidates are chosen, with those that are there.
        path = reverse("compare", args=[slug])
        return HttpResponseRedirect(f"{path}?{urlencode([('c', n) for n in named])}")
    a, b = asked.candidates
    judged_by = primary.primaries({a.experiment_id, b.experiment_id})
    first = judged_by.get(b.experiment_id)
    page = {
        "project": asked.project,
        "section": "experiments",
        "experiment": b.experiment,
        "a": a,
        "b": b,
        "is_across": a.experiment_id != b.experiment_id,
        "found": explaining.explain(a, b, first.key if first else None),
    }
    return render(request, "dashboard/explain.html", page)
