"""A candidate's Metrics tab, and the curve above it."""

import math
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString

from dashboard.candidate import curve_grid, results
from dashboard.candidate.curve import (
    chart_url,
    csv_url,
    main_metric,
    matches,
    measure,
    named,
    subject,
)
from dashboard.candidate.head import found, head
from dashboard.charts import answers, frames, options, pins, svg
from dashboard.charts.plotly import with_charts
from dashboard.table import baselines
from tracker import sketches
from tracker.errors import TrackerError
from tracker.models import (
    Metric,
    Role,
)
from tracker.permits import needs

MAX_METRICS_SHOWN = 300

SPARKS = 200


class Section(NamedTuple):
    """The metrics that share a slash prefix."""

    name: str
    rows: list["Row"]


class Row(NamedTuple):
    metric: Metric
    label: str  # the key without its prefix
    spark: SafeString
    is_shown: bool  # in the chart above

    @property
    def first(self) -> float:
        return math.nan if self.metric.first_is_nan else self.metric.first_value

    @property
    def last(self) -> float:
        return frames.last_value(self.metric)

    @property
    def query(self) -> str:
        return urlencode({"m": self.metric.key})


@needs(Role.READER)
@with_charts
def metrics(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    above = head(request, where, "metrics")
    every = list(where.candidate.metrics.order_by("key"))
    keys = results.ordered_keys(every, None)
    main = main_metric(request, every, keys)
    opts = options.read(request.GET)
    chosen = [metric for metric in every if matches(request, metric.key)]
    base = measure(where.candidate, above["head_baseline"], main, [])
    is_grid = request.GET.get("as") == "grid"
    page = above | {
        "matching": len(chosen),
        "left_out": max(0, len(chosen) - MAX_METRICS_SHOWN),
        "filter": request.GET.get("f", ""),
        "sections": [] if is_grid else sections(chosen[:MAX_METRICS_SHOWN], main),
        "grid": curve_grid.grid(
            where, chosen, opts, pins.of(where.candidate.experiment)
        )
        if is_grid
        else None,
        "main": main,
        "problems": problems(request, opts, every),
        "frame": frames.frame(
            subject(where.candidate, main, opts, base),
            with_table="table" in request.GET,
        )
        if main and main.count > 1 and not is_grid
        else None,
        "chart_url": chart_url(where, main) if main else "",
        "csv_url": csv_url(where, main) if main else "",
        "axis_keys": [metric.key for metric in every if metric.count > 1][:100],
        "main_value": frames.last_value(main) if main else None,
    }
    return render(request, "dashboard/metrics.html", page)


def problems(
    request: HttpRequest, opts: options.Options, every: list[Metric]
) -> list[str]:
    asked = request.GET.get("m")
    if asked and asked not in {metric.key for metric in every}:
        return [*opts.problems, f"This candidate has no metric “{asked[:100]}”."]
    return list(opts.problems)


def sections(metrics: list[Metric], main: Metric | None) -> list[Section]:
    """By slash prefix, those without one first. One query for all sparklines."""
    drawn = sketches.sketched([m for m in metrics if m.count > 1][:SPARKS])
    grouped: dict[str, list[Row]] = {}
    for metric in metrics:
        prefix, slash, label = metric.key.rpartition("/")
        points = [(float(s.step), s.value) for s in drawn.get(metric.pk, [])]
        if metric.first_step == metric.step:
            points = [(float(s.timestamp), s.value) for s in drawn.get(metric.pk, [])]
        spark = svg.sparkline(points) if points else SafeString("")
        grouped.setdefault(prefix, []).append(
            Row(metric, label if slash else metric.key, spark, metric == main)
        )
    return [Section(prefix, rows) for prefix, rows in sorted(grouped.items())]


@needs(changes=Role.WRITER)
def pin(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """Show a metric first from now on, for everybody, or no longer."""
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    key = request.POST.get("m", "").replace("\x00", "")
    try:
        if key and where.candidate.metrics.filter(key=key).exists():
            pins.toggle(where.candidate.experiment, key)
    except TrackerError as problem:
        messages.error(request, problem.message)
    return HttpResponseRedirect(f"{reverse('metrics', args=[slug, iid])}?as=grid")


@needs(Role.READER)
def chart(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """`chart.json`: one metric's curve."""
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    metric = named(request, where).first()
    if metric is None:
        raise Http404
    base = measure(
        where.candidate, baselines.of(where.candidate.experiment), metric, []
    )
    about_it = subject(where.candidate, metric, options.read(request.GET), base)
    return answers.lines(request, about_it)
