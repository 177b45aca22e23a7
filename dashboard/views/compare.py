"""Candidates side by side: what differs, their curves, and where they sit in the sweep."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from dashboard import (
    answers,
    charts,
    compared,
    differences,
    frames,
    options,
    primary,
    sweep,
    sweep_charts,
)
from dashboard.compared import Chosen
from dashboard.directions import Direction, Used, by_weight, direction
from dashboard.plotly import with_charts
from dashboard.results import value_of
from tracker.models import Candidate, Kind, Metric, Role
from tracker.permits import needs

# With more, candidates become rows.
MAX_COLUMNS = 8
MAX_CURVES = 6
USUAL_CURVES = 4
TABS = {
    "": "Summary",
    "curves": "Curves",
    "parallel": "Parallel",
    "scatter": "Scatter",
}


# ---------------------------------------------------------------- the page


@needs(Role.READER)
@with_charts
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    asked = compared.chosen(request, slug)
    if len(asked.candidates) < 2:
        return too_few(request, asked)
    tab = request.GET.get("tab", "")
    if tab not in TABS:
        asked.problems.append(f"There is no tab “{tab[:40]}”.")
        tab = ""
    opts = options.read(request.GET)
    page = common(request, asked, tab) | {"problems": [*asked.problems, *opts.problems]}
    page |= {
        "": summary,
        "curves": curves,
        "parallel": whole_sweep,
        "scatter": scatter,
    }[tab](request, asked, opts)
    return render(request, "dashboard/compare.html", page)


def common(request: HttpRequest, asked: Chosen, tab: str) -> dict[str, Any]:
    experiments = {candidate.experiment for candidate in asked.candidates}
    looks = frames.looks(asked.candidates)
    return {
        "project": asked.project,
        "section": "experiments",
        "experiment": next(iter(experiments)) if len(experiments) == 1 else None,
        "candidates": asked.candidates,
        "chips": [
            Chip(candidate, looks[candidate.pk], without(request, asked, candidate))
            for candidate in asked.candidates
        ],
        "baseline": asked.baseline,
        "tab": tab,
        "tabs": TABS.items(),
        "set_text": options.written_iids(asked.iids),
        "suggestions": compared.suggestions(asked)[:12],
        "candidates_url": reverse("candidate", args=[asked.project.slug, 0])[:-2],
    }


class Chip(NamedTuple):
    candidate: Candidate
    look: charts.Look
    without: str  # the address of this page without it


def without(request: HttpRequest, asked: Chosen, candidate: Candidate) -> str:
    query = request.GET.copy()
    query.setlist(
        "c", [options.written_iids([i for i in asked.iids if i != candidate.iid])]
    )
    if query.get("b") == str(candidate.iid):
        del query["b"]
    return f"?{query.urlencode()}"


def too_few(request: HttpRequest, asked: Chosen) -> HttpResponse:
    """Not an error: somebody came here to choose."""
    page = {
        "project": asked.project,
        "section": "experiments",
        "candidates": asked.candidates,
        "problems": asked.problems,
        "suggestions": compared.suggestions(asked),
    }
    return render(request, "dashboard/compare_few.html", page)


# ---------------------------------------------------------------- summary


def main_metric(asked: Chosen, metrics: differences.Facts) -> str | None:
    """The experiment's own, where any of the compared has it; else the most telling."""
    judged_by = primary.primaries(asked.experiments).get(asked.experiments[0])
    if judged_by and judged_by.key in metrics.metrics:
        return judged_by.key
    used = [Used(key, len(values)) for key, values in metrics.metrics.items()]
    return next(iter(by_weight(used)), None)


