"""What `chart.json` says of curves: one metric of some candidates, or several metrics.

A sheet is asked for its version first; whether it changed is known without reading a
point. The notes under a chart say what stands behind its lines and what is left out.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from dashboard.charts import figures, frames
from dashboard.charts.curve_figures import (
    Line,
    Mark,
    Paper,
    fixed_range,
    lines,
    outside,
)
from dashboard.charts.figures import Look
from dashboard.charts.frames import Member, Subject, last_value, legend, tables
from dashboard.directions import Direction, direction
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker import curves, smoothing
from tracker.curves import Axis, Curve, Odd
from tracker.liveness import SYSTEM
from tracker.models import Metric
from tracker.models.states import State, state


class Join(StrEnum):
    """How several metrics share a chart."""

    ONE = ""  # one axis for all
    TWO = "two"  # the first to the left, the others to the right
    NORM = "norm"  # each from its own lowest, 0, to its own highest, 1


@dataclass
class Sheet:
    """A chart of curves: one subject for each metric."""

    subjects: Sequence[Subject]
    join: Join = Join.ONE
    # By candidate: the series that takes the place of the steps.
    across: Mapping[int, Metric] = field(default_factory=dict)

    @property
    def first(self) -> Subject:
        return self.subjects[0]

    @property
    def members(self) -> list[Member]:
        return [member for subject in self.subjects for member in subject.members]

    @cached_property
    def axis(self) -> Axis:
        """One for all, else a curve logged without steps would stand at the edge."""
        return Axis.STEP if self.first.options.across else self.first.axis

    @cached_property
    def unit(self) -> figures.Unit:
        return max((s.unit for s in self.subjects), key=lambda unit: unit.seconds)

    @property
    def is_single(self) -> bool:
        return len(self.subjects) == 1 and self.first.is_single


def sheet(subjects: Sequence[Subject], join: Join = Join.ONE) -> Sheet:
    """One query where another metric takes the place of the steps."""
    found = Sheet(subjects, join)
    if key := found.first.options.across:
        rows = Metric.objects.filter(
            candidate__in={member.candidate.pk for member in found.members}, key=key
        )
        found.across = {metric.candidate_id: metric for metric in rows}
    return found


def version(on: Sheet) -> list[Any]:
    """Another one as soon as the chart would say something else."""
    return [
        on.join,
        *(subject.missing for subject in on.subjects),
        *(
            (m.metric.pk, m.metric.count, m.metric.logged_ms, m.candidate.iid)
            + (m.candidate.name, m.candidate.status, m.is_baseline)
            for m in on.members
        ),
        *((m.pk, m.count, m.logged_ms) for m in on.across.values()),
    ]


def answer(on: Sheet) -> dict[str, Any]:
    """What `chart.json` says."""
    if on.is_single:
        return bars(on.first)
    drawn = read(on)
    strokes = [
        stroke(on, subject, member, drawn[member.metric.pk])
        for subject in on.subjects
        for member in subject.members
        if member.metric.pk in drawn
    ]
    paper = paper_of(on)
    by_metric = {
        pk: list(zip(curve.x, curve.y, strict=True)) for pk, curve in drawn.items()
    }
    return {
        "figure": lines(strokes, paper),
        "legend": [entry._asdict() for entry in legend(on.first)],
        "notes": [*notes(on, drawn), *beyond(strokes, paper)],
        "table": [
            table._asdict()
            for subject in on.subjects
            for table in tables(subject, by_metric)
        ],
        # Whether zooming in brings points that are not here.
        "finer": not on.across and any(curve.is_condensed for curve in drawn.values()),
        "at": on.first.options.across or frames.at(on.axis, on.unit),
        # Charts with the same axis move together.
        "axis": f"m:{on.first.options.across}" if on.across else on.axis,
        # From a place on the axis to what an address says of it.
        "scale": paper.scale,
    }


def bars(subject: Subject) -> dict[str, Any]:
    """Where every candidate has one value."""
    return {
        "figure": figures.bars(
            [
                figures.Bar(m.id, f"#{m.id}", m.look.slot, last_value(m.metric))
                for m in subject.members
            ]
        ),
        "legend": [entry._asdict() for entry in legend(subject)],
        "notes": frames.notes_before(subject),
        "table": [table._asdict() for table in tables(subject, {})],
        "finer": False,
        "at": "",
        "scale": 1,
    }


def paper_of(on: Sheet) -> Paper:
    subject = on.first
    keys = [one.key for one in on.subjects]
    return Paper(
        axis=on.axis,
        unit=on.unit,
        is_log=subject.options.is_log and on.join is not Join.NORM,
        is_clipped=subject.options.is_clipped,
        across=subject.options.across,
        left=keys[0] if on.join is Join.TWO else "",
        right=", ".join(keys[1:]) if on.join is Join.TWO else "",
        is_from_zero=all(key.startswith(SYSTEM) for key in keys),
        span=(0, 100) if all(key.endswith(PER_CENT) for key in keys) else None,
    )


# How MLflow's client calls what a machine reports in per cent.
PER_CENT = "_percentage"


# ---------------------------------------------------------------- what the lines go through


def read(on: Sheet) -> dict[int, Curve]:
    """By metric. As they were logged, over another metric where one is asked for."""
    metrics = [member.metric for member in on.members]
    # Each bucket has a point of the smoothed line beside its own two.
    buckets = curves.MAX_BUCKETS // (2 if on.first.smoother else 1)
    drawn = curves.condensed(
        metrics, axis=on.axis, buckets=buckets, between=between(on)
    )
    if not on.first.options.across:
        return drawn
    places = curves.condensed(list(on.across.values()), axis=Axis.STEP)
    return {
        member.metric.pk: placed(
            drawn[member.metric.pk], places[on.across[member.candidate.pk].pk]
        )
        for member in on.members
        if member.candidate.pk in on.across
    }


def curves_of(on: Sheet) -> list[tuple[str, Member, Curve]]:
    """Key, whose it is, and the points."""
    drawn = read(on)
    return [
        (subject.key, member, drawn[member.metric.pk])
        for subject in on.subjects
        for member in subject.members
        if member.metric.pk in drawn
    ]


def between(on: Sheet) -> tuple[float, float] | None:
    """The range that is asked for: steps, milliseconds, or seconds since the start."""
    return None if on.first.options.across else on.first.options.between


def placed(curve: Curve, places: Curve) -> Curve:
    """A curve over another one: each point where that stood at its step, or before."""

    def there(x: float) -> float | None:
        found = bisect_right(places.x, x) - 1
        return places.y[found] if found >= 0 else None

    points = [
        (place, y)
        for x, y in zip(curve.x, curve.y, strict=True)
        if (place := there(x)) is not None
    ]
    return curve._replace(
        x=[x for x, _ in points],
        y=[y for _, y in points],
        means=[
            (place, mean, count)
            for x, mean, count in curve.means
            if (place := there(x)) is not None
        ],
        odd=[
            Odd(place, odd.value)
            for odd in curve.odd
            if (place := there(odd.x)) is not None
        ],
    )


def stroke(on: Sheet, subject: Subject, member: Member, curve: Curve) -> Line:
    at = on.subjects.index(subject)
    if on.join is Join.NORM:
        curve = normalised(subject, curve)
    # Over another metric the way may lead back, where a mean along it says nothing.
    by = None if on.first.options.across else subject.smoother
    is_band = by is not None and by.kind is smoothing.Kind.ENVELOPE
    several = len(on.subjects) > 1
    return Line(
        id=member.id,
        look=Look(member.look.slot, at % len(figures.DASHES))
        if several
        else member.look,
        curve=curve,
        smooth=smoothing.smoothed(curve, by) if by and not is_band else None,
        envelope=smoothing.envelope(curve) if is_band else None,
        best=best(subject, curve)
        if subject.marks_best and not member.is_baseline and not several
        else None,
        is_live=state(member.candidate) is State.LIVE,
        is_right=on.join is Join.TWO and at > 0,
        name=subject.key if several else "",
    )


def normalised(subject: Subject, curve: Curve) -> Curve:
    """From the lowest to the highest of all that are drawn of this metric."""
    lows = [m.min_value for m in subject.metrics if m.min_value is not None]
    highs = [m.max_value for m in subject.metrics if m.max_value is not None]
    low, high = min(lows, default=0.0), max(highs, default=1.0)
    # Halves, because the distance between two doubles may not be one.
    spread = high / 2 - low / 2

    def part(y: float) -> float:
        return (y / 2 - low / 2) / spread if spread else 0.5

    return curve._replace(
        y=[part(y) for y in curve.y],
        means=[(x, part(mean), count) for x, mean, count in curve.means],
    )


def best(subject: Subject, curve: Curve) -> Mark | None:
    towards = direction(subject.key)
    if towards is Direction.NONE or not curve.x:
        return None
    points = zip(curve.x, curve.y, strict=True)
    if towards is Direction.MAX:
        x, y = max(points, key=lambda point: (point[1], -point[0]))
    else:
        x, y = min(points, key=lambda point: (point[1], point[0]))
    return Mark(x, y, f"{towards} {shown(y)}")


# ---------------------------------------------------------------- notes


def notes(on: Sheet, drawn: Mapping[int, Curve]) -> list[str]:
    """Under each chart: what stands behind the lines, and what is left out."""
    found = notes_before(on)
    every = list(drawn.values())
    if condensed := [curve for curve in every if curve.is_condensed]:
        points = sum(curve.points for curve in condensed)
        parts = max(curve.buckets for curve in condensed)
        each = " each" if len(condensed) > 1 else ""
        found.append(
            f"{grouped(points)} points shown as {grouped(parts)} min–max buckets{each}:"
            " no spike is lost; zoom for detail"
        )
    if repeated := sum(curve.repeated for curve in every):
        found.append(
            f"{grouped(repeated)} point{'s' if repeated > 1 else ''} shared a step with"
            " a later one; the line takes the last"
        )
    metrics = [member.metric for member in on.members]
    if odd := sum(metric.count - metric.finite for metric in metrics):
        found.append(
            f"{grouped(odd)} value{'s are' if odd > 1 else ' is'} NaN or infinite, marked"
            " at the edge"
        )
    if on.first.options.is_log and on.join is not Join.NORM:
        lost = sum(1 for curve in every for y in curve.y if y <= 0)
        if lost:
            found.append(
                f"{grouped(lost)} value{'s' if lost > 1 else ''} at or below 0 left out"
            )
    return found


def notes_before(on: Sheet) -> list[str]:
    if key := on.first.options.across:
        found = frames.notes_before(unsmoothed(on.first))
        found.append(f"over {key}, as it stood at the step of each point or before")
        lost = sum(1 for m in on.members if m.candidate.pk not in on.across)
        if lost:
            found.append(
                f"{lost} curve{'s' if lost > 1 else ''} without {key} left out"
            )
        return found
    if len(on.subjects) == 1:
        return frames.notes_before(on.first)
    found = list(
        dict.fromkeys(
            note for subject in on.subjects for note in frames.notes_before(subject)
        )
    )
    if on.join is Join.NORM:
        found.append("each metric from its lowest, 0, to its highest, 1")
    return found


def unsmoothed(subject: Subject) -> Subject:
    """Another metric across rules smoothing out."""
    off = smoothing.Smoothing(smoothing.Kind.EMA)
    return subject._replace(options=subject.options._replace(smoothing=off))


def beyond(strokes: Sequence[Line], paper: Paper) -> list[str]:
    """What was left outside the axis on the reader's own wish."""
    if not paper.is_clipped:
        return []
    limits = fixed_range(
        [y for line in strokes if not line.is_right for y in line.curve.y], paper
    )
    many = sum(len(outside(line, limits, paper)) for line in strokes) if limits else 0
    if not many:
        return []
    return [
        f"{grouped(many)} drawn point{'s' if many > 1 else ''} beyond 1 to 99 % of the"
        " values, marked at the edge"
    ]
