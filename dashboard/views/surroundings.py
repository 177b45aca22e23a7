"""A candidate's code and environment, its machine, and how to log what is missing."""

from collections.abc import Mapping
from typing import NamedTuple

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString

from artifacts.models import Artifact
from dashboard import about, find, snippets
from dashboard.candidate import recipes, reproduce, surroundings
from dashboard.candidate.curve import chart_url, matches, subject
from dashboard.candidate.head import Found, found, head
from dashboard.candidate.results import value_of
from dashboard.charts import frames, options
from dashboard.charts.plotly import with_charts
from dashboard.directions import Direction
from dashboard.list_files import links
from tracker.models import Candidate, CIBuild, Metric, Role
from tracker.permits import needs

MAX_CHARTS = 12
MAX_DIFF_CHARS = 64 * 1024
MAX_CODE_FILES = 100
CODE_NAMES = (".py", ".ipynb", ".r", ".jl", ".sh", ".patch", ".diff", ".toml", ".yaml")


class Source(NamedTuple):
    """A file with the address of its page."""

    artifact: Artifact
    url: str


def source(where: Found, artifact: Artifact) -> Source:
    """Files of a model have no page of their own yet."""
    if artifact.candidate_id is None:
        return Source(artifact, "")
    place = [where.project.slug, where.candidate.iid, artifact.path]
    return Source(artifact, reverse("artifact", args=place))


# ---------------------------------------------------------------- code, environment


class Ran(NamedTuple):
    """What the Code tab tells: what ran, on what, and with which data."""

    tags: dict[str, str]
    build: CIBuild | None
    code: list[about.Fact]
    ci: list[about.Fact]
    known: surroundings.Surroundings
    machine: list[tuple[str, str]]
    datasets: list[about.Read]
    checks: list[reproduce.Check]


def ran(this: Candidate) -> Ran:
    tags = dict(this.tags.values_list("key", "value"))
    params = dict(this.params.values_list("key", "value"))
    keys = list(this.metrics.values_list("key", flat=True))
    build = CIBuild.objects.filter(candidate=this).first()
    known = surroundings.of([this])[this.pk]
    datasets = about.datasets(this)
    return Ran(
        tags=tags,
        build=build,
        code=[*about.source(tags), *about.code(tags, build)],
        ci=about.ci(build),
        known=known,
        machine=machine_facts(tags, params, keys),
        datasets=datasets,
        checks=reproduce.checks(tags, params, build, datasets, known),
    )