def summary(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    known = differences.facts(asked.candidates)
    main = main_metric(asked, known)
    wanted = differences.Wanted(
        only_differences=request.GET.get("diff") != "0",
        text=request.GET.get("f", "").strip(),
        first=main,
    )
    sections = differences.sections(known, asked.baseline, wanted)
    drawn = request.GET.get("m", main)
    return {
        "sentence": differences.sentence(known, asked.baseline, main),
        "sections": sections,
        "wanted": wanted,
        "row_count": sum(each.total for each in sections),
        "differing": sum(each.differing for each in sections),
        "folded": sum(each.folded for each in sections)
        if wanted.only_differences
        else 0,
        "table": across(asked, sections) if is_flipped(request, asked) else None,
        "is_flipped": is_flipped(request, asked),
        "pair": pair(request, asked, known, main),
        "frame": framed(request, asked, known.metrics, drawn, opts) if drawn else None,
        "chart_url": lines_url(asked, drawn) if drawn else "",
        "metric_keys": sorted(known.metrics)[:500],
        "parallel_url": chart_url(asked, "parallel", {}),
        "has_params": bool(known.params),
        "sweep_tables": [],
    }


def is_flipped(request: HttpRequest, asked: Chosen) -> bool:
    """Whether candidates are rows: with many of them, and the reader may turn it."""
    flip = request.GET.get("flip")
    return flip == "1" if flip in ("0", "1") else len(asked.candidates) > MAX_COLUMNS


class Line(NamedTuple):
    """A candidate as a row of the turned table."""

    candidate: Candidate
    cells: list[tuple[differences.Row, differences.Cell]]


class Across(NamedTuple):
    """The difference table turned: sections and keys are columns."""

    groups: list[tuple[str, int]]
    rows: list[differences.Row]
    lines: list[Line]
    left_out: int


MAX_ACROSS = 60


def across(asked: Chosen, sections: Sequence[differences.Section]) -> Across:
    groups, rows, room = [], [], MAX_ACROSS
    for section in sections:
        taken = section.rows[:room]
        if taken:
            groups.append((section.name, len(taken)))
            rows += taken
            room -= len(taken)
    lines = [
        Line(candidate, [(row, row.cells[index]) for row in rows])
        for index, candidate in enumerate(asked.candidates)
    ]
    every = sum(len(section.rows) + section.left_out for section in sections)
    return Across(groups, rows, lines, every - len(rows))


class Pair(NamedTuple):
    """The two that a narrow screen has room for."""

    left: Candidate
    right: Candidate


def pair(
    request: HttpRequest,
    asked: Chosen,
    known: differences.Facts,
    main: str | None,
) -> Pair:
    """Those that `l` and `r` name, else the baseline and the best."""
    by_iid = {str(candidate.iid): candidate for candidate in asked.candidates}
    left = by_iid.get(request.GET.get("l", "")) or asked.baseline or asked.candidates[0]
    best = differences.sentence(known, asked.baseline, main).best
    others = [c for c in asked.candidates if c != left]
    right = by_iid.get(request.GET.get("r", "")) or best
    return Pair(left, right if right and right != left else others[0])


# ---------------------------------------------------------------- curves


def framed(
    request: HttpRequest,
    asked: Chosen,
    metrics: Any,
    key: str,
    opts: options.Options,
) -> frames.Frame | None:
    by_candidate = metrics.get(key, {})
    if not by_candidate:
        return None
    return frames.frame(
        subject(asked, key, by_candidate, opts), with_table="table" in request.GET
    )


def subject(
    asked: Chosen, key: str, by_candidate: dict[int, Metric], opts: options.Options
) -> frames.Subject:
    """The best in front: so is the legend ordered."""
    looks = frames.looks(asked.candidates)
    members = [
        frames.Member(
            candidate,
            looks[candidate.pk],
            by_candidate[candidate.pk],
            is_baseline=candidate == asked.baseline,
        )
        for candidate in asked.candidates
        if candidate.pk in by_candidate
    ]
    towards = direction(key)
    if towards is not Direction.NONE:
        sign = -1 if towards is Direction.MAX else 1

        def place(member: frames.Member) -> tuple[bool, float]:
            number = value_of(member.metric, towards).number
            return number is None, sign * (number or 0.0)

        members.sort(key=place)
    return frames.Subject(
        key, members, opts, missing=len(asked.candidates) - len(members)
    )


def chart_url(asked: Chosen, chart: str, more: dict[str, Any]) -> str:
    path = reverse("compare_chart", args=[asked.project.slug])
    return f"{path}?{urlencode({'chart': chart, **more}, doseq=True)}"


def lines_url(asked: Chosen, key: str) -> str:
    return chart_url(asked, "lines", {"m": key})


class Drawn(NamedTuple):
    """One of several charts on a page."""

    id: str
    frame: frames.Frame
    url: str


def curves(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    ids = [candidate.pk for candidate in asked.candidates]
    keys = list(
        Metric.objects.filter(candidate__in=ids)
        .values_list("key", flat=True)
        .distinct()
        .order_by("key")[:2000]
    )
    ordered = by_weight(Used(key) for key in keys)
    wanted = [
        key for key in dict.fromkeys(request.GET.getlist("m")) if key in set(keys)
    ]
    shown_keys = (wanted or ordered[:USUAL_CURVES] or keys[:1])[:MAX_CURVES]
    metrics: dict[str, dict[int, Metric]] = {key: {} for key in shown_keys}
    for metric in Metric.objects.filter(candidate__in=ids, key__in=shown_keys):
        metrics[metric.key][metric.candidate_id] = metric
    drawn = [
        Drawn(f"chart-{number}", frame, lines_url(asked, key))
        for number, key in enumerate(shown_keys, start=1)
        if (frame := framed(request, asked, metrics, key, opts))
    ]
    return {
        "charts": drawn,
        "frame": drawn[0].frame if drawn else None,
        "metric_keys": keys[:500],
        "shown_keys": set(shown_keys),
        "max_curves": MAX_CURVES,
    }


# ---------------------------------------------------------------- the whole sweep


def whole_sweep(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    params, metrics = sweep.offered(asked.experiments)
    metric = sweep_charts.sweep_metric(request, metrics)
    return {
        "frame": None,
        "parallel_url": chart_url(asked, "parallel", sweep_query(request)),
        "params": params,
        "metric_keys": metrics,
        "metric": metric,
        "axes": set(request.GET.getlist("axes")),
        "sweep_tables": [
            sweep_charts.sweep_table(asked, sweep_charts.read_sweep(request, asked))
        ]
        if "table" in request.GET
        else [],
    }


def sweep_query(request: HttpRequest) -> dict[str, Any]:
    query: dict[str, Any] = {}
    if "m" in request.GET:
        query["m"] = request.GET["m"]
    if "axes" in request.GET:
        query["axes"] = request.GET.getlist("axes")
    return query


def scatter(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    params, metrics = sweep.offered(asked.experiments)
    axes = sweep_charts.scatter_axes(request, asked, params, metrics)
    fields = [sweep.Address(Kind.PARAM, key) for key in params]
    fields += [sweep.Address(Kind.METRIC, key) for key in metrics]
    # The page names what it chose, so that the chart need not choose again.
    query = {
        name: str(address)
        for name, address in zip(("sx", "sy", "sc"), axes or (), strict=False)
        if address
    }
    return {
        "frame": None,
        "fields": [(str(address), address.label) for address in fields],
        "axes": axes,
        "scatter_url": chart_url(asked, "scatter", query),
        "sweep_tables": [sweep_charts.scatter_table(asked, axes)]
        if axes and "table" in request.GET
        else [],
    }


# ---------------------------------------------------------------- chart.json


@needs(Role.READER)
def chart(request: HttpRequest, slug: str) -> HttpResponse:
    """One chart of the comparison: `chart=lines`, `parallel` or `scatter`."""
    asked = compared.chosen(request, slug)
    if not asked.candidates:
        raise Http404
    match request.GET.get("chart"):
        case "parallel":
            return answers.whole(request, sweep_charts.parallel_answer(request, asked))
        case "scatter":
            return answers.whole(request, sweep_charts.scatter_answer(request, asked))
        case "lines":
            return lines(request, asked)
    raise Http404


def lines(request: HttpRequest, asked: Chosen) -> HttpResponse:
    key = request.GET.get("m", "").replace("\0", "")
    metrics = {
        metric.candidate_id: metric
        for metric in Metric.objects.filter(
            candidate__in=[candidate.pk for candidate in asked.candidates], key=key
        )
    }
    if not metrics:
        raise Http404
    return answers.lines(
        request, subject(asked, key, metrics, options.read(request.GET))
    )
