"""A candidate's pages: overview, metrics, and the curves behind them."""

import csv
import math
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.safestring import SafeString

from dashboard import (
    about,
    answers,
    baselines,
    exports,
    find,
    frames,
    options,
    primary,
    progress,
    prose,
    reproduce,
    results,
    showing,
    snippets,
    surroundings,
    svg,
)
from dashboard.about import NOTE
from dashboard.charts import BACKGROUND, Look
from dashboard.plotly import with_charts
from tracker import audit, curves, sketches
from tracker.models import (
    Candidate,
    CIBuild,
    Metric,
    ModelVersion,
    Project,
    Role,
    Status,
    What,
)
from tracker.models.candidates import moment
from tracker.models.states import State, state
from tracker.permits import needs

MAX_METRICS_SHOWN = 300
SPARKS = 200


class Found(NamedTuple):
    """A candidate at its address, or the answer that says why there is none."""

    project: Project
    candidate: Candidate
    gone: HttpResponse | None


def found(request: HttpRequest, slug: str, iid: int) -> Found:
    project = find.project(request, slug)
    rows = Candidate.objects.select_related("experiment").filter(project=project)
    candidate = get_object_or_404(with_versions(rows), iid=iid)
    candidate.project = project
    gone = find.gone(request, project, candidate) if candidate.is_deleted else None
    return Found(project, candidate, gone)


