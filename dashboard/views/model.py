"""A registered model with its versions."""

from typing import NamedTuple

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard import prose
from dashboard.registered import aliases_of, found, makers_of, said
from dashboard.views.models import code_to_register
from tracker.models import Candidate, ModelVersion, Role
from tracker.permits import needs

PAGE_SIZE = 100


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
