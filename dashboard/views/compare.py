"""Candidates side by side: what differs, their curves, and where they sit in the sweep."""

import csv
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from dashboard import primary
from dashboard.charts import (
    answers,
    curve_answers,
    figures,
    frames,
    options,
    sweep,
    sweep_charts,
)
from dashboard.charts.drawings import operating
from dashboard.charts.plotly import with_charts
from dashboard.compare import compared, differences, side_by_side, sides
from dashboard.compare.compared import Chosen
from dashboard.compare.compared_curves import (
    Drawn,
    chart_url,
    framed,
    lines_url,
    subject,
)
from dashboard.compare.compared_table import across, is_flipped, pair
from dashboard.directions import Used, by_weight
from dashboard.table import exports
from dashboard.views import compare_tabs
from tracker import audit
from tracker.models import Candidate, Kind, Metric, Role, What
from tracker.permits import needs

MAX_CURVES = 6
USUAL_CURVES = 4
TABS = {
    "": "Summary",
    "curves": "Curves",
    "params": "Parameters",
    "metrics": "Metrics",
    "artifacts": "Artifacts",
    "code": "Code",
    "environment": "Environment",
    "data": "Data",
    "system": "System",
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
        "params": compare_tabs.params,
        "metrics": compare_tabs.metrics,
        "artifacts": compare_tabs.artifacts,
        "code": compare_tabs.code,
        "environment": compare_tabs.environment,
        "data": compare_tabs.data,
        "system": compare_tabs.system,
        "parallel": whole_sweep,
        "scatter": scatter,
    }[tab](request, asked, opts)
    return render(request, "dashboard/compare.html", page)


def common(request: HttpRequest, asked: Chosen, tab: str) -> dict[str, Any]:
    experiments = {candidate.experiment for candidate in asked.candidates}
    looks = frames.looks(asked.candidates)
    others = options.written_without_each(asked.iids)
    return {
        "project": asked.project,
        "section": "experiments",
        "experiment": next(iter(experiments)) if len(experiments) == 1 else None,
        "candidates": asked.candidates,
        "chips": [
            Chip(candidate, looks[candidate.pk], without(request, iid, others[iid]))
            for candidate in asked.candidates
            for iid in [candidate.iid]
        ],
        "baseline": asked.baseline,
        "pair": pair(request, asked, None),
        "tab": tab,
        "tabs": TABS.items(),
        "set_text": options.written_iids(asked.iids),
        "suggestions": compared.suggestions(asked)[:12],
        "candidates_url": reverse("candidate", args=[asked.project.slug, 0])[:-2],
        "csv_url": export_url(request, asked, "compare_csv"),
        "json_url": export_url(request, asked, "compare_json"),
    }


def export_url(request: HttpRequest, asked: Chosen, name: str) -> str:
    query = {"c": options.written_iids(asked.iids)}
    query |= {key: request.GET[key] for key in ("b", "diff", "f") if key in request.GET}
    return f"{reverse(name, args=[asked.project.slug])}?{urlencode(query)}"


class Chip(NamedTuple):
    candidate: Candidate
    look: figures.Look
    without: str  # the address of this page without it


def without(request: HttpRequest, iid: int, others: str) -> str:
    """The address of the page when this candidate is taken away."""
    query = [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if name != "c" and (name, value) != ("b", str(iid))
    ]
    return f"?{urlencode([('c', others), *query])}"


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
    said = differences.sentence(known, asked.baseline, main)
    return {
        "sentence": said,
        "sections": sections,
        "wanted": wanted,
        "row_count": sum(each.total for each in sections),
        "differing": sum(each.differing for each in sections),
        "folded": sum(each.folded for each in sections)
        if wanted.only_differences
        else 0,
        "table": across(asked, sections) if is_flipped(request, asked) else None,
        "is_flipped": is_flipped(request, asked),
        "pair": pair(request, asked, said.best),
        "frame": framed(request, asked, known.metrics, drawn, opts) if drawn else None,
        "chart_url": lines_url(asked, drawn) if drawn else "",
        "metric_keys": sorted(known.metrics)[:500],
        "parallel_url": chart_url(asked, "parallel", {}),
        "has_params": bool(known.params),
        "sweep_tables": [],
    }


