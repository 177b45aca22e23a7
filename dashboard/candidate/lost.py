"""What a candidate that fell silent left behind: its memory's course and its last words."""

import re
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

from django.db.models import Q
from django.utils.safestring import SafeString

from artifacts import storage
from artifacts.blobs import Missing
from artifacts.models import Artifact
from dashboard.candidate.head import Found
from dashboard.candidate.shelves import Shelf
from dashboard.charts import svg
from tracker import sketches
from tracker.errors import Full, Unavailable
from tracker.models import Metric

FULL = 95.0
WHOLE = svg.Scale(0.0, 100.0)
MAX_CURVES = 3
# Where scripts keep what they print: MLflow has no name of its own for it.
LOGS = Q(name__iendswith=".log") | Q(
    name__in=["stdout", "stderr", "stdout.txt", "stderr.txt", "output.txt", "log.txt"]
)
TAIL_BYTES = 8 * 1024
MAX_LINES = 12
MAX_LINE_CHARS = 300


class Memory(NamedTuple):
    """How full a memory was, over the whole run."""

    label: str
    curve: SafeString
    said: str


class Log(NamedTuple):
    """The end of a file that the script printed to."""

    path: str
    url: str
    text: str


class Lost(NamedTuple):
    reasons: list[str]
    memories: list[Memory]
    log: Log | None


def lost(where: Found, metrics: Sequence[Metric]) -> Lost:
    """Two queries, and one short read from the storage."""
    memories = [metric for metric in metrics if is_memory(metric)]
    full = [metric for metric in memories if (metric.max_value or 0) > FULL]
    return Lost(
        [f"{label(metric)} had reached {metric.max_value:.0f} %." for metric in full],
        curves(sorted(memories, key=lambda m: -(m.max_value or 0))[:MAX_CURVES]),
        log(where),
    )


def is_memory(metric: Metric) -> bool:
    return (
        metric.key.startswith("system/")
        and "memory" in metric.key
        and metric.key.endswith("percentage")
        and metric.max_value is not None
    )


def label(metric: Metric) -> str:
    words = metric.key.removeprefix("system/").removesuffix("_percentage")
    words = words.removeprefix("system_").replace("_", " ")
    return re.sub(r"\bgpu\b", "GPU", words[:1].upper() + words[1:], flags=re.I)


def curves(metrics: Sequence[Metric]) -> list[Memory]:
    drawn = sketches.sketched([metric for metric in metrics if metric.count > 1])
    found = []
    for metric in metrics:
        points = [(float(s.timestamp), s.value) for s in drawn.get(metric.pk, [])]
        if len(points) > 1:
            said = f"{points[-1][1]:.0f} % at the end, {metric.max_value:.0f} % at most"
            curve = svg.sparkline(points, WHOLE)
            found.append(Memory(label(metric), curve, said))
    return found


# ---------------------------------------------------------------- the last words


def log(where: Found) -> Log | None:
    """The last lines of the log that was written last, where they can be read."""
    kept = Artifact.objects.of(where.candidate).filter(LOGS, size_bytes__gt=0)
    newest = kept.order_by("-uploaded_at", "pk").first()
    if newest is None:
        return None
    start = max(0, newest.size_bytes - TAIL_BYTES)
    try:
        with closing(storage.blobs().open(newest.blob, start, newest.size_bytes)) as it:
            tail = b"".join(it)
    except (Missing, Full, Unavailable):
        return None
    text = last_lines(tail.decode("utf-8", "replace"), is_whole=start == 0)
    url = Shelf(where).address(newest.path)
    return Log(newest.path, url, text) if text else None


# Colours and cursor movements of terminals, and what else no page can show.
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def last_lines(text: str, *, is_whole: bool) -> str:
    """As a terminal showed them: of a progress bar that rewrites its line, the last state."""
    lines = ESCAPES.sub("", text).rstrip().split("\n")
    if not is_whole:
        lines = lines[1:] or lines
    shown = [line.rstrip("\r").rpartition("\r")[2] for line in lines[-MAX_LINES:]]
    return "\n".join(cut(UNSHOWN.sub("", line)) for line in shown)


def cut(line: str) -> str:
    return line if len(line) <= MAX_LINE_CHARS else f"{line[:MAX_LINE_CHARS]}…"
