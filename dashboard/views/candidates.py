"""A candidate's page: what it reached, what it was made with, where it came from."""

from typing import NamedTuple

import orjson
from django.http import (
    HttpRequest,
    HttpResponse,
)
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from dashboard import about, primary, prose, snippets
from dashboard.about import NOTE
from dashboard.candidate import (
    lost,
    progress,
    reproduce,
    results,
    showing,
    surroundings,
)
from dashboard.candidate.curve import (
    Base,
    chart_url,
    main_metric,
    matches,
    measure,
    subject,
)
from dashboard.candidate.head import Found, found, head
from dashboard.candidate.shelves import Shelf
from dashboard.charts import frames, options
from dashboard.charts.plotly import with_charts
from dashboard.table import exports
from tracker import audit
from tracker.models import (
    CIBuild,
    Role,
    What,
)
from tracker.models.states import State, state
from tracker.permits import needs


@needs(Role.READER)
@with_charts
def candidate(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    where = found(request, slug, iid)
    if where.gone:
        return where.gone
    this = where.candidate
    above = head(request, where, "overview")
    metrics = list(this.metrics.order_by("key"))
    tags = dict(this.tags.values_list("key", "value"))
    params = dict(this.params.order_by("key").values_list("key", "value"))
    judged_by = primary.primaries([this.experiment_id]).get(this.experiment_id)
    keys = results.ordered_keys(metrics, judged_by.key if judged_by else None)
    build = CIBuild.objects.filter(candidate=this).first()
    opts = options.read(request.GET)
    main = main_metric(request, metrics, keys)
    base = measure(this, above["head_baseline"], main, keys)
    known = surroundings.of([this])[this.pk]
    datasets = about.datasets(this)
    every = compared_params(params, base)
    only = request.GET.get("diff") == "1" and base is not None
    checks = reproduce.checks(tags, params, build, datasets, known)
    page = above | {
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
        "axis_keys": [metric.key for metric in metrics if metric.count > 1][:100],
        "params": [
            param
            for param in every
            if matches(request, param.key, param.value) and (param.differs or not only)
        ],
        "param_count": len(params),
        "differing": sum(1 for param in every if param.differs),
        "only": only,
        "filter": request.GET.get("f", ""),
        "note": prose.html(tags[NOTE], where.project.slug) if tags.get(NOTE) else "",
        "note_text": tags.get(NOTE, ""),
        "tags": about.own_tags(tags),
        "system_tags": about.system_tags(tags),
        "facts": about.source(tags) + about.code(tags, build) + about.host(tags),
        "known": known,
        "headline": headline(known),
        "checks": checks,
        "met": sum(check.is_met for check in checks),
        "progress": progress.of(this, metrics, params),
        "lost": lost.lost(where, metrics) if state(this) == State.LOST else None,
        "build": build,
        "ci": about.ci(build),
        "datasets": datasets,
        "models": about.models(this),
        "pictures": [tile(Shelf(where), image) for image in showing.pictures(this)],
        "python": python_to_load(request, where),
    }
    return render(request, "dashboard/candidate.html", page)


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


def tile(here: Shelf, image: showing.Image) -> Tile:
    artifact = image.artifact
    return Tile(image, here.address(artifact.path), here.raw(artifact, "thumbnail"))


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
