"""Changes to a candidate: rename, describe, tag, delete, restore. Each a small form."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from dashboard import find, toast
from dashboard.about import NOTE
from dashboard.candidate.forms import (
    MoveForm,
    NameForm,
    NoteForm,
    RemovalForm,
    StatusForm,
    TagForm,
    first_error,
)
from dashboard.table import baselines
from tracker import bulk, lifecycle, many, recording
from tracker.errors import Conflict, TrackerError
from tracker.models import Action, Candidate, Experiment, Role
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
def lock(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """From now on nothing about it changes, until it is unlocked."""
    candidate = writable(request, slug, iid)
    if "unlock" in request.POST:
        many.unlock([candidate.pk])
    elif not candidate.is_locked and not many.lock([candidate.pk]):
        messages.error(request, "It is still running. What has ended can be locked.")
    return back(candidate)


MAX_TARGETS = 500


@needs(Role.WRITER, changes=Role.WRITER)
def move(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """To another experiment of the project; number, links and files stay."""
    candidate = writable(request, slug, iid)
    if request.method == "POST":
        arguments = {"to": request.POST.get("to", "")}
        carried_out(request, MoveForm(arguments), lambda: moved(request, candidate))
        return back(candidate)
    targets = Experiment.objects.alive().filter(project=candidate.project)
    page = {
        "project": candidate.project,
        "section": "experiments",
        "experiment": candidate.experiment,
        "candidate": candidate,
        "targets": targets.exclude(pk=candidate.experiment_id).order_by("name")[
            :MAX_TARGETS
        ],
    }
    return render(request, "dashboard/move_candidate.html", page)


def moved(request: HttpRequest, candidate: Candidate) -> None:
    to = int(request.POST["to"])
    action, _ = bulk.start(
        Action.Verb.MOVE,
        candidate.project,
        [candidate.pk],
        asked_by=request.user if request.user.is_authenticated else None,
        arguments={"to": to},
    )
    if candidate.is_locked:
        raise Conflict(f"#{candidate.iid} is locked, so it stays where it is.")
    toast.undoable(request, f"#{candidate.iid} has moved.", action)


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
