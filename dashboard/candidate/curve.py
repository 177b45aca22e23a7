"""A candidate's one curve: which metric tells most, beside the experiment's baseline."""

from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import (
    HttpRequest,
)
from django.urls import reverse

from dashboard.candidate import results
from dashboard.candidate.head import Found
from dashboard.charts import frames, options
from dashboard.charts.figures import BACKGROUND, Look
from tracker.models import (
    Candidate,
    Metric,
)


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


def named(request: HttpRequest, where: Found) -> QuerySet[Metric]:
    """The metric that the address names, if there is one."""
    # PostgreSQL cannot even look for a NUL.
    return where.candidate.metrics.filter(
        key=request.GET.get("m", "").replace("\0", "")
    )


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


def matches(request: HttpRequest, *texts: str) -> bool:
    wanted = request.GET.get("f", "").strip().lower()
    return not wanted or any(wanted in text.lower() for text in texts)