@needs(Role.READER)
def code(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    above = head(request, where, "code")
    this = ran(where.candidate)
    packages = [
        (name, version)
        for name, version in sorted(this.known.packages.items())
        if matches(request, name, version)
    ]
    page = above | {
        "code": this.code,
        "build": this.build,
        "ci": this.ci,
        "diff": diff(this.tags),
        "files": [source(where, one) for one in code_files(where)],
        "known": this.known,
        "sources": [
            source(where, one) for one in [*this.known.sources, *this.known.locks]
        ],
        "packages": packages,
        "package_count": len(this.known.packages),
        "filter": request.GET.get("f", ""),
        "machine": this.machine,
        "datasets": this.datasets,
        "checks": this.checks,
        "page_files": links(request),
    }
    return render(request, "dashboard/code.html", page)


def diff(tags: Mapping[str, str]) -> SafeString:
    """What was changed on top of the commit, coloured."""
    text = tags.get(reproduce.DIFF, "")[:MAX_DIFF_CHARS]
    return snippets.highlighted("diff", text) if text else SafeString("")


def code_files(where: Found) -> list[Artifact]:
    """Scripts and patches that were logged: those at the top, and all in `code/`."""
    by_name = Q()
    for ending in CODE_NAMES:
        by_name |= Q(name__iendswith=ending)
    in_code = Q(folder="code") | Q(folder__below="code")
    rows = Artifact.objects.of(where.candidate).filter(
        in_code | (Q(folder="") & by_name)
    )
    telling = {*surroundings.READERS, *surroundings.LOCKS}
    listed = rows.order_by("folder", "name")[:MAX_CODE_FILES]
    return [one for one in listed if one.name not in telling]


def machine_facts(
    tags: Mapping[str, str], params: Mapping[str, str], metric_keys: list[str]
) -> list[tuple[str, str]]:
    said = surroundings.machine(tags, params)
    if "GPUs" not in said and (seen := surroundings.gpus_seen(metric_keys)):
        said["GPUs"] = f"{seen} seen by the system metrics"
    return list(said.items())


# ---------------------------------------------------------------- system


class Use(NamedTuple):
    """One system metric in numbers."""

    label: str
    mean: float | None
    highest: float | None
    last: float | None
    points: int


def system_metrics(this: Candidate) -> list[Metric]:
    return list(this.metrics.filter(key__startswith="system/").order_by("key")[:500])


def use_of(metric: Metric) -> Use:
    return Use(
        metric.key.removeprefix("system/"),
        metric.mean,
        value_of(metric, Direction.MAX).number,
        frames.last_value(metric),
        metric.count,
    )


class Drawn(NamedTuple):
    """One of several charts on a page."""

    id: str
    frame: frames.Frame
    url: str


@needs(Role.READER)
@with_charts
def system(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    above = head(request, where, "system")
    metrics = system_metrics(where.candidate)
    opts = options.read(request.GET)
    curves = [metric for metric in metrics if metric.count > 1]
    drawn = frames.several(
        [subject(where.candidate, metric, opts) for metric in curves[:MAX_CHARTS]]
    )
    tags = dict(where.candidate.tags.values_list("key", "value"))
    params = dict(where.candidate.params.values_list("key", "value"))
    page = above | {
        "problems": opts.problems,
        "charts": [
            Drawn(f"chart-{number}", frame, chart_url(where, metric))
            for number, (metric, frame) in enumerate(
                zip(curves, drawn, strict=False), start=1
            )
        ],
        "frame": drawn[0] if drawn else None,
        "uses": [use_of(metric) for metric in metrics],
        "page_files": links(request),
        "left_out": max(0, len(curves) - MAX_CHARTS),
        "hints": hints(metrics),
        "machine": machine_facts(tags, params, [metric.key for metric in metrics]),
    }
    return render(request, "dashboard/system.html", page)


IDLE_BELOW = 30.0
FULL_ABOVE = 97.0


def hints(metrics: list[Metric]) -> list[str]:
    """What somebody who pays for the machine would want to know."""
    said = []
    use = {
        metric.key: metric.mean
        for metric in metrics
        if metric.key.startswith("system/gpu_")
        and metric.key.endswith("_utilization_percentage")
        and metric.mean is not None
    }
    idle = [key for key, mean in use.items() if mean is not None and mean < 1]
    if len(use) > 1 and idle and len(idle) < len(use):
        said.append(
            f"{len(idle)} of {len(use)} GPUs did nothing: their mean use is below 1 %."
        )
    busy = [mean for key, mean in use.items() if key not in idle and mean is not None]
    if busy and sum(busy) / len(busy) < IDLE_BELOW:
        said.append(
            f"The GPU was used {sum(busy) / len(busy):.0f} % on average: it may be"
            " waiting for data."
        )
    for metric in metrics:
        if (
            metric.key.endswith("memory_usage_percentage")
            and metric.max_value is not None
            and metric.max_value > FULL_ABOVE
        ):
            label = metric.key.removeprefix("system/").replace("_", " ")
            said.append(f"{label} reached {metric.max_value:.0f} %.")
    return said


# ---------------------------------------------------------------- recipe


@needs(Role.READER)
def recipe(request: HttpRequest, slug: str) -> HttpResponse:
    """The few lines that log what a candidate page would like to show."""
    project = find.project(request, slug)
    page = {
        "project": project,
        "section": "start",
        "recipes": recipes.RECIPES,
        "may_write": find.may(request, project, Role.WRITER),
    }
    return render(request, "dashboard/recipe.html", page)
