"""Sharing a page by a short link, and opening one."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import Resolver404, resolve, reverse

from dashboard import find, shortlinks
from dashboard.charts import options
from dashboard.snippets import Code
from tracker import locations
from tracker.errors import Invalid
from tracker.models import Project, Role, ShortLink
from tracker.permits import Who, needs
from tracker.search import table

MAX_FROZEN = 5000  # candidates in one link


@needs(changes=Role.READER)
def share(request: HttpRequest, slug: str) -> HttpResponse:
    """A page with the link; scripts copy it at once."""
    project = find.project(request, slug)
    find.person(request)  # strangers on a public page make no rows
    at = request.POST.get("at", "")
    try:
        if request.POST.get("how") == "freeze":
            at = frozen(request, project, at)
        link = shortlinks.shorten(project, at)
    except Invalid as problem:
        messages.error(request, problem.message)
        return HttpResponseRedirect(reverse("project", args=[project.slug]))
    page = {
        "project": project,
        "link": Code("text", address_of(request, link)),
        "back": at,
        "is_frozen": request.POST.get("how") == "freeze",
    }
    return render(request, "dashboard/share.html", page)


def address_of(request: HttpRequest, link: ShortLink) -> str:
    path = reverse("short", args=[link.code])
    root = settings.PUBLIC_URL.rstrip("/") if settings.PUBLIC_URL else ""
    return f"{root}{path}" if root else request.build_absolute_uri(path)


def frozen(request: HttpRequest, project: Project, at: str) -> str:
    """The same table with exactly the candidates that match now. Raises Invalid."""
    address = locations.parts(at)
    try:
        match = resolve(address.path)
    except Resolver404:
        raise Invalid("This page cannot be frozen.") from None
    if match.url_name != "experiment" or match.kwargs["slug"] != project.slug:
        raise Invalid("Only the table of an experiment can be frozen.")
    experiment = find.experiment(project, match.kwargs["iid"]).experiment
    query = QueryDict(address.query, mutable=True)
    asked = table.search(
        experiment,
        text=query.get("q", ""),
        with_archived=query.get("archived") == "1",
    )
    with asked.limited():
        iids = sorted(
            asked.listed.order_by().values_list("iid", flat=True)[: MAX_FROZEN + 1]
        )
    if len(iids) > MAX_FROZEN:
        raise Invalid(
            f"A link holds at most {MAX_FROZEN:,} candidates; narrow the filter."
        )
    query["q"] = within(iids)
    query["archived"] = "1"  # whatever is archived later, the link shows these
    for name in ("after", "from", "view"):
        query.pop(name, None)
    return f"{address.path}?{query.urlencode(safe=':/,~')}"


def within(iids: list[int]) -> str:
    """A filter that these numbers meet, and no others."""
    parts = []
    singles = []
    for part in filter(None, options.written_iids(iids).split(",")):
        first, dash, last = part.partition("-")
        if dash:
            parts.append(f"(number >= {first} and number <= {last})")
        else:
            singles.append(first)
    if singles:
        parts.append(f"number in ({', '.join(singles)})")
    return " or ".join(parts) or "number = 0"


@needs(Who.ANYONE)
def short(request: HttpRequest, code: str) -> HttpResponse:
    """On to the page, for who may read its project; to others there is no such link."""
    link = get_object_or_404(
        ShortLink.objects.filter(project__in=Project.objects.visible_to(request.user)),
        code=code.lower(),
    )
    target = f"{link.path}?{link.query}" if link.query else link.path
    return HttpResponseRedirect(target)
