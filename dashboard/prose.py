"""What people write: Markdown in, harmless HTML out."""

from functools import lru_cache
from html import unescape
from typing import Any

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

# No images: an address in a note would tell its server who reads here, and when.
TAGS = (
    "a b blockquote br code del em h2 h3 h4 h5 h6 hr i li ol p pre s strong table tbody"
    " td th thead tr ul"
).split()
LINKS = {"http", "https", "mailto"}
MAX_CHARS = 100_000
# Of these, and of lines: with more, a parser tries for seconds what could belong together.
MARKS = "[]()*_~`|<>&!\\#\n"
MAX_MARKS = 8000


def below_the_title(state: StateCore) -> None:
    """A page has its own h1, so that a note's headings begin at h2."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"


def parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"breaks": True, "html": False})
    markdown.enable(["table", "strikethrough"])
    markdown.core.ruler.push("below_the_title", below_the_title)
    return markdown


MARKDOWN = parser()


@lru_cache(maxsize=256)
def html(text: str) -> SafeString:
    """Markdown as HTML that can hold no script, no style, no frame and no picture.

    What has more marks than anybody writes stays as it is.
    """
    options: dict[str, Any] = {
        "tags": set(TAGS),
        "attributes": {"a": {"href"}},
        "url_schemes": LINKS,
        "link_rel": "noopener nofollow",
    }
    text = text[:MAX_CHARS]
    if sum(map(text.count, MARKS)) > MAX_MARKS:
        return format_html("<pre>{}</pre>", text)
    return mark_safe(nh3.clean(MARKDOWN.render(text), **options))  # noqa: S308  (cleaned)


def first_line(text: str) -> str:
    """The first line of a note, without its marks: what a list has room for."""
    lines = unescape(nh3.clean(html(text), tags=set())).strip().splitlines()
    return lines[0][:200] if lines else ""
