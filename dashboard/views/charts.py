"""An experiment's Charts tab: charts that the address names, drawn for what matches."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from dashboard import (
    answers,
    baselines,
    chart_specs,
    drawings,
    find,
    frames,
    matching,
    options,
    pictorial,
    sweep,
)
from dashboard.chart_specs import KINDS, Spec
from dashboard.columns import Catalogue
from dashboard.drawings import lines
from dashboard.drawings.scene import Nothing, Scene, who_is_drawn
from dashboard.exports import Line, guarded
from dashboard.find import Opened
from dashboard.matching import Found
from dashboard.plotly import with_charts
from dashboard.state import State
from tracker import audit
from tracker.errors import Invalid
from tracker.models import Experiment, Metric, Role, What
from tracker.permits import needs

USUAL_CHARTS = 6
MAX_MATCHING = 12
MAX_SECTIONS = 60
# How many curves a chart draws: the first ones by the sort.
SHOWN = {"10": 10, "50": 50, "200": 200}
USUAL_SHOWN = "10"


# ---------------------------------------------------------------- what the address says


class Asked(NamedTuple):
    """Whom the charts are about, and how they are drawn."""

    experiment: Experiment
    state: State
    found: Found
    scene: Scene
    show: str
    problems: list[str]


def asked(request: HttpRequest, opened: Opened) -> Asked:
    experiment = opened.experiment
    state = State.read(request, Catalogue.of(experiment))
    opts = options.read(request.GET)
    problems = [*state.notes, *opts.problems]
    show = request.GET.get("show", USUAL_SHOWN)
    if show not in (*SHOWN, "all"):
        problems.append(f"“show={show[:20]}” is none of {', '.join(SHOWN)} or all.")
        show = USUAL_SHOWN
    found = matching.find(
        opened,
        replace(
            state,
            grouping=None,  # curves are grouped by the chart itself
            token="",
            size=SHOWN.get(show, SHOWN[USUAL_SHOWN]),
        ),
    )
    if found.problem:
        problems.append(f"{found.problem.message} Every candidate is drawn instead.")
    group = tuple(
        part
        for part in request.GET.get("group", "").replace("\0", "").split(",")
        if part
    )
    scene = Scene(
        experiment=experiment,
        drawn=found.candidates,
        matching=found.search.rows,
        count=found.number.number,
        options=opts,
        group=group[:8],
        baseline=baselines.of(experiment),
    )
    return Asked(experiment, state, found, scene, show, problems)


def opened(request: HttpRequest, slug: str, iid: int) -> tuple[Any, Opened]:
    project = find.project(request, slug)
    return project, find.experiment(project, iid)


# ---------------------------------------------------------------- the tab


class Drawn(NamedTuple):
    """A chart on the page: its specification and the addresses of its forms."""

    id: str
    spec: Spec
    url: str
    svg_url: str
    csv_url: str
    remove_url: str
    up_url: str  # one place forward; empty for the first
    frame: frames.Frame | None  # a first drawing, for curves
    images: pictorial.Gallery | None


class Section(NamedTuple):
    """The metrics that share a slash prefix and have no chart above."""

    name: str
    many: int
    is_open: bool
    url: str


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
    }
    if there.total:
        page |= tab(request, slug, there)
    return render(request, "dashboard/experiment_charts.html", page)


def added(request: HttpRequest) -> str:
    """The address with the chart that the form describes at its end."""
    query = request.GET.copy()
    fields = [text for text in query.getlist("field") if text]
    new = Spec(query.get("kind", ""), tuple(fields), "log" in query)
    for name in ("add", "kind", "field", "log", "new"):
        query.pop(name, None)
    query.appendlist("ch", new.text)
    return f"{request.path}?{query.urlencode()}"


def tab(request: HttpRequest, slug: str, there: Opened) -> dict[str, Any]:
    said = asked(request, there)
    metrics, params = offered(said.experiment)
    specs = chart_specs.read_many(request.GET.getlist("ch"), said.problems)
    is_chosen = bool(specs)
    usual = default_specs(metrics, said.show)
    specs = specs or usual
    extra = found_by_name(request, metrics, specs, said.show, said.problems)
    drawn = with_frames(request, slug, said, specs, extra)
    return {
        "state": said.state,
        "found": said.found,
        "problems": said.problems,
        "charts": drawn[: len(specs)],
        "extra": drawn[len(specs) :],
        "frame": next((one.frame for one in drawn if one.frame), None),
        "legend": legend(said),
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
        "new_kind": KINDS.get(request.GET.get("new", "")),
        "new_name": request.GET.get("new", ""),
        "metric_keys": metrics[:300],
        "param_keys": params,
        "table_url": reverse("experiment", args=[slug, said.experiment.iid])
        + (f"?{urlencode({'q': said.state.q})}" if said.state.q else ""),
        "candidates_url": reverse("candidate", args=[slug, 0])[:-2],
        "specs": [spec.text for spec in specs],
    }


def offered(experiment: Experiment) -> tuple[list[str], list[str]]:
    """Every metric key, the weightiest in front, and params that vary. Two queries."""
    catalogue = Catalogue.of(experiment)
    keys = catalogue.metrics_by_weight()
    params, _ = sweep.offered([experiment.pk])
    return keys, params


def default_specs(keys: Sequence[str], show: str) -> list[Spec]:
    """The metric to judge by, its partners under other prefixes, then by weight."""
    kind = "env" if show == "all" else "line"
    chosen = [key for key in keys if not key.startswith("system/")] or list(keys)
    if chosen:
        last = chosen[0].rpartition("/")[2]
        partners = [k for k in chosen if k.rpartition("/")[2] == last]
        chosen = list(dict.fromkeys([*partners[:2], *chosen]))
    return [Spec(kind, (key,)) for key in chosen[:USUAL_CHARTS]]


def found_by_name(
    request: HttpRequest,
    keys: Sequence[str],
    specs: Sequence[Spec],
    show: str,
    problems: list[str],
) -> list[Spec]:
    """Charts of metrics whose name was searched for, or whose section was opened."""
    text = request.GET.get("f", "").strip()[:200]
    prefix = request.GET.get("open")
    if not text and prefix is None:
        return []
    there = {spec.fields[0] for spec in specs if spec.kind in ("line", "env")}
    if text:
        chosen = [key for key in keys if holds(key, text)]
        if not chosen:
            problems.append(f"No metric’s name holds “{text}”.")
    else:
        chosen = [key for key in keys if prefix_of(key) == prefix]
    chosen = [key for key in sorted(chosen) if key not in there]
    if len(chosen) > MAX_MATCHING:
        problems.append(
            f"{len(chosen)} metrics; these are the first {MAX_MATCHING}. Search for"
            " a longer part of a name to see the others."
        )
    kind = "env" if show == "all" else "line"
    return [Spec(kind, (key,)) for key in chosen[:MAX_MATCHING]]


def holds(key: str, text: str) -> bool:
    """By part of the name. `a.*b` works as people mean it: a, later b."""
    parts = [part for part in re.split(r"\.\*|\*|\s+", text.lower()) if part]
    place = 0
    for part in parts:
        place = key.lower().find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def prefix_of(key: str) -> str:
    return key.partition("/")[0] if "/" in key else ""


def sections(
    request: HttpRequest, keys: Sequence[str], specs: Sequence[Spec]
) -> list[Section]:
    there = {spec.fields[0] for spec in specs if spec.kind in ("line", "env")}
    counts: dict[str, int] = {}
    for key in keys:
        if key not in there:
            counts[prefix_of(key)] = counts.get(prefix_of(key), 0) + 1
    opened_one = request.GET.get("open")
    query = request.GET.copy()
    query.pop("f", None)
    found = []
    for name, count in sorted(counts.items())[:MAX_SECTIONS]:
        is_open = opened_one == name
        if is_open:
            query.pop("open", None)
        else:
            query["open"] = name
        found.append(
            Section(name or "without prefix", count, is_open, f"?{query.urlencode()}")
        )
    return found


def with_frames(
    request: HttpRequest,
    slug: str,
    said: Asked,
    specs: Sequence[Spec],
    extra: Sequence[Spec],
) -> list[Drawn]:
    """First drawings of all line charts: two queries."""
    every = [*specs, *extra]
    keys = {spec.fields[0] for spec in every if spec.kind == "line"}
    metrics: dict[str, dict[int, Metric]] = {key: {} for key in keys}
    rows = Metric.objects.filter(
        candidate__in=[candidate.pk for candidate in said.scene.drawn], key__in=keys
    )
    for metric in rows:
        metrics[metric.key][metric.candidate_id] = metric
    curves = [spec for spec in every if spec.kind == "line" and metrics[spec.fields[0]]]
    framed = dict(
        zip(
            curves,
            frames.several(
                [
                    lines.subject_of(said.scene, spec, metrics[spec.fields[0]])
                    for spec in curves
                ],
                with_table="table" in request.GET,
                samples=32,
            ),
            strict=True,
        )
    )
    return [
        drawn(request, slug, said, number, spec, framed.get(spec), list(specs))
        for number, spec in enumerate(every, start=1)
    ]


def drawn(
    request: HttpRequest,
    slug: str,
    said: Asked,
    number: int,
    spec: Spec,
    frame: frames.Frame | None,
    specs: list[Spec],
) -> Drawn:
    place = [slug, said.experiment.iid]
    query, whole = chart_query(request, spec), chart_query(request, spec, CHART_KEYS)
    others = [one.text for one in specs if one != spec]
    at = specs.index(spec) if spec in specs else 0
    moved = [one.text for one in specs]
    if at:
        moved[at - 1], moved[at] = moved[at], moved[at - 1]
    return Drawn(
        id=f"chart-{number}",
        spec=spec,
        url=f"{reverse('experiment_chart', args=place)}?{query}",
        svg_url=f"{reverse('experiment_chart_svg', args=place)}?{whole}",
        csv_url=f"{reverse('experiment_chart_csv', args=place)}?{whole}",
        remove_url=with_charts_of(request, others) if spec in specs else "",
        up_url=with_charts_of(request, moved) if at else "",
        frame=frame,
        images=pictorial.gallery(
            said.experiment.project,
            said.scene.drawn,
            said.scene.looks,
            spec.fields[0],
            request.GET.get("step", ""),
        )
        if spec.kind == "images"
        else None,
    )


# What of the page's address decides how a chart looks.
CHART_KEYS = ("q", "sort", "show", "group", "x", "y", "sm")


def chart_query(
    request: HttpRequest, spec: Spec, keys: Sequence[str] = CHART_KEYS[:4]
) -> str:
    """Axis and smoothing are left to the script, which knows what was changed since."""
    pairs = [(key, request.GET[key]) for key in keys if request.GET.get(key)]
    return urlencode([*pairs, ("ch", spec.text)])


def with_charts_of(request: HttpRequest, texts: Iterable[str]) -> str:
    query = request.GET.copy()
    query.setlist("ch", list(texts))
    query.pop("new", None)
    return f"?{query.urlencode()}"


def legend(said: Asked) -> list[frames.Entry]:
    """Whom the curves belong to, with their place in the sort. Values come by hovering."""
    return [
        frames.Entry(
            id=str(candidate.iid),
            name=candidate.name,
            slot=said.scene.looks[candidate.pk].slot,
            dash=said.scene.looks[candidate.pk].dash,
            value="",
            is_live=candidate.status == "RUNNING",
            is_baseline=candidate == said.scene.baseline,
            is_hidden=str(candidate.iid) in said.scene.options.hidden,
        )
        for candidate in said.scene.drawn
    ]


# ---------------------------------------------------------------- one chart


def one_chart(
    request: HttpRequest, slug: str, iid: int
) -> tuple[Asked, Spec] | HttpResponse:
    project, there = opened(request, slug, iid)
    if there.experiment.is_deleted:
        return find.gone(request, project, there.experiment)
    try:
        spec = chart_specs.read(request.GET.get("ch", ""))
    except chart_specs.Unreadable:
        raise Http404 from None
    return asked(request, there), spec


def nothing(problem: str) -> dict[str, Any]:
    """An answer that draws nothing and says why."""
    return {
        "figure": {"data": [], "layout": {}},
        "legend": [],
        "notes": [problem],
        "table": [],
        "empty": problem,
    }


def answered(said: Asked, spec: Spec) -> dict[str, Any]:
    try:
        with said.found.search.limited():
            return drawings.answer(said.scene, spec)
    except Nothing as problem:
        return nothing(str(problem))
    except Invalid as problem:  # a regular expression that takes too long
        return nothing(problem.message)


@needs(Role.READER)
def chart(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """`chart.json?ch=…`."""
    asked_for = one_chart(request, slug, iid)
    if isinstance(asked_for, HttpResponse):
        return asked_for
    said, spec = asked_for
    if spec.kind == "images":
        raise Http404
    if spec.kind == "line":
        about = lines.subject(said.scene, spec)
        if about.members:
            return answers.lines(request, about, notes=[who_is_drawn(said.scene)])
    return answers.whole(request, answered(said, spec))


@needs(Role.READER)
def chart_svg(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """`chart.svg?ch=…`: the same figure without a script."""
    asked_for = one_chart(request, slug, iid)
    if isinstance(asked_for, HttpResponse):
        return asked_for
    said, spec = asked_for
    if spec.kind == "images":
        raise Http404
    found = answered(said, spec)
    return answers.picture(
        found["figure"],
        title=f"{said.experiment.name}: {spec.title}",
        is_dark=request.GET.get("theme") == "dark",
    )


@needs(Role.READER)
def chart_csv(request: HttpRequest, slug: str, iid: int) -> HttpResponseBase:
    """`chart.csv?ch=…`: the numbers behind the figure."""
    asked_for = one_chart(request, slug, iid)
    if isinstance(asked_for, HttpResponse):
        return asked_for
    said, spec = asked_for
    if spec.kind == "images":
        raise Http404
    audit.record_once(
        What.EXPORTED,
        project=said.experiment.project,
        about=said.experiment,
        note="chart as csv",
    )
    rows = points(said, spec) if spec.kind == "line" else tables(answered(said, spec))
    answer = StreamingHttpResponse(
        csv_lines(rows), content_type="text/csv; charset=utf-8"
    )
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{said.experiment.name}-{spec.title}")
    answer["Content-Disposition"] = f'attachment; filename="{name[:80]}.csv"'
    return answer


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(Line())
    for number, row in enumerate(rows):
        line: str = writer.writerow([guarded(value) for value in row])
        yield line if number else f"\ufeff{line}"


def tables(found: dict[str, Any]) -> Iterator[Sequence[Any]]:
    for table in found["table"]:
        yield table["columns"]
        yield from table["rows"]


def points(said: Asked, spec: Spec) -> Iterator[Sequence[Any]]:
    """The points that the lines go through."""
    about = lines.subject(said.scene, spec)
    yield ["candidate", "name", "metric", str(about.axis), "value"]
    if not about.members or about.is_single:
        for member in about.members:
            yield [member.candidate.iid, member.candidate.name, about.key, member.metric.step,
                   frames.last_value(member.metric)]  # fmt: skip
        return
    for member, curve in frames.curves_of(about):
        for x, y in zip(curve.x, curve.y, strict=True):
            yield [member.candidate.iid, member.candidate.name, about.key, x, y]
