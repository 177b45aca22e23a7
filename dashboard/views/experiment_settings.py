"""An experiment's settings: its name, what it is judged by, how long its candidates may be
silent, and whether the list shows it.
"""

from contextlib import suppress
from copy import copy
from typing import Any, NamedTuple

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from dashboard import find
from dashboard.find import ARCHIVED, NOTE, PRIMARY
from dashboard.forms import ExperimentForm, PatienceForm
from dashboard.table.columns import Catalogue
from tracker import lifecycle, patience
from tracker.errors import NotFound, TrackerError
from tracker.models import Experiment, Role
from tracker.patience import Patience
from tracker.permits import needs

MAX_METRICS = 300  # to choose from
EXAMPLES = (10, 60, 600, 3600)  # seconds between a script's writes


@needs(Role.WRITER, changes=Role.WRITER)
def settings(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """Rename, describe; deleting is one button further."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    if opened.experiment.is_deleted:
        return find.gone(request, project, opened.experiment)
    form = experiment_form(opened, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            change(opened, form)
        except TrackerError as problem:
            form.add_error(None, problem.message)
        else:
            return HttpResponseRedirect(
                reverse("experiment", args=[project.slug, opened.experiment.iid])
            )
    return page(request, opened, form, PatienceForm(instance=opened.experiment))


@needs(changes=Role.WRITER)
def signs_of_life(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """How long candidates may be silent; `defaults` asks for what a new one has."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    if opened.experiment.is_deleted:
        return find.gone(request, project, opened.experiment)
    asked = Patience()._asdict() if "defaults" in request.POST else request.POST
    form = PatienceForm(asked, instance=copy(opened.experiment))
    if form.is_valid():
        try:
            patience.change(opened.experiment, Patience(**form.cleaned_data))
        except TrackerError as problem:
            form.add_error(None, problem.message)
        else:
            messages.success(request, "Saved.")
            address = reverse("experiment_settings", args=[project.slug, iid])
            return HttpResponseRedirect(f"{address}#signs-of-life")
    return page(request, opened, experiment_form(opened), form)


def page(
    request: HttpRequest,
    opened: find.Opened,
    form: ExperimentForm,
    patience_form: PatienceForm,
) -> HttpResponse:
    content = {
        "project": opened.experiment.project,
        "section": "experiments",
        "experiment": opened.experiment,
        "opened": opened,
        "total": opened.total,
        "form": form,
        "patience": patience_form,
        "examples": examples(Patience.of(opened.experiment)),
    }
    status = 422 if form.is_bound or patience_form.is_bound else 200
    return render(request, "dashboard/experiment_settings.html", content, status=status)


def experiment_form(opened: find.Opened, filled: Any = None) -> ExperimentForm:
    experiment = opened.experiment
    begun = {
        "name": experiment.name,
        "description": opened.note,
        "primary": opened.primary,
    }
    keys = Catalogue.of(experiment).metrics_by_weight()[:MAX_METRICS]
    return ExperimentForm(
        experiment.project, filled, but=experiment, metrics=keys, initial=begun
    )


class Example(NamedTuple):
    """What the settings mean for a script that writes so often."""

    every: str
    quiet: str
    stalled: str
    lost: str


def examples(kept: Patience) -> list[Example]:
    return [
        Example(
            words(seconds),
            words(seconds * kept.quiet_factor),
            words(seconds * kept.stalled_factor),
            words(max(seconds * kept.lost_factor, kept.lost_minutes * 60)),
        )
        for seconds in EXAMPLES
    ]


def words(seconds: int) -> str:
    """In the largest unit that leaves a number above one: 90 min are 1.5 h."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{seconds} s"


def change(opened: find.Opened, form: ExperimentForm) -> None:
    name, note = form.cleaned_data["name"], form.cleaned_data["description"]
    with transaction.atomic():
        if name != opened.experiment.name:
            lifecycle.rename_experiment(opened.experiment, name)
        if note != opened.note:
            lifecycle.set_experiment_tag(opened.experiment, NOTE, note)
        set_or_forget(
            opened.experiment, PRIMARY, form.cleaned_data["primary"], opened.primary
        )


def set_or_forget(experiment: Experiment, key: str, value: str, before: str) -> None:
    """A setting that is a tag; the empty text is none."""
    if value == before:
        return
    if value:
        lifecycle.set_experiment_tag(experiment, key, value)
    else:
        with suppress(NotFound):  # somebody was faster
            lifecycle.delete_experiment_tag(experiment, key)


@needs(changes=Role.WRITER)
def archive(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """Out of the list, or back into it; nothing else changes."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    if opened.experiment.is_deleted:
        return find.gone(request, project, opened.experiment)
    before = "true" if opened.is_archived else ""
    wanted = "" if opened.is_archived else "true"
    set_or_forget(opened.experiment, ARCHIVED, wanted, before)
    words = "is in the list again" if opened.is_archived else "is archived"
    messages.success(request, f"{opened.experiment.name} {words}.")
    return HttpResponseRedirect(reverse("experiment", args=[project.slug, iid]))
