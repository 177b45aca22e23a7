"""The curves of a comparison: one metric of the compared candidates, with its addresses."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from dashboard.candidate.results import value_of
from dashboard.charts import frames, options
from dashboard.compare.compared import Chosen
from dashboard.directions import Direction, direction
from tracker.models import Metric


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
