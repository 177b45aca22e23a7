"""How a value looks in its cell: numbers against a baseline, texts, and links out."""

import math

from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.candidate.progress import Progress
from dashboard.directions import Direction
from dashboard.table.columns import ATTRIBUTE, Column
from dashboard.templatetags.tracker_tags import signed, state
from tracker.models import Candidate, CIBuild

CUT_CHARS = 60  # of a text value; the whole of it is in the title


def delta(value: float, base: float | None, column: Column) -> SafeString | str:
    """The way from the baseline; coloured where it is known which way is better."""
    if base is None or not math.isfinite(base) or not math.isfinite(value):
        return ""
    change = value - base
    if not math.isfinite(change):
        return ""
    better = column.direction is Direction.MAX
    kind, words = "", ""
    if change and column.direction is not Direction.NONE:
        is_better = (change > 0) is better
        kind = " good" if is_better else " worse"
        words = f" {'better' if is_better else 'worse'} than baseline"
    return format_html(
        '<span class="delta{}" title="{}">{}<span class="sr">{}</span></span>',
        kind,
        repr(change),
        signed(change, like=value),
        words,
    )


def underway(candidate: Candidate, found: Progress) -> SafeString:
    """The state of one that runs, how far it is, and a line at the foot of the cell."""
    left = found.left.removeprefix("about ").removesuffix(" left")
    return format_html(
        '<span class="way" title="{}">{}<small class="muted">{} %{}</small></span>'
        '<progress class="meter" max="100" value="{}" aria-hidden="true"></progress>',
        found.sentence,
        state(candidate),
        found.per_cent,
        f", {left}" if left else "",
        found.per_cent,
    )


def label(column: Column) -> str:
    """Where rows are cards, no header says which of two losses it is."""
    return column.label if column.kind == ATTRIBUTE else column.key


EMPTY_SLOT = SafeString("<span></span>")
MISSING = format_html('<span class="none">{}</span>', "–")


def text(value: str | None) -> SafeString | str:
    """A logged text, cut where it is long; the empty text is not the same as none."""
    if value is None:
        return MISSING
    if value == "":
        return format_html('<span class="none">{}</span>', "empty")
    if len(value) <= CUT_CHARS:
        return value
    return format_html(
        '<span title="{}">{}…</span>', value[:1000], value[: CUT_CHARS - 1]
    )


def job(build: CIBuild | None) -> SafeString:
    if build is None:
        return MISSING
    name = build.job_name or (f"#{build.job_id}" if build.job_id else build.provider)
    return linked(build.job_url or build.pipeline_url, name)


def commit(build: CIBuild | None) -> SafeString:
    if build is None or not build.commit:
        return MISSING
    return linked(build.commit_url, build.commit[:8], classes="mono")


def linked(url: str, name: str, *, classes: str = "") -> SafeString:
    """A link out, only ever to the web: tags can claim any address."""
    if not url.startswith(("https://", "http://")):
        return format_html('<span class="{}">{}</span>', classes, name)
    return format_html(
        '<a class="link {}" href="{}" rel="noopener nofollow">{}</a>',
        classes,
        url,
        name,
    )
