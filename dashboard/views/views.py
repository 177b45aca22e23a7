"""Saved views of a table: save, change, delete, choose which one opens first."""

import itertools
from contextlib import suppress

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from dashboard import find
from dashboard.candidate.forms import first_error
from dashboard.find import DEFAULT_VIEW
from dashboard.table.state import EVERYTHING, KEPT
from dashboard.toast import with_undo
from tracker import lifecycle
from tracker.errors import NotFound
from tracker.models import Experiment, Role, SavedView
from tracker.permits import needs

MAX_VIEWS = 200  # that one person has or is offered in an experiment
MAX_QUERY_CHARS = 20_000


class ViewForm(forms.Form):
    name = forms.CharField(max_length=100)
    description = forms.CharField(max_length=500, required=False)
    scope = forms.ChoiceField(choices=SavedView.Scope.choices)
    query = forms.CharField(max_length=MAX_QUERY_CHARS, required=False)


def kept(text: str) -> str:
    """Of an address, what a view keeps."""
    query = QueryDict(mutable=True)
    for name, values in QueryDict(text[:MAX_QUERY_CHARS]).lists():
        if name in KEPT:
            query.setlist(name, values)
    return query.urlencode(safe=":/,~")


def opened(request: HttpRequest, slug: str, iid: int) -> Experiment:
    project = find.project(request, slug)
    return find.experiment(project, iid).experiment


def back(experiment: Experiment, view: str = "") -> HttpResponse:
    path = reverse("experiment", args=[experiment.project.slug, experiment.iid])
    return HttpResponseRedirect(f"{path}?view={view}" if view else path)


def changeable(
    request: HttpRequest, experiment: Experiment, slug: str, *, is_deleted: bool = False
) -> SavedView:
    """One's own; what belongs to the team, for whoever may write."""
    view = get_object_or_404(
        SavedView.objects.filter(deleted_at__isnull=not is_deleted),
        experiment=experiment,
        slug=slug,
    )
    is_mine = view.owner_id == find.person(request).pk
    is_team = view.scope == SavedView.Scope.TEAM
    if not is_mine and not (
        is_team and find.may(request, experiment.project, Role.WRITER)
    ):
        raise PermissionDenied(
            "This view belongs to somebody else. Save it as your own."
        )
    return view


@needs(changes=Role.READER)
def create(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    experiment = opened(request, slug, iid)
    form = ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return back(experiment)
    if form.cleaned_data["scope"] == SavedView.Scope.TEAM:
        find.allow(request, experiment.project, Role.WRITER)
    if SavedView.objects.counting_for(find.person(request), experiment) >= MAX_VIEWS:
        messages.error(
            request,
            f"You have {MAX_VIEWS} views of this experiment, with the team's and those"
            " deleted in the last weeks. Change one instead.",
        )
        return back(experiment)
    view = saved(
        SavedView(
            experiment=experiment,
            owner=find.person(request),
            name=form.cleaned_data["name"],
            description=form.cleaned_data["description"],
            scope=form.cleaned_data["scope"],
            query=kept(form.cleaned_data["query"]),
        )
    )
    return back(experiment, view.slug)


def saved(view: SavedView) -> SavedView:
    """With an address of its own: the name, and a number where it is taken."""
    stem = slugify(view.name)[:80] or "view"
    alike = SavedView.objects.filter(
        Q(slug=stem) | Q(slug__startswith=f"{stem}-"), experiment=view.experiment
    )
    for number in itertools.count(alike.count() + 1):
        view.slug = stem if number == 1 and stem != EVERYTHING else f"{stem}-{number}"
        try:
            with transaction.atomic():
                view.save(force_insert=True)
        except IntegrityError:
            continue
        break
    return view


@needs(changes=Role.READER)
def save(request: HttpRequest, slug: str, iid: int, view: str) -> HttpResponse:
    experiment = opened(request, slug, iid)
    found = changeable(request, experiment, view)
    found.query = kept(request.POST.get("query", ""))
    found.save(update_fields=["query", "updated_at"])
    return back(experiment, found.slug)


@needs(changes=Role.READER)
def delete(request: HttpRequest, slug: str, iid: int, view: str) -> HttpResponse:
    experiment = opened(request, slug, iid)
    found = changeable(request, experiment, view)
    found.deleted_at = timezone.now()
    found.save(update_fields=["deleted_at"])
    with_undo(
        request,
        f"The view “{found.name}” is deleted. Links to it go on working for now.",
        reverse("restore_view", args=[slug, iid, view]),
    )
    return back(experiment)


@needs(changes=Role.READER)
def restore(request: HttpRequest, slug: str, iid: int, view: str) -> HttpResponse:
    experiment = opened(request, slug, iid)
    found = changeable(request, experiment, view, is_deleted=True)
    found.deleted_at = None
    found.save(update_fields=["deleted_at"])
    return back(experiment, found.slug)


@needs(changes=Role.WRITER)
def default(request: HttpRequest, slug: str, iid: int, view: str) -> HttpResponse:
    """Which of the team's views opens first, for everyone."""
    project = find.project(request, slug, needs=Role.WRITER)
    experiment = find.experiment(project, iid).experiment
    found = get_object_or_404(
        SavedView.objects.alive(),
        experiment=experiment,
        slug=view,
        scope=SavedView.Scope.TEAM,
    )
    if request.POST.get("off"):
        with suppress(NotFound):  # somebody was faster
            lifecycle.delete_experiment_tag(experiment, DEFAULT_VIEW)
    else:
        lifecycle.set_experiment_tag(experiment, DEFAULT_VIEW, found.slug)
    return back(experiment, found.slug)
