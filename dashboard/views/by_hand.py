"""A candidate that no script has logged: entered by hand, or pasted from elsewhere."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from artifacts import ingest, paths
from dashboard import find
from dashboard.about import NOTE
from dashboard.candidate import pasted
from tracker import recording
from tracker.errors import TrackerError
from tracker.lifecycle import create_candidate, now_ms, update_candidate
from tracker.models import Candidate, Experiment, Role, Status
from tracker.permits import needs
from tracker.transactions import atomically

MAX_FILES = 20
SOURCE = "source"


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Django's own field takes one file; the page may send several."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(ManyFilesField, self).clean(file, initial) for file in files]


class ByHandForm(forms.Form):
    name = forms.CharField(max_length=500, required=False)
    status = forms.TypedChoiceField(
        choices=[(s.value, s.label) for s in Status if s is not Status.RUNNING],
        coerce=Status,
        initial=Status.FINISHED,
    )
    params = forms.CharField(
        label="Parameters",
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "placeholder": "lr = 0.01\nmodel = r50"}
        ),
    )
    metrics = forms.CharField(
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "placeholder": "val/acc = 0.93\nloss, 0.2, 100"}
        ),
    )
    note = forms.CharField(
        label="Note, in Markdown",
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    uploads = ManyFilesField(label="Files", required=False, allow_empty_file=True)

    def clean_params(self) -> Any:
        return self.read(pasted.params, "params")

    def clean_metrics(self) -> Any:
        return self.read(pasted.metrics, "metrics")

    def read(self, reader: Callable[[str], Any], name: str) -> Any:
        try:
            return reader(self.cleaned_data[name])
        except TrackerError as problem:
            raise forms.ValidationError(problem.message) from None


@needs(Role.WRITER, changes=Role.WRITER)
def new_candidate(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    project = find.project(request, slug, needs=Role.WRITER)
    there = find.experiment(project, iid)
    if there.experiment.is_deleted:
        return find.gone(request, project, there.experiment)
    form = ByHandForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = enter(there.experiment, form.cleaned_data, str(request.user))
        except TrackerError as problem:
            form.add_error(None, problem.message)
        else:
            keep_files(request, made, request.FILES.getlist("uploads"))
            return HttpResponseRedirect(
                reverse("candidate", args=[project.slug, made.iid])
            )
    page = {
        "project": project,
        "section": "experiments",
        "experiment": there.experiment,
        "form": form,
    }
    status = 400 if form.errors else 200
    return render(request, "dashboard/new_candidate.html", page, status=status)


@atomically
def enter(experiment: Experiment, said: dict[str, Any], user: str) -> Candidate:
    """The candidate with all that was entered, or nothing of it."""
    now = now_ms()
    tags = {SOURCE: "manual", "mlflow.user": user}
    if said["note"]:
        tags[NOTE] = said["note"]
    made = create_candidate(
        experiment, name=said["name"], user_id=user, started_ms=now, tags=tags
    )
    recording.log_batch(
        made,
        params=said["params"],
        metrics=[
            recording.Point(value.key, value.value, now, value.step)
            for value in said["metrics"]
        ],
        by_script=False,
    )
    return update_candidate(made, status=said["status"], ended_ms=now)


def keep_files(
    request: HttpRequest, made: Candidate, files: "Iterable[UploadedFile[Any]]"
) -> None:
    """Beside the candidate, which stands by itself: a file that fails is said."""
    for file in list(files)[:MAX_FILES]:
        try:
            path = paths.clean(file.name or "file")
            ingest.receive(
                paths.Place(made, path), file.chunks(), size_bytes=file.size or 0
            )
        except TrackerError as problem:
            messages.error(request, f"{file.name}: {problem.message}")
