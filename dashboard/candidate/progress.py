"""How far a running candidate is, where a parameter or earlier candidates say the total."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.directions import SYSTEM
from dashboard.templatetags.tracker_tags import grouped, span
from tracker.models import Candidate, Metric, Status

# A parameter with one of these names says how many steps there will be.
TOTALS = (
    "total_steps", "max_steps", "num_steps", "n_steps", "steps",
    "num_train_steps", "max_iterations", "iterations", "n_iter",
    "epochs", "num_epochs", "max_epochs", "num_train_epochs", "n_epochs",
)  # fmt: skip


class Progress(NamedTuple):
    """Where a running candidate stands."""

    seen: str  # "12 s ago"; empty where nothing has arrived yet
    step: int
    total: int | None
    left: str  # "about 4 min left"; empty where nobody can say

    @property
    def per_cent(self) -> int | None:
        if self.total is None:
            return None
        return max(0, min(100, round(100 * self.step / self.total)))

    @property
    def sentence(self) -> str:
        if not self.seen:
            return "Nothing has arrived yet."
        where = f"step {grouped(self.step)}"
        if self.total is not None:
            where += f" of {grouped(self.total)}"
        said = f"Last data {self.seen}, at {where}"
        return f"{said}, {self.left}." if self.left else f"{said}."


class Course(NamedTuple):
    """What a candidate's metrics, without those of the machine, say of its steps."""

    first: int
    step: int
    logged_ms: int

    def with_also(self, other: "Course") -> "Course":
        return Course(
            min(self.first, other.first),
            max(self.step, other.step),
            max(self.logged_ms, other.logged_ms),
        )


def of(
    candidate: Candidate, metrics: Iterable[Metric], params: Mapping[str, str]
) -> Progress | None:
    if candidate.status != Status.RUNNING:
        return None
    trained = [metric for metric in metrics if not SYSTEM.match(metric.key)]
    if not trained:
        return Progress("", 0, None, "")
    course = Course(
        min(metric.first_step for metric in trained),
        max(metric.step for metric in trained),
        max(metric.logged_ms for metric in trained),
    )
    return placed(candidate, course, total_of(params, course.step))


def placed(candidate: Candidate, course: Course, total: int | None) -> Progress:
    """How far it is on its course, and how long the rest takes at its pace so far."""
    seconds = max(0.0, time.time() - course.logged_ms / 1000)
    seen = "just now" if seconds < 2 else f"{span(seconds)} ago"
    left = ""
    began, step = candidate.started_ms / 1000, course.step
    if total and step - course.first > 0 and course.logged_ms / 1000 > began:
        per_step = (course.logged_ms / 1000 - began) / (step - course.first + 1)
        remaining = per_step * (total - step - 1) - seconds
        # A guess that has been wrong already is no guess.
        left = f"about {span(remaining)} left" if remaining > 1 else ""
    return Progress(seen, step, total, left)


# So many earlier candidates must have ended at the same step to say where one will.
LEARNED_FROM = 3


def of_many(
    shown: Sequence[Candidate],
    metrics: Mapping[tuple[int, str], Mapping[str, Any]],
    params: Mapping[tuple[int, str], str],
) -> dict[int, Progress]:
    """Those of a table's page that run and whose total is known: from a param, or since
    the newest finished ones beside them all ended at one step.

    By the metrics on show, so that it costs no query.
    """
    running = [c for c in shown if c.status == Status.RUNNING]
    finished = [c for c in shown if c.status == Status.FINISHED]
    finished.sort(key=lambda candidate: -candidate.started_ms)
    finished = finished[:LEARNED_FROM]
    courses: dict[int, Course] = {}
    wanted = {candidate.pk for candidate in (*running, *finished)}
    for (pk, key), row in metrics.items():
        if pk not in wanted or SYSTEM.match(key):
            continue
        here = Course(row["first_step"], row["step"], row["logged_ms"])
        courses[pk] = here.with_also(courses[pk]) if pk in courses else here
    ids = {candidate.pk for candidate in running}
    ends = [course.step for pk, course in courses.items() if pk not in ids]
    is_usual = len(ends) == LEARNED_FROM and len(set(ends)) == 1
    usual = ends[0] + 1 if is_usual and ends[0] > 0 else None
    found = {}
    for candidate in running:
        course = courses.get(candidate.pk)
        if course is None:
            continue
        said = {key: params.get((candidate.pk, key), "") for key in TOTALS}
        total = total_of(said, course.step)
        if total is None and usual and usual > course.step:
            total = usual
        if total is not None:
            found[candidate.pk] = placed(candidate, course, total)
    return found


def total_of(params: Mapping[str, str], step: int) -> int | None:
    """The first total that the steps so far do not contradict."""
    for name in TOTALS:
        text = params.get(name, "")
        if text.isascii() and text.isdigit() and len(text) < 16:
            total = int(text)
            if total >= max(step, 1):
                return total
    return None
