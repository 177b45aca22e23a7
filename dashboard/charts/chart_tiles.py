"""A chart on the Charts tab: its first drawing, and the addresses of its forms."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import (
    HttpRequest,
)
from django.urls import reverse

from dashboard.charts import frames
from dashboard.charts.chart_specs import Spec
from dashboard.charts.charted import Asked
from dashboard.charts.drawings import lines
from dashboard.compare import pictorial
from tracker.models import Metric


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
    curves = [
        spec
        for spec in every
        if spec.kind == "line" and len(spec.fields) == 1 and metrics[spec.fields[0]]
    ]
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
CHART_KEYS = ("q", "sort", "show", "group", "x", "y", "sm", "clip", "x0", "x1")


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
