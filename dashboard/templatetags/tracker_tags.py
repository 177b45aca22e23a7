"""How numbers, times and states look, the same on every page."""

import functools
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from dashboard import toast
from dashboard.directions import rule
from tracker.models import Candidate, State, Status, states
from tracker.models.candidates import moment

register = template.Library()

THIN = "\u202f"  # narrow no-break space, between thousands
MINUS = "\u2212"


@register.simple_tag
@functools.cache
def icon(name: str) -> SafeString:
    """An icon of the sprite, for the eye only: put a word or an aria-label beside it."""
    return format_html(
        '<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("icons.svg"),
        name,
    )


# ---------------------------------------------------------------- numbers


def grouped(number: int) -> str:
    """12 345, with a narrow space."""
    return f"{number:,}".replace(",", THIN)


def shown(value: float | None, digits: int = 4) -> str:
    """A metric's value: four significant digits, scientific when tiny or huge."""
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == int(value) and abs(value) < 1e6:
        return grouped(int(value)).replace("-", MINUS)
    size = abs(value)
    if size < 1e-4 or size >= 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    elif size >= 10 ** (digits - 1):
        text = f"{value:.{1}f}"
    else:
        places = (
            digits - 1 - math.floor(math.log10(size))
            if size < 1
            else digits - len(str(int(size)))
        )
        text = f"{value:.{min(places, 7)}f}"
    return text.replace("-", MINUS)


def signed(change: float, *, like: float) -> str:
    """A difference, with as many places as the value beside it shows."""
    _, point, places = shown(like).partition(".")
    if not point or "e" in places:
        text = shown(change, 3)
    else:
        text = f"{change:.{len(places)}f}".replace("-", MINUS)
        if not text.strip("0.−") and change:
            text = shown(change, 2)
    return text if text.startswith(MINUS) else f"+{text}"


@register.filter
def number(value: float | None, key: str = "") -> SafeString:
    """A value as a reader sees it, with the exact one on hover; NaN and infinity as words.

    With a metric's key it has the digits that the project's catalogue says.
    """
    if value is None:
        return NOT_LOGGED
    exact = repr(value)
    if not math.isfinite(value):
        return format_html(
            '<span class="nan" title="{}">{}</span>', exact, shown(value)
        )
    said = rule(key) if key else {}
    if unit := said.get("unit"):
        exact = escape(f"{exact} {unit}")
    # Pages are full of these; in digits there is nothing to escape.
    return SafeString(
        f'<span title="{exact}">{shown(value, said.get("digits", 4))}</span>'
    )


NOT_LOGGED = SafeString('<span class="none">–<span class="sr">not logged</span></span>')


@register.filter
def options(
    choices: Iterable[tuple[str, str] | str], current: str | None = None
) -> SafeString:
    """Of a list to choose from: value and words of each, or a text that is both."""
    written = []
    for choice in choices:
        value, words = (choice, choice) if isinstance(choice, str) else choice
        chosen = " selected" if value == current else ""
        written.append(
            f'<option value="{escape(value)}"{chosen}>{escape(words)}</option>'
        )
    return SafeString("".join(written))


CUT_CHARS = 120


@register.filter
def folded(text: str) -> SafeString:
    """A logged text; a long one opens when somebody wants it."""
    if text == "":
        return SafeString('<span class="none">empty</span>')
    if len(text) <= 200:
        return SafeString(escape(text))
    return format_html(
        '<details class="long"><summary>{}</summary><pre>{}</pre></details>',
        Truncator(text).chars(CUT_CHARS),
        text,
    )


SHORT_KEY = 20  # what stands on one line everywhere


@register.filter
def breakable(key: str) -> SafeString:
    """A name that may be continued on the next line after any of its parts, not within."""
    written = escape(key)
    if len(key) > SHORT_KEY:
        written = re.sub(r"[/_.\-]+(?=[^/_.\-])", r"\g<0><wbr>", written)
    return SafeString(written)


@register.filter
def coded(sentence: str) -> SafeString:
    """A sentence of the search, in which backticks stand around what is code."""
    return SafeString(re.sub("`([^`]+)`", r"<code>\1</code>", escape(sentence)))


