"""The registered models of a project, as a page and as files."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from dashboard import find, list_files, primary, prose, snippets
from dashboard.registered import Pointed, makers_of
from tracker.models import (
    Alias,
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
SORTS = {
    "updated": ("Last updated", ["-updated_ms", "name"]),
    "name": ("Name", ["name"]),
}


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


MODEL = (
    "name", "description", "versions", "latest_version", "aliases", "candidate",
    "created", "updated",
)  # fmt: skip


@needs(Role.READER)
def models_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The same list, all pages of it."""
    rows = (dict(zip(MODEL, row, strict=True)) for row in model_rows(request, slug))
    return JsonResponse(list(rows), safe=False)


@needs(Role.READER)
def models_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    rows = model_rows(request, slug)
    for row in rows:
        aliases = row[MODEL.index("aliases")]
        row[MODEL.index("aliases")] = " ".join(f"{k}={v}" for k, v in aliases.items())
    return list_files.answer(f"{slug}-models", "csv", MODEL, rows)


def model_rows(request: HttpRequest, slug: str) -> list[list[Any]]:
    project = find.project(request, slug)
    sort = request.GET.get("sort", "")
    order = SORTS[sort if sort in SORTS else "updated"][1]
    found = search(project, asked_text(request)).order_by(*order)
    return [
        [
            one.model.name,
            one.note,
            one.versions,
            one.newest.version if one.newest else None,
            {pointed.alias: pointed.number for pointed in one.aliases},
            one.brief.candidate.iid if one.brief else None,
            written(one.model.created_ms),
            written(one.model.updated_ms),
        ]
        for one in listed(project, found[:MAX_LINES])
    ]


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


def code_to_register(
    request: HttpRequest, project: Project, name: str = "my-model"
) -> snippets.Code:
    uri = snippets.tracking_uri(request, project)
    return snippets.Code(
        "python",
        f'import mlflow\n\nmlflow.set_tracking_uri("{uri}")\n'
        f'mlflow.register_model("runs:/RUN_ID/model", {snippets.quoted(name)})',
    )
