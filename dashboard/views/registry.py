"""The model registry: the models of a project, one with its versions, and a version."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse

from artifacts import downloads, paths
from artifacts.models import Artifact, Owner
from dashboard import about, directions, find, primary, prose, snippets
from dashboard.candidate import results
from dashboard.candidate.forms import RemovalForm, TagForm
from dashboard.registry_forms import AliasForm, DescriptionForm
from dashboard.views.changes import carried_out
from tracker import registry
from tracker.errors import Invalid, NotFound, Unavailable
from tracker.models import (
    Alias,
    Candidate,
    ModelVersion,
    Project,
    RegisteredModel,
    RegisteredModelTag,
    Role,
)
from tracker.models.candidates import moment
from tracker.permits import needs
from tracker.search.registry import no_prompts

PAGE_SIZE = 100
MAX_LINES = 5000  # of the file
MAX_FILES = 50
MAX_METRICS = 8
MAX_PARAMS = 12
SORTS = {
    "updated": ("Last updated", ["-updated_ms", "name"]),
    "name": ("Name", ["name"]),
}

# ---------------------------------------------------------------- the list


class Pointed(NamedTuple):
    """An alias, and where it points."""

    alias: str
    number: int


class Listed(NamedTuple):
    """A model as a line of the list shows it."""

    model: RegisteredModel
    note: str
    versions: int
    newest: ModelVersion | None
    aliases: list[Pointed]
    brief: primary.Brief | None  # of the candidate that the newest version came from


@needs(Role.READER)
def models(request: HttpRequest, slug: str) -> HttpResponse:
    project = find.project(request, slug)
    q = asked_text(request)
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "updated"
    found = search(project, q).order_by(*SORTS[sort][1])
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "project": project,
        "section": "models",
        "q": q,
        "sort": sort,
        "sorts": [(name, label) for name, (label, _) in SORTS.items()],
        "page": page,
        "lines": listed(project, page.object_list),
    }
    if not q and not context["lines"]:
        context["snippet"] = code_to_register(request, project)
    return render(request, "dashboard/models.html", context)


@needs(Role.READER)
def models_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The same list, all pages of it."""
    project = find.project(request, slug)
    sort = request.GET.get("sort", "")
    order = SORTS[sort if sort in SORTS else "updated"][1]
    found = search(project, asked_text(request)).order_by(*order)
    content = [
        {
            "name": one.model.name,
            "description": one.note,
            "versions": one.versions,
            "latest_version": one.newest.version if one.newest else None,
            "aliases": {pointed.alias: pointed.number for pointed in one.aliases},
            "candidate": one.brief.candidate.iid if one.brief else None,
            "created": written(one.model.created_ms),
            "updated": written(one.model.updated_ms),
        }
        for one in listed(project, found[:MAX_LINES])
    ]
    return JsonResponse(content, safe=False)


def asked_text(request: HttpRequest) -> str:
    return request.GET.get("q", "").strip().replace("\0", "")[:500]


def written(milliseconds: int) -> str | None:
    when = moment(milliseconds)
    return when.isoformat() if when else None


def search(project: Project, q: str) -> QuerySet[RegisteredModel]:
    """Those whose name, description, alias or tag holds the text."""
    found = RegisteredModel.objects.filter(no_prompts(), project=project)
    if q:
        tagged = RegisteredModelTag.objects.filter(
            model=OuterRef("pk"), value__icontains=q
        )
        named = Alias.objects.filter(model=OuterRef("pk"), alias__icontains=q)
        holds = Q(name__icontains=q) | Q(description__icontains=q)
        found = found.filter(holds | Exists(tagged) | Exists(named))
    versions = ModelVersion.objects.filter(model=OuterRef("pk"))
    return found.annotate(
        version_count=find.number_of(versions, by="model"),
        newest_pk=Subquery(versions.order_by("-version").values("pk")[:1]),
    )


def listed(project: Project, rows: Iterable[RegisteredModel]) -> list[Listed]:
    """What the list shows beside the names: five queries for any number."""
    rows = list(rows)
    kept = {row.pk: vars(row) for row in rows}  # annotations, which no type knows of
    newest = {
        one.model_id: one
        for one in ModelVersion.objects.filter(
            pk__in=[values["newest_pk"] for values in kept.values()]
        )
    }
    aliases: dict[int, list[Pointed]] = {}
    for model, alias, number in (
        Alias.objects.filter(model__in=kept)
        .order_by("alias")
        .values_list("model_id", "alias", "version__version")
    ):
        aliases.setdefault(model, []).append(Pointed(alias, number))
    makers = makers_of(project, newest.values())
    briefs = {
        brief.candidate.eid: brief for brief in primary.briefs(list(makers.values()))
    }
    return [
        Listed(
            model=row,
            note=prose.first_line(row.description),
            versions=kept[row.pk]["version_count"],
            newest=(one := newest.get(row.pk)),
            aliases=aliases.get(row.pk, []),
            brief=briefs.get(one.run_id) if one else None,
        )
        for row in rows
    ]


