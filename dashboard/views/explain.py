"""What changed between two candidates."""

from typing import NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from dashboard import primary
from dashboard.compare import compared, explaining
from dashboard.compare.explaining import Explained
from dashboard.list_files import KINDS
from tracker.models import Candidate, Project, Role
from tracker.permits import needs


class Asked(NamedTuple):
    """Two candidates, and what changed from one to the other."""

    project: Project
    a: Candidate
    b: Candidate
    found: Explained


@needs(Role.READER)
def explain(request: HttpRequest, slug: str) -> HttpResponse:
    asked = asked_changes(request, slug)
    if isinstance(asked, HttpResponseRedirect):
        return asked
    query = urlencode({"a": asked.a.iid, "b": asked.b.iid})
    page = asked._asdict() | {
        "section": "experiments",
        "experiment": asked.b.experiment,
        "is_across": asked.a.experiment_id != asked.b.experiment_id,
        "files": {
            form: f"{reverse(f'explain_{form}', args=[slug])}?{query}" for form in KINDS
        },
    }
    return render(request, "dashboard/explain.html", page)


def asked_changes(request: HttpRequest, slug: str) -> Asked | HttpResponseRedirect:
    """Where they are not two: to the page where candidates are chosen, with those there."""
    named = [text for text in (request.GET.get("a"), request.GET.get("b")) if text]
    asked = compared.chosen(request, slug, "a", "b")
    if len(asked.candidates) != 2:
        path = reverse("compare", args=[slug])
        return HttpResponseRedirect(f"{path}?{urlencode([('c', n) for n in named])}")
    a, b = asked.candidates
    judged_by = primary.primaries({a.experiment_id, b.experiment_id})
    first = judged_by.get(b.experiment_id)
    found = explaining.explain(a, b, first.key if first else None)
    return Asked(asked.project, a, b, found)
