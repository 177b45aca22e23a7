"""The metric catalogue of a project: which way each metric gets better, its unit, its digits."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from dashboard import find
from dashboard.directions import Direction, guess
from tracker import judging
from tracker.errors import TrackerError
from tracker.models import Key, Kind, Role
from tracker.permits import needs

PAGE_SIZE = 50


class Line(NamedTuple):
    key: str
    experiments: int
    candidates: int
    direction: str
    is_confirmed: bool
    unit: str
    digits: int


def line(row: Mapping[str, Any], rules: dict[str, Any]) -> Line:
    key = row["key"]
    said = rules.get(key, {})
    return Line(
        key,
        row["experiments"],
        row["used"] or 0,
        said.get("direction") or str(guess(key)),
        "direction" in said,
        said.get("unit", ""),
        said.get("digits", judging.DIGITS),
    )


@needs(Role.READER, changes=Role.WRITER)
def metric_rules(request: HttpRequest, slug: str) -> HttpResponse:
    project = find.project(request, slug)
    q = request.GET.get("q", "").strip().replace("\0", "")[:250]
    rows = (
        Key.objects.filter(experiment__project=project, kind=Kind.METRIC)
        .filter(experiment__deleted_at=None, is_unused=False)
        .values("key")
        .annotate(experiments=Count("pk"), used=Sum("candidates"))
        .order_by("-used", "key")
    )
    if q:
        rows = rows.filter(key__icontains=q)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    rules = judging.rules_of(project)
    if request.method == "POST":
        changed, doubted = kept(request)
        try:
            judging.confirm(project, changed, forget=doubted)
        except TrackerError as problem:
            messages.error(request, problem.message)
        else:
            number = len(changed)
            messages.success(
                request, f"{number} metric{'' if number == 1 else 's'} confirmed."
            )
        back = reverse("metric_rules", args=[project.slug])
        query = request.GET.urlencode()
        return HttpResponseRedirect(f"{back}?{query}" if query else back)
    context = {
        "project": project,
        "section": "metrics",
        "q": q,
        "page": page,
        "lines": [line(row, rules) for row in page.object_list],
        "directions": [
            (Direction.MAX, "higher is better"),
            (Direction.MIN, "lower is better"),
            (Direction.NONE, "neither"),
        ],
        "may_write": find.may(request, project, Role.WRITER),
    }
    return render(request, "dashboard/metric_rules.html", context)


def kept(request: HttpRequest) -> tuple[dict[str, judging.Rule], list[str]]:
    """The lines of the form that somebody confirmed, and the keys of the others."""
    post, found, others = request.POST, {}, []
    for number in post.getlist("line")[:PAGE_SIZE]:
        key = post.get(f"key-{number}", "")
        if post.get(f"confirm-{number}") != "1":
            others.append(key)
            continue
        digits = post.get(f"digits-{number}", "")
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 3
        found[key] = judging.Rule(
            post.get(f"direction-{number}", "none"),
            post.get(f"unit-{number}", "").strip(),
            int(digits) if is_number else judging.DIGITS,
        )
    return found, others
