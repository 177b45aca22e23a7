"""A chart of curves with what stands around it: legend, honest notes, values as a table.

A page shows the frame with a sketch made on the server; the script asks for `answer`
and draws the curves over it. Both say the same about the same metrics.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple

from django.utils.safestring import SafeString

from dashboard.charts import figures, svg
from dashboard.charts.figures import Look
from dashboard.charts.options import Options
from dashboard.directions import Direction, direction
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker import sketches
from tracker.curves import Axis
from tracker.liveness import SYSTEM
from tracker.models import Candidate, Metric
from tracker.models.candidates import moment
from tracker.models.states import State, state
from tracker.sketches import Sample
from tracker.smoothing import Kind, Smoothing

SKETCHED = 64  # points of a line before the script, and of all lines together
MOST_SKETCHED = 4800
LEAST_SKETCHED = 24
TABLE_ROWS = 20


def looks(candidates: Iterable[Candidate]) -> dict[int, Look]:
    """By primary key. The colour is the same on every page: the number modulo 8."""
    seen: Counter[int] = Counter()
    found = {}
    # By number: another order of the same candidates changes no dash.
    for candidate in sorted(candidates, key=lambda one: one.iid):
        slot = candidate.iid % 8
        found[candidate.pk] = Look(slot, seen[slot] % len(figures.DASHES))
        seen[slot] += 1
    return found


class Member(NamedTuple):
    """A candidate in a chart, and its series there."""

    candidate: Candidate
    look: Look
    metric: Metric
    is_baseline: bool = False

    @property
    def id(self) -> str:
        return str(self.candidate.iid)


class Entry(NamedTuple):
    """A line of the legend."""

    id: str
    name: str
    slot: int
    dash: int
    value: str  # the last one
    is_live: bool
    is_baseline: bool
    is_hidden: bool
    label: str | None = None  # instead of the number


class Table(NamedTuple):
    """Values behind a chart, for reading."""

    caption: str
    columns: list[str]
    rows: list[list[str]]


class Subject(NamedTuple):
    """What a chart shows: one metric of some candidates."""

    key: str
    members: list[Member]
    options: Options
    missing: int = 0  # candidates that never logged it
    marks_best: bool = False

    @property
    def metrics(self) -> list[Metric]:
        return [member.metric for member in self.members]

    @property
    def axis(self) -> Axis:
        return Axis.STEP if self.options.across else self.options.axis(self.metrics)

    @property
    def smoother(self) -> Smoothing | None:
        return self.options.smoother(self.key, self.metrics)

    @property
    def unit(self) -> figures.Unit:
        """From whole series, so that zooming does not change what numbers mean."""
        longest = max(
            ((m.timestamp - m.started_ms) / 1000 for m in self.metrics), default=0
        )
        return figures.unit_for(longest)

    @property
    def is_single(self) -> bool:
        """Every candidate has one value: bars, not curves."""
        return all(metric.count == 1 for metric in self.metrics)


# ---------------------------------------------------------------- for the page


class Frame(NamedTuple):
    subject: Subject
    still: SafeString
    legend: list[Entry]
    summary: str
    notes: list[str]
    tables: list[Table]

    @property
    def over(self) -> str:
        if self.subject.options.across:
            return f"over {self.subject.options.across}"
        return {
            Axis.STEP: "by step",
            Axis.TIME: "over time",
            Axis.RELATIVE: "since the start",
        }[self.subject.axis]


def frame(subject: Subject, *, with_table: bool = False) -> Frame:
    """One query: the sketches."""
    many = len(subject.metrics)
    samples = max(LEAST_SKETCHED, min(SKETCHED, MOST_SKETCHED // max(1, many)))
    drawn = sketches.sketched(subject.metrics, samples)
    return framed(subject, drawn, with_table=with_table)


def several(
    subjects: Sequence[Subject], *, with_table: bool = False, samples: int = SKETCHED
) -> list[Frame]:
    """One query for them all."""
    metrics = [metric for subject in subjects for metric in subject.metrics]
    drawn = sketches.sketched(metrics, samples)
    return [framed(subject, drawn, with_table=with_table) for subject in subjects]


def framed(
    subject: Subject, drawn: dict[int, list[Sample]], *, with_table: bool
) -> Frame:
    axis = subject.axis  # asks all of its metrics
    lines = {
        metric.pk: placed(axis, metric, drawn[metric.pk]) for metric in subject.metrics
    }
    return Frame(
        subject=subject,
        still=still(subject, lines),
        legend=legend(subject),
        summary=summary(subject),
        notes=notes_before(subject),
        tables=tables(subject, lines) if with_table else [],
    )


def placed(
    axis: Axis, metric: Metric, samples: Sequence[Sample]
) -> list[tuple[float, float]]:
    def x_of(sample: Sample) -> float:
        if axis is Axis.STEP:
            return sample.step
        if axis is Axis.TIME:
            return sample.timestamp
        return (sample.timestamp - metric.started_ms) / 1000

    line = [(x_of(sample), sample.value) for sample in samples]
    return sorted(line, key=lambda point: point[0])


def still(subject: Subject, lines: dict[int, list[tuple[float, float]]]) -> SafeString:
    shown_members = [
        member for member in subject.members if member.id not in subject.options.hidden
    ]
    if subject.is_single:
        return svg.bars(
            [(f"#{m.id}", m.look.slot, m.metric.value) for m in shown_members]
        )
    return svg.lines(
        [
            svg.Stroke(m.id, m.look.slot, m.look.dash, lines[m.metric.pk])
            for m in shown_members
        ],
        is_log=subject.options.is_log,
    )


def legend(subject: Subject) -> list[Entry]:
    return [
        Entry(
            id=member.id,
            name=member.candidate.name,
            slot=member.look.slot,
            dash=member.look.dash,
            value=shown(last_value(member.metric)),
            is_live=state(member.candidate) is State.LIVE,
            is_baseline=member.is_baseline,
            is_hidden=member.id in subject.options.hidden,
        )
        for member in subject.members
    ]


def last_value(metric: Metric) -> float:
    return math.nan if metric.is_nan else metric.value


def summary(subject: Subject) -> str:
    """The chart in a sentence, for who cannot see it."""
    many = len(subject.members)
    if not many:
        return f"Nobody has logged {subject.key}"
    what = (
        f"{subject.key} of candidate {subject.members[0].id}"
        if many == 1
        else f"{subject.key} of {many} candidates"
    )
    low = min(metric.first_step for metric in subject.metrics)
    high = max(metric.step for metric in subject.metrics)
    span = f" over steps {grouped(low)} to {grouped(high)}" if high > low else ""
    return f"{what}{span}; {extreme(subject)}"


def extreme(subject: Subject) -> str:
    wants_low = direction(subject.key) is Direction.MIN
    values = [
        (metric.min_value if wants_low else metric.max_value, member.id)
        for member in subject.members
        if (metric := member.metric).finite
    ]
    known = [(value, iid) for value, iid in values if value is not None]
    if not known:
        return "no finite value"
    value, iid = min(known) if wants_low else max(known)
    word = "lowest" if wants_low else "highest"
    return f"{word} {shown(value)}" + (
        f" by #{iid}" if len(subject.members) > 1 else ""
    )


def at(axis: Axis, unit: figures.Unit) -> str:
    """What numbers along an axis count."""
    return {Axis.STEP: "step", Axis.TIME: "", Axis.RELATIVE: unit.word}[axis]


# ---------------------------------------------------------------- notes


def notes_before(subject: Subject) -> list[str]:
    """What is known without looking at the points."""
    found = []
    if subject.missing:
        found.append(
            f"{subject.missing} candidate{'s have' if subject.missing > 1 else ' has'}"
            f" no {subject.key}"
        )
    if subject.is_single:
        found.append("logged once each, so drawn as bars")
        return found
    counts = sorted(metric.count for metric in subject.metrics)
    if counts:
        few, many = grouped(counts[0]), grouped(counts[-1])
        each = " each" if len(counts) > 1 else ""
        found.append(
            f"{many} points{each}" if few == many else f"{few} to {many} points each"
        )
    if by := subject.smoother:
        found.append(
            "from the lowest to the highest of each part"
            if by.kind is Kind.ENVELOPE
            else f"thin line as logged, thick line {by.label}"
        )
    is_by_itself = subject.options.x is None and subject.axis is Axis.RELATIVE
    if is_by_itself and not subject.key.startswith(SYSTEM):
        found.append("logged without steps, so drawn over time")
    return found


# ---------------------------------------------------------------- tables


def tables(
    subject: Subject, lines: dict[int, list[tuple[float, float]]]
) -> list[Table]:
    found = [
        Table(
            f"{subject.key}, summary",
            "Candidate|First|Lowest|at step|Highest|at step|Last|Points".split("|"),
            [row(member) for member in subject.members],
        )
    ]
    if not subject.is_single and any(lines.values()):
        found.append(samples(subject, lines))
    return found


def row(member: Member) -> list[str]:
    metric = member.metric
    return [
        f"#{member.id} {member.candidate.name}",
        shown(math.nan if metric.first_is_nan else metric.first_value),
        shown(metric.min_value),
        "–" if metric.min_step is None else grouped(metric.min_step),
        shown(metric.max_value),
        "–" if metric.max_step is None else grouped(metric.max_step),
        shown(last_value(metric)),
        grouped(metric.count),
    ]


def samples(subject: Subject, lines: dict[int, list[tuple[float, float]]]) -> Table:
    """Each curve at evenly spaced places: its value there, or the last before."""
    scale = subject.unit.seconds if subject.axis is Axis.RELATIVE else 1
    every = [x for points in lines.values() for x, _ in points]
    low, high = min(every), max(every)
    rows = []
    for part in range(TABLE_ROWS):
        x = low + (high - low) * part / (TABLE_ROWS - 1)
        values = [before(lines.get(metric.pk, []), x) for metric in subject.metrics]
        rows.append([place(x, subject.axis, scale), *map(shown, values)])
        if high == low:
            break
    where = {
        Axis.STEP: "Step",
        Axis.TIME: "Time (UTC)",
        Axis.RELATIVE: f"After {subject.unit.word}",
    }[subject.axis]
    return Table(
        f"{subject.key} at {len(rows)} places, or the last value before",
        [where, *(f"#{member.id}" for member in subject.members)],
        rows,
    )


def before(points: Sequence[tuple[float, float]], x: float) -> float | None:
    if not points or x > points[-1][0]:
        return None
    behind = bisect_right(points, x, key=itemgetter(0))
    return points[behind - 1][1] if behind else None


def place(x: float, axis: Axis, scale: float) -> str:
    if axis is Axis.TIME:
        when = moment(int(x))
        return when.strftime("%Y-%m-%d %H:%M:%S") if when else str(x)
    return shown(x / scale)