def with_versions(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    """With the newest model version that came from each, and how many there are."""
    made = ModelVersion.objects.filter(
        model__project=OuterRef("project"), run_id=OuterRef("eid")
    )
    newest = made.order_by("-pk")
    return candidates.annotate(
        version_count=find.number_of(made, by="run_id"),
        version_number=Subquery(newest.values("version")[:1]),
        version_model=Subquery(newest.values("model__name")[:1]),
    )


def head(request: HttpRequest, where: Found, tab: str) -> dict[str, Any]:
    """What stands above every tab."""
    candidate = where.candidate
    family = {c.eid: c for c in relatives(candidate)}
    parent = family.pop(candidate.parent_eid, None)
    base = baselines.of(candidate.experiment)
    return {
        "project": where.project,
        "section": "experiments",
        "experiment": candidate.experiment,
        "candidate": candidate,
        "tab": tab,
        "parent": parent,
        "children": len(family),
        "previous": previous(candidate),
        "head_baseline": base,
        "is_baseline": base == candidate,
        "statuses": STATUSES,
        "artifact_count": candidate.artifacts.count(),
        "may_write": find.may(request, where.project, Role.WRITER),
    }


# What somebody may say about a candidate that its script did not: icon and word.
STATUSES = [
    (Status.FINISHED, "s-ok", "Finished"),
    (Status.FAILED, "s-bad", "Failed"),
    (Status.KILLED, "s-stop", "Stopped"),
    (Status.RUNNING, "s-live", "Still running"),
]


def previous(candidate: Candidate) -> Candidate | None:
    """The one that the same person started before, else the one before it."""
    before = Candidate.objects.alive().filter(
        experiment=candidate.experiment_id, started_ms__lt=candidate.started_ms
    )
    newest = before.order_by("-started_ms", "eid").only("iid", "name", "user_id")[:20]
    found = list(newest)
    mine = [one for one in found if one.user_id == candidate.user_id]
    return next(iter([*mine, *found]), None)


def relatives(candidate: Candidate) -> Any:
    """The parent and the children, in one query."""
    alive = Candidate.objects.alive().filter(project=candidate.project_id)
    family = alive.filter(parent_eid=candidate.eid)
    if candidate.parent_eid:
        family = family | alive.filter(eid=candidate.parent_eid)
    return family.only("eid", "iid", "name")[:1000]


# ---------------------------------------------------------------- overview


@needs(Role.READER)
@with_charts
def candidate(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    this = where.candidate
    metrics = list(this.metrics.order_by("key"))
    tags = dict(this.tags.values_list("key", "value"))
    params = dict(this.params.order_by("key").values_list("key", "value"))
    judged_by = primary.primaries([this.experiment_id]).get(this.experiment_id)
    keys = results.ordered_keys(metrics, judged_by.key if judged_by else None)
    build = CIBuild.objects.filter(candidate=this).first()
    opts = options.read(request.GET)
    main = main_metric(request, metrics, keys)
    above = head(request, where, "overview")
    base = measure(this, above["head_baseline"], main, keys)
    known = surroundings.of([this])[this.pk]
    datasets = about.datasets(this)
    every = compared_params(params, base)
    only = request.GET.get("diff") == "1" and base is not None
    checks = reproduce.checks(tags, params, build, datasets, known)
    page = above | {
        "metric_count": len(metrics),
        "results": results.results(
            this, metrics, keys, base.metrics if base else results.NOBODY
        ),
        "baseline": base.candidate if base else None,
        "frame": frames.frame(
            subject(this, main, opts, base), with_table="table" in request.GET
        )
        if main and main.count > 1
        else None,
        "chart_url": chart_url(where, main) if main else "",
        "problems": opts.problems,
        "params": [
            param
            for param in every
            if matches(request, param.key, param.value) and (param.differs or not only)
        ],
        "param_count": len(params),
        "differing": sum(1 for param in every if param.differs),
        "only": only,
        "filter": request.GET.get("f", ""),
        "note": prose.html(tags[NOTE]) if tags.get(NOTE) else "",
        "note_text": tags.get(NOTE, ""),
        "tags": about.own_tags(tags),
        "system_tags": about.system_tags(tags),
        "facts": about.source(tags) + about.code(tags, build) + about.host(tags),
        "known": known,
        "headline": headline(known),
        "checks": checks,
        "met": sum(check.is_met for check in checks),
        "progress": progress.of(this, metrics, params),
        "is_lost": state(this) == State.LOST,
        "lost_reasons": lost_reasons(metrics),
        "build": build,
        "ci": about.ci(build),
        "datasets": datasets,
        "models": about.models(this),
        "pictures": [tile(where, image) for image in showing.pictures(this)],
        "python": python_to_load(request, where),
    }
    return render(request, "dashboard/candidate.html", page)


class Base(NamedTuple):
    """The experiment's baseline, with what this page needs of it."""

    candidate: Candidate
    metrics: dict[str, Metric]
    params: dict[str, str]


def measure(
    candidate: Candidate,
    base: Candidate | None,
    main: Metric | None,
    keys: list[str],
) -> Base | None:
    """None where there is no baseline, or where this is the one."""
    if base is None or base == candidate:
        return None
    wanted = {*keys[: results.MAX_RESULTS], *([main.key] if main else [])}
    return Base(
        base,
        {metric.key: metric for metric in base.metrics.filter(key__in=wanted)},
        dict(base.params.values_list("key", "value")),
    )


class Compared(NamedTuple):
    """A parameter, and what it is in the baseline."""

    key: str
    value: str
    was: str | None = None  # only where it differs
    differs: bool = False


def compared_params(params: dict[str, str], base: Base | None) -> list[Compared]:
    if base is None:
        return [Compared(key, value) for key, value in params.items()]
    return [
        Compared(
            key,
            value,
            base.params.get(key) if base.params.get(key) != value else None,
            base.params.get(key) != value,
        )
        for key, value in params.items()
    ]


FULL = 95.0


def lost_reasons(metrics: list[Metric]) -> list[str]:
    """What the machine said before it fell silent."""
    return [
        f"{metric.key.removeprefix('system/').replace('_', ' ').capitalize()} had"
        f" reached {metric.max_value:.0f} %."
        for metric in metrics
        if metric.key.startswith("system/")
        and "memory" in metric.key
        and metric.key.endswith("percentage")
        and metric.max_value is not None
        and metric.max_value > FULL
    ]


FRAMEWORKS = (
    "torch", "tensorflow", "keras", "jax", "scikit-learn", "xgboost", "lightgbm",
    "transformers",
)  # fmt: skip


def headline(known: surroundings.Surroundings) -> str:
    """Python and the framework, in a few words."""
    said = [known.python] if known.python else []
    said += [
        f"{name} {known.packages[name]}"
        for name in FRAMEWORKS
        if name in known.packages
    ][:2]
    return ", ".join(said)


class Tile(NamedTuple):
    """An image with its addresses."""

    image: showing.Image
    url: str
    thumbnail: str


def tile(where: Found, image: showing.Image) -> Tile:
    place = [where.project.slug, where.candidate.iid, image.artifact.path]
    return Tile(
        image,
        reverse("artifact", args=place),
        f"{reverse('raw', args=place)}?as=thumbnail",
    )


def main_metric(
    request: HttpRequest, metrics: list[Metric], keys: list[str]
) -> Metric | None:
    """The one asked for, else the most telling one that is a curve."""
    by_key = {metric.key: metric for metric in metrics}
    if asked := by_key.get(request.GET.get("m", "")):
        return asked
    known = [by_key[key] for key in keys if key in by_key]
    return next((m for m in known if m.count > 1), next(iter(known), None)) or (
        metrics[0] if metrics else None
    )


def matches(request: HttpRequest, *texts: str) -> bool:
    wanted = request.GET.get("f", "").strip().lower()
    return not wanted or any(wanted in text.lower() for text in texts)


def subject(
    candidate: Candidate,
    metric: Metric,
    opts: options.Options,
    base: Base | None = None,
) -> frames.Subject:
    members = [frames.Member(candidate, Look(candidate.iid % 8), metric)]
    other = base.metrics.get(metric.key) if base else None
    if base and other and other.count > 1:
        members.append(
            frames.Member(base.candidate, Look(BACKGROUND), other, is_baseline=True)
        )
    return frames.Subject(
        key=metric.key, members=members, options=opts, marks_best=True
    )


def chart_url(where: Found, metric: Metric) -> str:
    path = reverse("candidate_chart", args=[where.project.slug, where.candidate.iid])
    return f"{path}?{urlencode({'m': metric.key})}"


def csv_url(where: Found, metric: Metric) -> str:
    path = reverse("history", args=[where.project.slug, where.candidate.iid])
    return f"{path}?{urlencode({'m': metric.key})}"


def python_to_load(request: HttpRequest, where: Found) -> snippets.Code:
    uri = snippets.tracking_uri(request, where.project)
    return snippets.Code(
        "python",
        "import mlflow\n\n"
        f'mlflow.set_tracking_uri("{uri}")\n'
        f'run = mlflow.get_run("{where.candidate.eid}")\n'
        "print(run.data.params, run.data.metrics)\n",
    )


@needs(Role.READER)
def as_json(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    """`<iid>.json`: what the pages say, for a script."""
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    audit.record_once(
        What.EXPORTED, project=where.project, about=where.candidate, note="json"
    )
    answer = HttpResponse(
        orjson.dumps(exports.candidate(where.candidate), option=orjson.OPT_INDENT_2),
        content_type="application/json",
    )
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


# ---------------------------------------------------------------- metrics


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
    every = list(where.candidate.metrics.order_by("key"))
    keys = results.ordered_keys(every, None)
    main = main_metric(request, every, keys)
    opts = options.read(request.GET)
    chosen = [metric for metric in every if matches(request, metric.key)]
    above = head(request, where, "metrics")
    base = measure(where.candidate, above["head_baseline"], main, [])
    page = above | {
        "metric_count": len(every),
        "matching": len(chosen),
        "left_out": max(0, len(chosen) - MAX_METRICS_SHOWN),
        "filter": request.GET.get("f", ""),
        "sections": sections(chosen[:MAX_METRICS_SHOWN], main),
        "main": main,
        "problems": problems(request, opts, every),
        "frame": frames.frame(
            subject(where.candidate, main, opts, base),
            with_table="table" in request.GET,
        )
        if main and main.count > 1
        else None,
        "chart_url": chart_url(where, main) if main else "",
        "csv_url": csv_url(where, main) if main else "",
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


def named(request: HttpRequest, where: Found) -> QuerySet[Metric]:
    """The metric that the address names, if there is one."""
    # PostgreSQL cannot even look for a NUL.
    return where.candidate.metrics.filter(
        key=request.GET.get("m", "").replace("\0", "")
    )


# ---------------------------------------------------------------- export


class Echo:
    """A file that gives back what is written into it, for streaming."""

    def write(self, line: str) -> str:
        return line


@needs(Role.READER)
def history(request: HttpRequest, slug: str, iid: int) -> Any:
    """Every point of one metric, or of all, as CSV. Streamed: it may be millions."""
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    every = where.candidate.metrics.order_by("pk")
    metrics = list(named(request, where) if "m" in request.GET else every)
    if not metrics and "m" in request.GET:
        raise Http404
    audit.record_once(
        What.EXPORTED,
        project=where.project,
        about=where.candidate,
        note="histories as csv",
    )
    response = StreamingHttpResponse(
        csv_lines(metrics), content_type="text/csv; charset=utf-8"
    )
    name = f"{where.project.slug}-{where.candidate.iid}-metrics.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def csv_lines(metrics: list[Metric]) -> Iterator[str]:
    write: Callable[[list[Any]], str] = csv.writer(Echo()).writerow
    keys = {metric.pk: harmless(metric.key) for metric in metrics}
    yield write(["metric", "step", "timestamp", "time", "value"])
    for pk, step, timestamp, value in curves.every_point(metrics):
        when = moment(timestamp)
        text = when.astimezone(UTC).isoformat() if when else ""
        yield write([keys[pk], step, timestamp, text, repr(value)])


def harmless(text: str) -> str:
    """A spreadsheet takes a cell that begins like this for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
