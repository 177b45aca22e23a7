"""How far a running candidate is, where its parameters name a total."""

import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

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


def of(
    candidate: Candidate, metrics: Iterable[Metric], params: Mapping[str, str]
) -> Progress | None:
    if candidate.status != Status.RUNNING:
        return None
    trained = [metric for metric in metrics if not SYSTEM.match(metric.key)]
    if not trained:
        return Progress("", 0, None, "")
    latest = max(trained, key=lambda metric: metric.logged_ms)
    first = min(metric.first_step for metric in trained)
    step = max(metric.step for metric in trained)
    total = total_of(params, step)
    now = time.time()
    seconds = max(0.0, now - latest.logged_ms / 1000)
    seen = "just now" if seconds < 2 else f"{span(seconds)} ago"
    left = ""
    began = candidate.started_ms / 1000
    if total and step - first > 0 and latest.logged_ms / 1000 > began:
        per_step = (latest.logged_ms / 1000 - began) / (step - first + 1)
        remaining = per_step * (total - step - 1) - seconds
        # A guess that has been wrong already is no guess.
        left = f"about {span(remaining)} left" if remaining > 1 else ""
    return Progress(seen, step, total, left)


def total_of(params: Mapping[str, str], step: int) -> int | None:
    """The first total that the steps so far do not contradict."""
    for name in TOTALS:
        text = params.get(name, "")
        if text.isascii() and text.isdigit() and len(text) < 16:
            total = int(text)
            if total >= max(step, 1):
                return total
    return None
