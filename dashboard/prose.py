"""What people write: Markdown in, harmless HTML out."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import unescape
from typing import Any

import nh3
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

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


TASK = re.compile(r"\[([ xX])\](?=\s)")


def box_tasks(state: StateCore) -> None:
    """`- [ ] …` in a list is something to do, `- [x] …` something done."""
    for item, paragraph, inline in zip(
        state.tokens, state.tokens[1:], state.tokens[2:], strict=False
    ):
        begins = (item.type, paragraph.type) == ("list_item_open", "paragraph_open")
        if begins and inline.children and inline.children[0].type == "text":
            first = inline.children[0]
            if task := TASK.match(first.content):
                box = "☐" if task[1] == " " else "☑"
                first.content = box + first.content[task.end() :]


# `#128` is a candidate of the project; `#fff` is a colour, and `a#1` or `/#1` an address.
REFERENCE = re.compile(r"(?<![\w/#&])#(\d{1,15})(?![\w-])")


def link_candidates(state: StateCore) -> None:
    """Numbers become links where the project is known whose they are."""
    slug = str(state.env.get("project", ""))
    for token in state.tokens if slug else ():
        if token.children:
            token.children = [*with_links(token.children, slug)]


def with_links(tokens: Sequence[Token], slug: str) -> Iterator[Token]:
    inside = 0
    for token in tokens:
        inside += (token.type == "link_open") - (token.type == "link_close")
        if token.type != "text" or inside:
            yield token
            continue
        for place, text in enumerate(REFERENCE.split(token.content)):
            if not place % 2:
                yield Token("text", "", 0, content=text)
                continue
            url = reverse("candidate", args=[slug, int(text)])
            yield Token("link_open", "a", 1, attrs={"href": url})
            yield Token("text", "", 0, content=f"#{text}")
            yield Token("link_close", "a", -1)


def parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"breaks": True, "html": False})
    markdown.enable(["table", "strikethrough"])
    markdown.core.ruler.push("below_the_title", below_the_title)
    markdown.core.ruler.push("box_tasks", box_tasks)
    markdown.core.ruler.push("link_candidates", link_candidates)
    return markdown


MARKDOWN = parser()


@lru_cache(maxsize=256)
def html(text: str, project: str = "") -> SafeString:
    """Markdown as HTML that can hold no script, no style, no frame and no picture.

    With the slug of a project, `#128` leads to its candidate. What has more marks than
    anybody writes stays as it is.
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
    return mark_safe(nh3.clean(MARKDOWN.render(text, {"project": project}), **options))  # noqa: S308  (cleaned)


def first_line(text: str) -> str:
    """The first line of a note, without its marks: what a list has room for."""
    lines = unescape(nh3.clean(html(text), tags=set())).strip().splitlines()
    return lines[0][:200] if lines else ""