# ---------------------------------------------------------------- curves


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
        case "file":
            return answers.whole(request, file_answer(request, asked))
    raise Http404


def file_answer(request: HttpRequest, asked: Chosen) -> dict[str, Any]:
    """ROC, or precision over recall, out of the same file of the compared."""
    path = request.GET.get("path", "").strip("/").replace("\0", "")
    looks = frames.looks(asked.candidates)
    found = sides.sides(asked.project, asked.candidates, looks, asked.baseline, path)
    shown = side_by_side.compared(found, asked.candidates, side_by_side.Wanted())
    if not shown.curves:
        raise Http404
    return operating.curves_answer(
        shown.curves, shown.curves[0][2].kind, len(asked.candidates)
    )


@needs(Role.READER)
def chart_svg(request: HttpRequest, slug: str) -> HttpResponse:
    """The same as a picture without a script."""
    asked = compared.chosen(request, slug)
    if not asked.candidates:
        raise Http404
    match request.GET.get("chart"):
        case "parallel":
            found = sweep_charts.parallel_answer(request, asked)
        case "scatter":
            found = sweep_charts.scatter_answer(request, asked)
        case "file":
            found = file_answer(request, asked)
        case "lines":
            key = request.GET.get("m", "").replace("\0", "")
            rows = Metric.objects.filter(
                candidate__in=[candidate.pk for candidate in asked.candidates], key=key
            )
            by_candidate = {metric.candidate_id: metric for metric in rows}
            if not by_candidate:
                raise Http404
            said = options.read(request.GET)
            about = subject(asked, key, by_candidate, said)
            found = curve_answers.answer(curve_answers.sheet([about]))
        case _:
            raise Http404
    return answers.picture(
        found["figure"],
        title=f"{asked.project.name}: {len(asked.candidates)} candidates",
        is_dark=request.GET.get("theme") == "dark",
    )


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


# ---------------------------------------------------------------- files


@needs(Role.READER)
def as_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The difference table: a row for each key, a column for each candidate."""
    asked = compared.chosen(request, slug)
    known = differences.facts(asked.candidates)
    wanted = differences.Wanted(
        only_differences=request.GET.get("diff") != "0",
        text=request.GET.get("f", "").strip(),
    )
    audit.record_once(What.EXPORTED, project=asked.project, note="comparison as csv")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="comparison.csv"'
    response.write("\ufeff")
    writer = csv.writer(response)
    heads = [f"#{candidate.iid} {candidate.name}" for candidate in asked.candidates]
    writer.writerow(map(exports.guarded, ["section", "key", *heads]))
    for section in differences.sections(known, asked.baseline, wanted):
        for row in section.rows:
            key = f"{row.key} {row.aggregate}".strip()
            cells = [cell.full or cell.text for cell in row.cells]
            writer.writerow(map(exports.guarded, [section.name, key, *cells]))
    return response


@needs(Role.READER)
def as_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything that is compared, by candidate."""
    asked = compared.chosen(request, slug)
    known = differences.facts(asked.candidates)
    audit.record_once(What.EXPORTED, project=asked.project, note="comparison as json")
    rows = [
        {
            "number": candidate.iid,
            "name": candidate.name,
            "run_id": candidate.eid,
            "is_baseline": candidate == asked.baseline,
            "params": of_one(known.params, candidate),
            "tags": of_one(known.tags, candidate),
            "datasets": of_one(known.datasets, candidate),
            "metrics": {
                key: {
                    "last": exports.plain(frames.last_value(values[candidate.pk])),
                    "min": exports.plain(values[candidate.pk].min_value),
                    "max": exports.plain(values[candidate.pk].max_value),
                }
                for key, values in sorted(known.metrics.items())
                if candidate.pk in values
            },
        }
        for candidate in asked.candidates
    ]
    return HttpResponse(orjson.dumps(rows), content_type="application/json")


def of_one(
    values: Mapping[str, Mapping[int, str]], candidate: Candidate
) -> dict[str, str]:
    return {
        key: by_candidate[candidate.pk]
        for key, by_candidate in sorted(values.items())
        if candidate.pk in by_candidate
    }
