"""A dataset that a candidate read: what it is called, its columns, who else read it."""

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from dashboard.candidate import dataset
from dashboard.candidate.head import Found, found, head
from dashboard.list_files import links
from dashboard.table import condition
from tracker.models import Role
from tracker.permits import needs


def nth(where: Found, number: int) -> dataset.Described | None:
    """Beyond what a database can count, there is none either."""
    return dataset.described(where.candidate, number) if 0 < number <= 10_000 else None


@needs(Role.READER)
def dataset_read(
    request: HttpRequest, slug: str, iid: int, number: int
) -> HttpResponse:
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    described = nth(where, number)
    if described is None:
        raise Http404
    text = condition.joined(
        condition.written("datasets.name", "=", described.read.name),
        condition.written("datasets.digest", "=", described.read.digest),
    )
    table = reverse("experiment", args=[slug, where.candidate.experiment.iid])
    page = head(request, where, "code") | {
        "described": described,
        "readers_url": f"{table}?{urlencode({'q': text})}",
        "page_files": links(request),
    }
    return render(request, "dashboard/dataset.html", page)
