"""Where a candidate's files lie: among its own, or in a model that it has logged.

MLflow 3 keeps the files of a logged model beside those of its run. On pages they are
folders of the candidate that made it, named as MLflow names them: `models:/<id>`.
"""

from typing import NamedTuple
from urllib.parse import quote

from django.db.models import Count, QuerySet, Sum
from django.http import Http404
from django.urls import reverse

from artifacts.models import Artifact, Owner
from dashboard.candidate.head import Found
from tracker.models import Candidate, LoggedModel

MAX_MODELS = 100


class Shelf(NamedTuple):
    """One place with files, and the addresses of what lies there."""

    where: Found
    model: LoggedModel | None = None

    @property
    def owner(self) -> Owner:
        return self.model or self.where.candidate

    @property
    def place(self) -> list[str | int]:
        start: list[str | int] = [self.where.project.slug, self.where.candidate.iid]
        return [*start, self.model.eid] if self.model else start

    @property
    def root(self) -> str:
        return reverse("model_files" if self.model else "artifacts", args=self.place)

    def address(self, path: str) -> str:
        if not path:
            return self.root
        name = "model_file" if self.model else "artifact"
        return reverse(name, args=[*self.place, path])

    def raw(self, artifact: Artifact, form: str = "") -> str:
        name = "raw_model_file" if self.model else "raw"
        url = reverse(name, args=[*self.place, artifact.path])
        return f"{url}?as={quote(form)}" if form else url


def shelf(where: Found, eid: str = "") -> Shelf:
    """Raises Http404 for a model that this candidate has not logged."""
    if not eid:
        return Shelf(where)
    model = logged(where.candidate).filter(eid=eid).first() if "\0" not in eid else None
    if model is None:
        raise Http404
    return Shelf(where, model)


def logged(candidate: Candidate) -> QuerySet[LoggedModel]:
    return LoggedModel.objects.alive().filter(
        project=candidate.project_id, source_run_id=candidate.eid
    )


class Kept(NamedTuple):
    """A logged model among the folders."""

    name: str
    url: str
    files: int
    size_bytes: int


def models(where: Found) -> list[Kept]:
    """One query."""
    rows = (
        logged(where.candidate)
        .annotate(files=Count("artifacts"), size_bytes=Sum("artifacts__size_bytes"))
        .order_by("name", "created_ms", "eid")[:MAX_MODELS]
    )
    return [
        Kept(row.name, Shelf(where, row).root, row.files, row.size_bytes or 0)
        for row in rows
    ]
