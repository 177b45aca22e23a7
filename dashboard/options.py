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
from tracker.models import Metric

SMOOTHEST = 0.99
USUAL_SMOOTHING = 0.6
# Where smoothing was not chosen, it helps with many noisy points and hides few.
SMOOTHED_FROM = 100

NUMBER_OR_RANGE = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?\Z", re.ASCII)


class Options(NamedTuple):
    x: Axis | None = None  # None: by the points themselves
    is_log: bool = False
    smoothing: float | None = None  # None: by the number of points
    between: tuple[float, float] | None = None
    hidden: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()

    def axis(self, metrics: list[Metric]) -> Axis:
        """Who logs without steps has all points at step 0; over time they are a curve."""
        if self.x:
            return self.x
        stepless = [m for m in metrics if m.count > 1 and m.first_step == m.step]
        return (
            Axis.RELATIVE if stepless and len(stepless) == len(metrics) else Axis.STEP
        )

    def alpha(self, key: str, metrics: list[Metric]) -> float:
        if self.smoothing is not None:
            return self.smoothing
        longest = max((metric.count for metric in metrics), default=0)
        if longest < SMOOTHED_FROM or VALIDATION.search(plain(key)):
            return 0.0
        return USUAL_SMOOTHING


def read(query: QueryDict) -> Options:
    problems: list[str] = []
    return Options(
        x=read_axis(query.get("x", ""), problems),
        is_log=read_scale(query.get("y", ""), problems),
        smoothing=read_smoothing(query.get("sm", ""), problems),
        between=read_range(query.get("x0", ""), query.get("x1", ""), problems),
        hidden=frozenset(query.get("hide", "").split(",")) - {""},
        problems=tuple(problems),
    )


def read_axis(text: str, problems: list[str]) -> Axis | None:
    if not text:
        return None
    try:
        return Axis(text)
    except ValueError:
        problems.append(
            f"“x={text[:40]}” is no axis. Use step, time or rel; drawn over steps."
        )
        return Axis.STEP


def read_scale(text: str, problems: list[str]) -> bool:
    if text not in ("", "lin", "log"):
        problems.append(f"“y={text[:40]}” is no scale. Use lin or log; drawn linear.")
    return text == "log"


def read_smoothing(text: str, problems: list[str]) -> float | None:
    if not text:
        return None
    alpha = as_float(text.removeprefix("ema:"))
    if alpha is None or not 0 <= alpha <= 1:
        problems.append(
            f"“sm={text[:40]}” is no smoothing. Use a number from 0 to {SMOOTHEST}."
        )
        return None
    return min(alpha, SMOOTHEST)


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
            f" these are the first {limit}."
        )
    return list(found)[:limit]


def written_iids(iids: list[int]) -> str:
    """The short form of a set: `12,14-19`. Order is kept."""
    parts: list[list[int]] = []
    for iid in iids:
        if parts and iid == parts[-1][-1] + 1:
            parts[-1].append(iid)
        else:
            parts.append([iid])
    return ",".join(
        f"{part[0]}-{part[-1]}" if len(part) > 2 else ",".join(map(str, part))
        for part in parts
    )
