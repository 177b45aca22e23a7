"""A registered model or a version of it, as its pages find it and what they share."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest
from django.urls import reverse

from dashboard import about, find, prose
from tracker import registry
from tracker.errors import NotFound
from tracker.models import Candidate, ModelVersion, Project, RegisteredModel, Role


class Found(NamedTuple):
    """A model at its address, and its version where the address names one."""

    project: Project
    model: RegisteredModel
    version: ModelVersion | None

    @property
    def address(self) -> list[str | int]:
        number = [self.version.version] if self.version else []
        return [self.project.slug, self.model.name, *number]

    @property
    def url(self) -> str:
        page = "model_version" if self.version else "model"
        return reverse(page, args=self.address)


def found(
    request: HttpRequest, slug: str, name: str, number: int | None = None
) -> Found:
    project = find.project(request, slug)
    if "\0" in name:  # PostgreSQL cannot even look for it
        raise Http404
    try:
        if number is None:
            return Found(project, registry.model(project, name), None)
        version = registry.version(project, name, number)
    except NotFound:
        raise Http404 from None
    return Found(project, version.model, version)


class Pointed(NamedTuple):
    """An alias, and where it points."""

    alias: str
    number: int


def aliases_of(model: RegisteredModel) -> list[Pointed]:
    rows = model.aliases.order_by("alias").values_list("alias", "version__version")
    return [Pointed(*row) for row in rows]


def said(
    request: HttpRequest, where: Found, note: str, tags: dict[str, str]
) -> dict[str, Any]:
    """What the page of a model and that of a version have in common."""
    return {
        "project": where.project,
        "section": "models",
        "model": where.model,
        "may_write": find.may(request, where.project, Role.WRITER),
        "here": where.url,
        "note": prose.html(note, where.project.slug) if note else "",
        "note_text": note,
        "tags": about.own_tags(tags),
        "system_tags": about.system_tags(tags),
    }


def makers_of(
    project: Project, versions: Iterable[ModelVersion]
) -> dict[str, Candidate]:
    """The candidates that versions came from, by eid; a version may name anything."""
    eids = {version.run_id for version in versions if version.run_id}
    rows = Candidate.objects.filter(project=project, eid__in=eids)
    return {one.eid: one for one in rows.select_related("experiment")}
