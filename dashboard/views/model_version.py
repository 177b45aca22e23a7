"""A version of a registered model: what it came from, and its files."""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from artifacts import downloads, paths
from artifacts.models import Artifact, Owner
from dashboard import about, directions, snippets
from dashboard.candidate import results
from dashboard.registered import Found, aliases_of, found, makers_of, said
from tracker.errors import Invalid, NotFound, Unavailable
from tracker.models import Candidate, Project, Role
from tracker.permits import needs

MAX_FILES = 50
MAX_METRICS = 8
MAX_PARAMS = 12


class Movable(NamedTuple):
    """An alias of another version, which may come here."""

    alias: str
    number: int
    words: str


class Measured(NamedTuple):
    key: str
    value: float | None
    aggregate: str


@needs(Role.READER)
def version(request: HttpRequest, slug: str, name: str, number: int) -> HttpResponse:
    where = found(request, slug, name, number)
    this = where.version
    assert this
    tags = dict(this.tags.values_list("key", "value"))
    aliases = aliases_of(where.model)
    maker = makers_of(where.project, [this]).get(this.run_id)
    place = place_of(where)
    files = files_of(where, place) if place else []
    context = said(request, where, this.description, tags) | {
        "version": this,
        "aliases": [one for one in aliases if one.number == this.version],
        "movable": [
            Movable(*one, f"v{one.number} → v{this.version}")
            for one in aliases
            if one.number != this.version
        ],
        "maker": maker,
        "files": files[:MAX_FILES],
        "has_more_files": len(files) > MAX_FILES,
        "uri": stored_at(place) if place else this.files_uri or this.source,
        "link": about.safe_url(this.run_link),
        "python": code_to_load(request, where),
        "page_files": {"json": reverse("version_json", args=where.address)},
    }
    if maker:
        params = list(maker.params.order_by("key")[: MAX_PARAMS + 1])
        context |= {
            "metrics": measured(maker),
            "params": params[:MAX_PARAMS],
            "has_more_params": len(params) > MAX_PARAMS,
        }
    return render(request, "dashboard/model_version.html", context)


def measured(candidate: Candidate) -> list[Measured]:
    """The metrics that matter most by their names, each in one number."""
    metrics = {one.key: one for one in candidate.metrics.order_by("key")[:1000]}
    shown = []
    for key in results.ordered_keys(metrics.values(), None)[:MAX_METRICS]:
        towards = directions.direction(key)
        value = results.value_of(metrics[key], towards).number
        shown.append(Measured(key, value, results.AGGREGATES[towards]))
    return shown


class File(NamedTuple):
    path: str
    size_bytes: int
    url: str


def files_of(where: Found, place: paths.Place) -> Sequence[File]:
    """What this server keeps of the version: one more than a page shows."""
    start = len(place.path) + 1 if place.path else 0
    rows = Artifact.objects.of(place.owner).below(place.path)
    shown = []
    for one in rows.order_by("folder", "name")[: MAX_FILES + 1]:
        inside = one.path[start:]
        url = reverse("version_file", args=[*where.address, inside])
        shown.append(File(inside, one.size_bytes, url))
    return shown


def place_of(where: Found) -> paths.Place | None:
    """The folder of a candidate or logged model; None where the files are elsewhere."""
    assert where.version
    uri = where.version.files_uri or where.version.source
    scheme, colon, path = uri.partition(":")
    path = path.lstrip("/")
    if scheme == "runs":
        run, _, inside = path.partition("/")
        path = f"{run}/artifacts/{inside}" if inside else f"{run}/artifacts"
    elif scheme != "mlflow-artifacts" or not colon:
        return None
    with suppress(Invalid, NotFound):
        place = paths.place(where.project, path)
        owner: Owner = place.owner
        if not isinstance(owner, Project) and not owner.is_deleted:
            return place
    return None


def stored_at(place: paths.Place) -> str:
    assert not isinstance(place.owner, Project)
    home = place.owner.artifact_uri
    return f"{home}/{place.path}" if place.path else home


@needs(Role.READER)
def raw(
    request: HttpRequest, slug: str, name: str, number: int, path: str
) -> HttpResponseBase:
    """A file of the version, to keep."""
    where = found(request, slug, name, number)
    place = place_of(where)
    if place is None or "\0" in path:
        raise Http404
    place = place.below(path)
    file = Artifact.objects.of(place.owner).at(place.path).first()
    if file is None:
        raise Http404
    try:
        return downloads.content(request, file, inline=False)
    except NotFound:
        raise Http404 from None
    except Unavailable as problem:
        return HttpResponse(
            problem.message, status=503, content_type="text/plain; charset=utf-8"
        )


def code_to_load(request: HttpRequest, where: Found) -> snippets.Code:
    assert where.version
    uri = snippets.tracking_uri(request, where.project)
    address = snippets.quoted(f"models:/{where.model.name}/{where.version.version}")
    return snippets.Code(
        "python",
        f'import mlflow\n\nmlflow.set_tracking_uri("{uri}")\n'
        f"model = mlflow.pyfunc.load_model({address})",
    )
