"""Addresses that lead somewhere else: permanent links, and what the MLflow client prints.

The client prints `<tracking URI>/#/experiments/3/runs/<id>`. No server sees the part
after "#": a script sends it on, and without script there is a form to paste it into.
"""

import re

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from dashboard import find
from tracker import lifecycle
from tracker.models import Candidate, LoggedModel, Project, Role
from tracker.permits import Who, needs

EXPERIMENT = re.compile(r"experiments/(\d{1,18})(?:/|$)")
RUN = re.compile(r"(?:^|/)([0-9a-f]{32})(?:[/?]|$)")
MODEL = re.compile(r"(?:^|/)(m-[0-9a-f]{32})(?:[/?]|$)")


@needs(Role.READER)
def run(request: HttpRequest, eid: str) -> HttpResponse:
    """The permanent link of a candidate or of a logged model, wherever it is now."""
    if MODEL.fullmatch(eid):
        return logged_model(request, eid)
    if not RUN.fullmatch(eid):
        raise Http404
    candidate = (
        Candidate.objects.filter(
            eid=eid, project__in=Project.objects.visible_to(request.user)
        )
        .select_related("project", "experiment")
        .first()
    )
    if candidate is None:
        raise Http404
    if candidate.is_deleted:
        return find.gone(request, candidate.project, candidate)
    return HttpResponseRedirect(
        reverse("candidate", args=[candidate.project.slug, candidate.iid])
    )


def logged_model(request: HttpRequest, eid: str) -> HttpResponse:
    """To the files of the candidate that made it, or else to its experiment."""
    model = (
        LoggedModel.objects.alive()
        .filter(eid=eid, project__in=Project.objects.visible_to(request.user))
        .select_related("project", "experiment")
        .first()
    )
    if model is None:
        raise Http404
    slug = model.project.slug
    maker = (
        Candidate.objects.alive()
        .filter(project=model.project, eid=model.source_run_id)
        .first()
    )
    if maker:
        return HttpResponseRedirect(reverse("artifacts", args=[slug, maker.iid]))
    return HttpResponseRedirect(
        reverse("experiment", args=[slug, model.experiment.iid])
    )


@needs(Who.ANYONE)
def paste(request: HttpRequest) -> HttpResponse:
    """What someone pasted out of a link of the client: where does it lead?"""
    link = request.GET.get("link", "").strip()[:2000]
    if found := (MODEL.search(link) or RUN.search(link)):
        return HttpResponseRedirect(reverse("run", args=[found[1]]))
    if found := EXPERIMENT.search(link):
        slug = request.GET.get("project") or lifecycle.DEFAULT_PROJECT
        project = find.project(request, slug)
        return HttpResponseRedirect(
            reverse("experiment", args=[project.slug, int(found[1])])
        )
    return render(
        request, "dashboard/paste.html", {"link": link}, status=404 if link else 200
    )


# Which page of ours GitLab's pages of model experiments are; numbers are iids there too.
PAGES_OF_GITLAB = {
    "experiments": "experiments",
    "experiments/#": "experiment",
    "candidates/#": "candidate",
    # Models have numbers there that say nothing here.
    "models": "models",
    "models/#": "models",
}


@needs(Role.READER)
def page_of_gitlab(request: HttpRequest, slug: str, page: str) -> HttpResponse:
    """Links into a GitLab project, found in notes and chats, lead on after a move here."""
    project = find.project(request, slug)
    place, number = re.subn(r"(?<=/)\d{1,18}$", "#", page.removesuffix("/"))
    if (name := PAGES_OF_GITLAB.get(place)) is None:
        raise Http404
    takes_number = bool(number) and name != "models"
    iid = [int(page.removesuffix("/").rpartition("/")[2])] if takes_number else []
    return HttpResponseRedirect(reverse(name, args=[project.slug, *iid]))


@needs(Role.READER)
def tracking_uri(request: HttpRequest, project: str) -> HttpResponse:
    """GitLab's form of a tracking URI, opened in a browser."""
    found = find.project(request, find.slug_of(project))
    page = {"project": found, "tracking_page": reverse("project", args=[found.slug])}
    return render(request, "dashboard/tracking_uri.html", page)
