"""How a chart is to be drawn, as its address says: axis, scale, smoothing, range.

Whatever does not make sense is left aside with a sentence for the reader; an address
that somebody mistyped still shows a chart.
"""

import math
import re
from typing import NamedTuple

from django.http import QueryDict

from dashboard.directions import VALIDATION, plain
from tracker.curves import Axis
from tracker.liveness import SYSTEM
from tracker.models import Metric
from tracker.smoothing import Kind, Smoothing

SMOOTHEST = 0.99
WIDEST = 1000  # points, of a running mean or a Gaussian
USUAL_SMOOTHING = Smoothing(Kind.EMA, 0.6)
# Where smoothing was not chosen, it helps with many noisy points and hides few.
SMOOTHED_FROM = 100

NUMBER_OR_RANGE = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?\Z", re.ASCII)


class Options(NamedTuple):
    x: Axis | None = None  # None: by the points themselves
    is_log: bool = False
    across: str = ""  # the metric that takes the place of the steps
    smoothing: Smoothing | None = None  # None: by the number of points
    is_clipped: bool = False
    between: tuple[float, float] | None = None
    hidden: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    def axis(self, metrics: list[Metric]) -> Axis:
        """Who logs without steps has all points at step 0; over time they are a curve.

        So is what a machine reports: its steps only count the reports.
        """
        if self.x:
            return self.x
        if metrics and all(
            metric.key.startswith(SYSTEM)
            and metric.first_timestamp >= metric.started_ms
            for metric in metrics
        ):
            return Axis.RELATIVE
        stepless = [m for m in metrics if m.count > 1 and m.first_step == m.step]
        return (
            Axis.RELATIVE if stepless and len(stepless) == len(metrics) else Axis.STEP
        )

    def smoother(self, key: str, metrics: list[Metric]) -> Smoothing | None:
        """None where points are drawn as they were logged."""
        if self.smoothing is not None:
            chosen = self.smoothing
            return chosen if chosen.amount or chosen.kind is Kind.ENVELOPE else None
        longest = max((metric.count for metric in metrics), default=0)
        if longest < SMOOTHED_FROM or VALIDATION.search(plain(key)):
            return None
        # What a machine reports is looked at for its peaks.
        return None if key.startswith(SYSTEM) else USUAL_SMOOTHING


def read(query: QueryDict) -> Options:
    problems: list[str] = []
    return Options(
        x=read_axis(query.get("x", ""), problems),
        across=read_across(query.get("x", "")),
        is_clipped=query.get("clip") == "1",
        is_log=read_scale(query.get("y", ""), problems),
        smoothing=read_smoothing(query.get("sm", ""), query.get("smk", ""), problems),
        between=read_range(query.get("x0", ""), query.get("x1", ""), problems),
        hidden=frozenset(query.get("hide", "").split(",")) - {""},
        problems=tuple(problems),
    )


def read_axis(text: str, problems: list[str]) -> Axis | None:
    if not text or (text.startswith("m:") and text[2:]):
        return None
    try:
        return Axis(text)
    except ValueError:
        problems.append(
            f"“x={text[:40]}” is no axis. Use step, time, rel or m: and a metric;"
            " drawn over steps."
        )
        return Axis.STEP


def read_across(text: str) -> str:
    return text[2:].replace("\0", "") if text.startswith("m:") else ""


def read_scale(text: str, problems: list[str]) -> bool:
    if text not in ("", "lin", "log"):
        problems.append(f"“y={text[:40]}” is no scale. Use lin or log; drawn linear.")
    return text == "log"


def read_smoothing(text: str, kind: str, problems: list[str]) -> Smoothing | None:
    """`ema:0.6`, `avg:25`, `gauss:10`, `env`; a form sends the kind by itself."""
    if not text and kind != Kind.ENVELOPE:
        return None
    named, colon, amount = text.rpartition(":")
    named = named if colon else Kind.ENVELOPE if text == Kind.ENVELOPE else kind
    try:
        found = Kind(named or Kind.EMA)
    except ValueError:
        problems.append(
            f"“sm={text[:40]}” is no smoothing. Use ema, avg, gauss or env."
        )
        return None
    if found is Kind.ENVELOPE:
        return Smoothing(found)
    number = as_float(amount)
    if number is None or number < 0 or (found is Kind.EMA and number > 1):
        range_ = f"from 0 to {SMOOTHEST}" if found is Kind.EMA else "of points"
        problems.append(f"“sm={text[:40]}” is no smoothing. Use a number {range_}.")
        return None
    most = SMOOTHEST if found is Kind.EMA else WIDEST
    return Smoothing(found, min(number, most))


def read_range(low: str, high: str, problems: list[str]) -> tuple[float, float] | None:
    if not low and not high:
        return None
    ends = as_float(low), as_float(high)
    if ends[0] is None or ends[1] is None or ends[0] >= ends[1]:
        problems.append("The range x0 to x1 is not one; the whole curve is drawn.")
        return None
    return ends[0], ends[1]


def as_float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


# ---------------------------------------------------------------- sets of candidates

MAX_IID = 2**53


def read_iids(texts: list[str], limit: int, problems: list[str]) -> list[int]:
    """The numbers in `12,14-19`, each once, in the order given."""
    found: dict[int, None] = {}
    for part in ",".join(texts).split(","):
        part = part.strip()
        if not part:
            continue
        match = NUMBER_OR_RANGE.match(part)
        if not match:
            problems.append(f"“{part[:40]}” is no candidate's number.")
            continue
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        for iid in range(first, min(last, first + limit, MAX_IID) + 1):
            found[iid] = None
        if last < first:
            problems.append(f"“{part[:40]}” runs backwards.")
    if len(found) > limit:
        problems.append(
            f"More than {limit} candidates cannot be compared side by side;"
            f" these are the first {limit}. The Charts tab of their experiment draws any"
            " number, and its table groups them."
        )
    return list(found)[:limit]


def written_iids(iids: list[int]) -> str:
    """The short form of a set: `12,14-19`. Order is kept."""
    return ",".join(map(written_run, runs(iids)))


def written_without_each(iids: list[int]) -> dict[int, str]:
    """By the number that is missing, the short form of the others."""
    parts = runs(iids)
    texts = [written_run(part) for part in parts]
    found = {}
    for place, part in enumerate(parts):
        for at, iid in enumerate(part):
            rest = [written_run(half) for half in (part[:at], part[at + 1 :]) if half]
            found[iid] = ",".join([*texts[:place], *rest, *texts[place + 1 :]])
    return found


def runs(iids: list[int]) -> list[list[int]]:
    """Numbers that follow one another stand together."""
    parts: list[list[int]] = []
    for iid in iids:
        if parts and iid == parts[-1][-1] + 1:
            parts[-1].append(iid)
        else:
            parts.append([iid])
    return parts


def written_run(part: list[int]) -> str:
    if len(part) > 2:
        return f"{part[0]}-{part[-1]}"
    return ",".join(map(str, part))
