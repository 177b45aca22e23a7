"""An experiment's Charts tab: charts that the address names, drawn for what matches."""

from typing import Any
from urllib.parse import urlencode

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.urls import reverse

from dashboard import find
from dashboard.charts import chart_specs
from dashboard.charts.chart_specs import KINDS, Spec
from dashboard.charts.chart_tiles import with_frames
from dashboard.charts.charted import SHOWN, asked, opened
from dashboard.charts.curve_answers import Join
from dashboard.charts.plotly import with_charts
from dashboard.charts.usual_charts import (
    MAX_AXES,
    choices,
    curve_kind,
    default_specs,
    found_by_name,
    offered,
    sections,
)
from dashboard.charts.whom import whom
from dashboard.find import Opened
from dashboard.table import live
from tracker.models import Role
from tracker.permits import needs


@needs(Role.READER)
@with_charts
def charts(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    project, there = opened(request, slug, iid)
    experiment = there.experiment
    if experiment.is_deleted:
        return find.gone(request, project, experiment)
    if "add" in request.GET:
        return HttpResponseRedirect(added(request))
    page: dict[str, Any] = {
        "project": project,
        "section": "experiments",
        "experiment": experiment,
        "opened": there,
        "total": there.total,
        "live": there.live,
        "tab": "charts",
        "may_write": find.may(request, project, Role.WRITER),
        "version": live.version(there),
        "pause_url": pause_url(request),
    }
    if there.total:
        page |= tab(request, slug, there)
    return render(request, "dashboard/experiment_charts.html", page)


def pause_url(request: HttpRequest) -> str:
    """This page standing still, or following again."""
    query = request.GET.copy()
    if query.pop("live", None) != ["0"]:
        query["live"] = "0"
    return f"?{query.urlencode()}"


def added(request: HttpRequest) -> str:
    """The address with the chart that the form describes at its end."""
    query = request.GET.copy()
    fields = [text for text in query.getlist("field") if text]
    said = query.get("join", "")
    join = Join(said) if said in list(Join) and len(fields) > 1 else Join.ONE
    new = Spec(query.get("kind", ""), tuple(fields), "log" in query, join)
    for name in ("add", "kind", "field", "log", "join", "new"):
        query.pop(name, None)
    query.appendlist("ch", new.text)
    return f"{request.path}?{query.urlencode()}"


def tab(request: HttpRequest, slug: str, there: Opened) -> dict[str, Any]:
    said = asked(request, there)
    metrics, params = offered(there)
    specs = chart_specs.read_many(request.GET.getlist("ch"), said.problems)
    is_chosen = bool(specs)
    grouping = said.state.grouping
    course = curve_kind(said.show, is_grouped=grouping is not None)
    usual = default_specs(metrics, course, there.pinned)
    specs = specs or usual
    extra = found_by_name(request, metrics, specs, course, said.problems)
    drawn = with_frames(request, slug, said, specs, extra)
    kinds = {spec.kind for spec in (*specs, *extra)}
    names_candidates = grouping is None or "line" in kinds
    new_kind = KINDS.get(request.GET.get("new", ""))
    kept = [(n, v) for n in ("q", "sort", "group") if (v := request.GET.get(n))]
    return {
        "state": said.state,
        "found": said.found,
        "problems": said.problems,
        "charts": drawn[: len(specs)],
        "extra": drawn[len(specs) :],
        "frame": next((one.frame for one in drawn if one.frame), None),
        "grouping": grouping,
        # Where every chart is of groups, nobody asks which candidates come first.
        "whom": whom(said, next(iter(metrics), "")) if names_candidates else None,
        "is_chosen": is_chosen,
        "sections": sections(request, metrics, specs),
        "filter": request.GET.get("f", ""),
        "show": said.show,
        "shown": [*SHOWN, "all"],
        "group": request.GET.get("group", ""),
        "group_choices": [
            ("~seed", "repeats that differ in the seed"),
            *((f"p:{key}", key) for key in params[:30]),
        ],  # fmt: skip
        "kinds": [(name, kind) for name, kind in KINDS.items()],
        "new_kind": new_kind,
        "new_choices": choices(new_kind, metrics, params) if new_kind else [],
        "new_name": request.GET.get("new", ""),
        "table_url": reverse("experiment", args=[slug, said.experiment.iid])
        + (f"?{urlencode(kept)}" if kept else ""),
        "candidates_url": reverse("candidate", args=[slug, 0])[:-2],
        "specs": [spec.text for spec in specs],
        "axis_keys": metrics[:MAX_AXES],
    }