def makers_of(
    project: Project, versions: Iterable[ModelVersion]
) -> dict[str, Candidate]:
    """The candidates that versions came from, by eid; a version may name anything."""
    eids = {version.run_id for version in versions if version.run_id}
    rows = Candidate.objects.filter(project=project, eid__in=eids)
    return {one.eid: one for one in rows.select_related("experiment")}


def code_to_register(
    request: HttpRequest, project: Project, name: str = "my-model"
) -> snippets.Code:
    uri = snippets.tracking_uri(request, project)
    return snippets.Code(
        "python",
        f'import mlflow\n\nmlflow.set_tracking_uri("{uri}")\n'
        f'mlflow.register_model("runs:/RUN_ID/model", {snippets.quoted(name)})',
    )


# ---------------------------------------------------------------- a model


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


class Row(NamedTuple):
    """A version as the table shows it."""

    version: ModelVersion
    note: str
    aliases: list[str]
    maker: Candidate | None


@needs(Role.READER)
def model(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    where = found(request, slug, name)
    this = where.model
    versions = this.versions.order_by("-version")
    page = Paginator(versions, PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    aliases = aliases_of(this)
    by_number: dict[int, list[str]] = {}
    for pointed in aliases:
        by_number.setdefault(pointed.number, []).append(pointed.alias)
    makers = makers_of(where.project, shown)
    tags = dict(this.tags.values_list("key", "value"))
    context = said(request, where, this.description, tags) | {
        "aliases": aliases,
        "page": page,
        "rows": [
            Row(
                one,
                prose.first_line(one.description),
                by_number.get(one.version, []),
                makers.get(one.run_id),
            )
            for one in shown
        ],
    }
    if not shown:
        context["snippet"] = code_to_register(request, where.project, this.name)
    return render(request, "dashboard/model.html", context)


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
        "note": prose.html(note) if note else "",
        "note_text": note,
        "tags": about.own_tags(tags),
        "system_tags": about.system_tags(tags),
    }


# ---------------------------------------------------------------- a version


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


# ---------------------------------------------------------------- changes


@needs(changes=Role.WRITER)
def describe(
    request: HttpRequest, slug: str, name: str, number: int | None = None
) -> HttpResponse:
    where = found(request, slug, name, number)
    form = DescriptionForm(request.POST)

    def change() -> None:
        note = form.cleaned_data["note"]
        if where.version:
            registry.describe_version(where.version, note)
        else:
            registry.describe(where.model, note)

    carried_out(request, form, change)
    return HttpResponseRedirect(f"{where.url}#notes")


@needs(changes=Role.WRITER)
def tag(
    request: HttpRequest, slug: str, name: str, number: int | None = None
) -> HttpResponse:
    """Set a tag, or take it away."""
    where = found(request, slug, name, number)
    removes = "remove" in request.POST
    form = RemovalForm(request.POST) if removes else TagForm(request.POST)

    def change() -> None:
        key = form.cleaned_data["key"]
        if removes and where.version:
            registry.delete_version_tag(where.version, key)
        elif removes:
            registry.delete_tag(where.model, key)
        elif where.version:
            registry.set_version_tag(where.version, key, form.cleaned_data["value"])
        else:
            registry.set_tag(where.model, key, form.cleaned_data["value"])

    carried_out(request, form, change)
    return HttpResponseRedirect(f"{where.url}#tags")


@needs(changes=Role.WRITER)
def alias(request: HttpRequest, slug: str, name: str, number: int) -> HttpResponse:
    """Point an alias here, from wherever it pointed, or take it away."""
    where = found(request, slug, name, number)
    this = where.version
    assert this
    form = AliasForm(request.POST)

    def change() -> None:
        wanted = form.cleaned_data["alias"]
        before = dict(aliases_of(where.model)).get(wanted)
        if "remove" not in request.POST:
            registry.set_alias(this, wanted)
            was = f"v{before} → " if before not in (None, number) else ""
            messages.success(request, f"{wanted}: {was}v{number}")
        elif before == number:  # else it has moved on meanwhile
            registry.delete_alias(where.model, wanted)
            messages.success(request, f"{wanted} no longer points at v{number}.")

    carried_out(request, form, change)
    return HttpResponseRedirect(f"{where.url}#aliases")


@needs(changes=Role.WRITER)
def delete(
    request: HttpRequest, slug: str, name: str, number: int | None = None
) -> HttpResponse:
    """For good, so the name or number has to be typed."""
    where = found(request, slug, name, number)
    typed = request.POST.get("typed", "").split()
    if typed != (str(number) if number is not None else where.model.name).split():
        messages.error(request, "Nothing is deleted: what was typed is not its name.")
        return HttpResponseRedirect(f"{where.url}#delete")
    with suppress(NotFound):  # deleted already: what was wanted
        if where.version:
            registry.delete_version(where.version)
        else:
            registry.delete(where.model)
    if where.version:
        messages.success(request, f"Version {number} is deleted.")
        return HttpResponseRedirect(where._replace(version=None).url)
    messages.success(request, f"{where.model.name} is deleted.")
    return HttpResponseRedirect(reverse("models", args=[where.project.slug]))