@register.filter
def thousands(value: int | None) -> str:
    return "–" if value is None else grouped(value)


@register.filter
def size(size_bytes: int | None) -> str:
    """Bytes in the largest unit that keeps the number above one."""
    if size_bytes is None:
        return "–"
    amount = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            return (
                f"{amount:.0f} {unit}"
                if amount >= 10 or unit == "B"
                else f"{amount:.1f} {unit}"
            )
        amount /= 1000
    raise AssertionError("unreachable")


# ---------------------------------------------------------------- times


@register.filter
def ago(when: datetime | None) -> SafeString | str:
    """Relative up to a week, the date after; the full time on hover."""
    if when is None:
        return "–"
    seconds = (timezone.now() - when).total_seconds()
    full = when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        when.isoformat(),
        full,
        since(seconds, when),
    )


def since(seconds: float, when: datetime) -> str:
    if seconds < -60:
        return when.strftime("%-d %b %Y")
    if seconds < 10:
        return "just now"
    if seconds < 60:
        return f"{seconds:.0f} s ago"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86400:
        return f"{seconds // 3600:.0f} h ago"
    if seconds < 7 * 86400:
        return f"{seconds // 86400:.0f} d ago"
    return when.strftime("%-d %b %Y")


@register.filter(name="moment")
def from_milliseconds(milliseconds: int | None) -> datetime | None:
    """The time that a script's number names."""
    return moment(milliseconds)


@register.filter
def took(candidate: Candidate) -> str:
    """How long a candidate ran, or has been running."""
    if candidate.ended_ms is None:
        if candidate.status != Status.RUNNING or candidate.started_at is None:
            return "–"
        return span((timezone.now() - candidate.started_at).total_seconds())
    return span((candidate.ended_ms - candidate.started_ms) / 1000)


def span(seconds: float) -> str:
    if seconds < 0:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    if seconds < 86400:
        return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
    return f"{seconds // 86400:.0f} d {seconds % 86400 // 3600:.0f} h"


def roughly(seconds: float) -> str:
    """In one unit: 3 h, 4 d."""
    return " ".join(span(seconds).split()[:2])


# ---------------------------------------------------------------- candidates

STATES: dict[str, tuple[str, str]] = {  # class, icon
    State.LIVE: ("live", "s-live"),
    State.QUIET: ("off", "s-quiet"),
    State.STALLED: ("warn", "s-warn"),
    State.LOST: ("bad", "s-lost"),
    State.SCHEDULED: ("off", "s-off"),
    State.FINISHED: ("ok", "s-ok"),
    State.FAILED: ("bad", "s-bad"),
    State.STOPPED: ("off", "s-stop"),
}
SILENT = {State.QUIET, State.STALLED, State.LOST}


@register.simple_tag
def state(candidate: Candidate, pill: bool = False) -> SafeString:
    """Shape plus word, never colour alone; of one that has fallen silent, for how long.

    Of a running candidate the experiment must have been looked up with it.
    """
    now = states.now_ms()
    seen = states.state(candidate, now)
    since = (seen == State.STALLED and candidate.trained_ms) or candidate.written_ms
    kind, shape = STATES[seen]
    return format_html(
        '<span class="state {}{}">{}<b>{}</b>{}</span>',
        kind,
        " pill" if pill else "",
        icon(shape),
        seen.label,
        format_html(" <small>{}</small>", roughly((now - since) / 1000))
        if seen in SILENT
        else "",
    )


@register.filter
def slot(iid: int) -> int:
    """A candidate's colour: its number modulo 8, the same on every page."""
    return iid % 8


@register.filter
def times(number: int) -> range:
    """To draw something so many times."""
    return range(number)


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """This page's query string with some keys changed; None takes a key away."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}" if query else "?"


# ---------------------------------------------------------------- messages


@register.filter
def sentence(message: Any) -> str:
    """What a message says, without where it can be undone."""
    return toast.read(message)[0]


@register.filter
def undo_url(message: Any) -> str:
    return toast.read(message)[1]


@register.filter
def between_tags(text: str) -> SafeString:
    """Text for the inside of an element, where a quote need not grow to six characters:
    JSON is full of them."""
    for character, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, written)
    return SafeString(text)
