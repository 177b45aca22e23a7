"""Changes to a candidate: rename, describe, tag, delete, restore. Each a small form."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from dashboard import baselines, find
from dashboard.about import NOTE
from dashboard.candidate_forms import (
    NameForm,
    NoteForm,
    RemovalForm,
    StatusForm,
    TagForm,
    first_error,
)
from tracker import lifecycle, recording
from tracker.errors import TrackerError
from tracker.models import Candidate, Role
from tracker.permits import needs


def writable(request: HttpRequest, slug: str, iid: int) -> Candidate:
    """The candidate at this address, for who may change it."""
    project = find.project(request, slug)
    candidate = get_object_or_404(
        Candidate.objects.select_related("experiment"), project=project, iid=iid
    )
    candidate.project = project
    return candidate


def back(candidate: Candidate, part: str = "") -> HttpResponse:
    path = reverse("candidate", args=[candidate.project.slug, candidate.iid])
    return HttpResponseRedirect(f"{path}#{part}" if part else path)


def carried_out(
    request: HttpRequest, form: forms.Form, change: Callable[[], object]
) -> None:
    """Do it, or tell why not on the page that comes next."""
    if not form.is_valid():
        messages.error(request, first_error(form))
        return
    try:
        change()
    except TrackerError as problem:
        messages.error(request, problem.message)


@needs(changes=Role.WRITER)
def rename(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    candidate = writable(request, slug, iid)
    form = NameForm(request.POST)
    carried_out(
        request,
        form,
        lambda: lifecycle.update_candidate(candidate, name=form.cleaned_data["name"]),
    )
    return back(candidate)


@needs(changes=Role.WRITER)
def describe(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    candidate = writable(request, slug, iid)
    form = NoteForm(request.POST)
    carried_out(
        request,
        form,
        lambda: recording.log_batch(
            candidate, tags={NOTE: form.cleaned_data["note"]}, by_script=False
        ),
    )
    return back(candidate, "notes")


@needs(changes=Role.WRITER)
def tag(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    candidate = writable(request, slug, iid)
    form = TagForm(request.POST)
    carried_out(
        request,
        form,
        lambda: recording.log_batch(
            candidate,
            tags={form.cleaned_data["key"]: form.cleaned_data["value"]},
            by_script=False,
        ),
    )
    return back(candidate, "tags")


@needs(changes=Role.WRITER)
def untag(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    candidate = writable(request, slug, iid)
    form = RemovalForm(request.POST)
    carried_out(
        request,
        form,
        lambda: recording.delete_tag(candidate, form.cleaned_data["key"]),
    )
    return back(candidate, "tags")


@needs(changes=Role.WRITER)
def status(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """What became of a candidate whose script could not say so."""
    candidate = writable(request, slug, iid)
    form = StatusForm(request.POST)
    carried_out(
        request,
        form,
        lambda: lifecycle.mark_candidate(candidate, form.cleaned_data["status"]),
    )
    return back(candidate)


@needs(changes=Role.WRITER)
def baseline(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """Measure the experiment's candidates against this one, or against none."""
    candidate = writable(request, slug, iid)
    form = forms.Form(request.POST)
    if "none" in request.POST:
        carried_out(request, form, lambda: baselines.forget(candidate.experiment))
    else:
        carried_out(request, form, lambda: baselines.choose(candidate))
    return back(candidate)


@needs(changes=Role.WRITER)
def delete(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """To the page of what is deleted, which offers to restore it."""
    candidate = writable(request, slug, iid)
    lifecycle.delete_candidate(candidate)
    return back(candidate)


@needs(changes=Role.WRITER)
def restore(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    candidate = writable(request, slug, iid)
    lifecycle.restore_candidate(candidate)
    return back(candidate)
