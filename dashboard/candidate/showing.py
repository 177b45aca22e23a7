"""What the page shows of a file: a picture, a table, highlighted code, a note, a matrix.

`artifacts.previews` reads the head of the file and says what it is; here it becomes
something to look at. Nothing of a file ever becomes markup except cleaned Markdown.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.utils.safestring import SafeString
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound

from artifacts import contents, pages
from artifacts.contents import Table
from artifacts.downloads import is_shown
from artifacts.models import Artifact
from artifacts.previews import TABLE_ROWS, Picture, Preview
from dashboard import prose, snippets
from dashboard.candidate import logged_figures, vega
from tracker import documents
from tracker.models import Candidate

# Colouring costs more than reading; beyond this the text stays plain.
MAX_COLOURED_CHARS = 64 * 1024
MAX_COLUMNS = 50
MAX_CELL_CHARS = 300
MAX_WORDS = 4  # parts of a chart that are described
MARKDOWN = ("md", "markdown", "mdown")


class Shown(NamedTuple):
    """What the template prints; only what is there is filled."""

    # image, audio, video, table, figure, page, code, text, markdown, none
    kind: str
    text: str = ""
    html: SafeString = SafeString("")
    table: Table | None = None
    width: int = 0
    height: int = 0
    figure: Any = None
    reason: str = ""
    about: str = ""  # what the table or text below is, where its look does not say so
    is_cut: bool = False
    has_source: bool = False  # a text that is shown as something else


def shown(
    artifact: Artifact,
    preview: Preview,
    *,
    as_source: bool = False,
    is_asked: bool = False,
) -> Shown:
    """`as_source`: as the text that it is, where it would be drawn. `is_asked`: even
    where it is so long that a person has to ask for it."""
    content = preview.content
    if preview.kind in ("audio", "video"):
        return Shown(preview.kind)
    if preview.kind == "none" or content is None:
        return Shown("none", reason=preview.reason)
    if isinstance(content, Picture):
        return Shown("image", width=content.width, height=content.height)
    if isinstance(content, Table):
        return tabular(content)
    if preview.kind == "notebook":
        html = prose.html(content)
        return Shown("markdown", html=html, text=content, is_cut=preview.truncated)
    if not as_source:
        is_whole = not preview.truncated
        drawn = logged_figures.figure(
            artifact,
            content,
            is_whole=is_whole,
            at_most=contents.MAX_JSON_BYTES if is_asked else pages.AT_ONCE_BYTES,
        )
        is_long = logged_figures.is_plotlys(artifact) and not (is_whole or is_asked)
        if drawn or is_long:
            return Shown("figure", figure=drawn, has_source=True)
        if chart := vega.chart(artifact, content, is_whole=is_whole):
            return charted(chart)
        if pages.is_page(artifact):
            return Shown("page", has_source=True)
    is_json = preview.kind == "json" and not preview.truncated
    if is_json and (table := logged_table(as_json(content))):
        return tabular(table)
    return written(artifact, content, is_cut=preview.truncated)


def written(artifact: Artifact, text: str, *, is_cut: bool) -> Shown:
    extension = artifact.name.rpartition(".")[2].lower()
    if extension in MARKDOWN and not is_cut:
        return Shown("markdown", html=prose.html(text), text=text)
    language = language_of(artifact.name)
    if language and len(text) <= MAX_COLOURED_CHARS:
        html = snippets.highlighted(language, text)
        return Shown("code", html=html, is_cut=is_cut)
    return Shown("text", text=text, is_cut=is_cut)


def language_of(name: str) -> str:
    if name == "MLmodel":
        return "yaml"
    try:
        aliases = get_lexer_for_filename(name).aliases
    except ClassNotFound:
        return ""
    return aliases[0] if aliases else ""


def charted(chart: vega.Chart) -> Shown:
    """A chart that is not drawn: what it shows, and the rows that it was made of."""
    about = f"A {chart.dialect} chart"
    if chart.words:
        about += f" ({'; '.join(cut(one) for one in chart.words[:MAX_WORDS])})"
    about += ", which Tracker does not draw: doing so would run what the file says."
    if not chart.rows:
        origin = f" It takes its rows from {chart.source}." if chart.source else ""
        return Shown("none", reason=about + origin, has_source=True)
    names = list(dict.fromkeys(name for row in chart.rows[:TABLE_ROWS] for name in row))
    table = Table(
        header=[cut(name) for name in names[:MAX_COLUMNS]],
        rows=[
            [cell(row.get(name)) for name in names[:MAX_COLUMNS]]
            for row in chart.rows[:TABLE_ROWS]
        ],
        is_cut=len(chart.rows) > TABLE_ROWS or len(names) > MAX_COLUMNS,
    )
    about += " These are its rows."
    return Shown(
        "table", table=table, about=about, is_cut=table.is_cut, has_source=True
    )


# ---------------------------------------------------------------- tables


def as_json(text: str) -> Any:
    try:
        return documents.parsed(text)
    except ValueError:
        return None


def logged_table(value: Any) -> Table | None:
    """A table as `mlflow.log_table` keeps it: columns, and rows as lists."""
    if not isinstance(value, dict) or not {"columns", "data"} <= value.keys():
        return None
    columns, rows = value["columns"], value["data"]
    if not (isinstance(columns, list) and isinstance(rows, list)):
        return None
    if not all(isinstance(row, list) for row in rows):
        return None
    return Table(
        header=[cell(name) for name in columns[:MAX_COLUMNS]],
        rows=[list(map(cell, row[:MAX_COLUMNS])) for row in rows[:TABLE_ROWS]],
        is_cut=len(rows) > TABLE_ROWS or len(columns) > MAX_COLUMNS,
    )


def cell(value: Any) -> str:
    if value is None:
        return ""
    return cut(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    )


def cut(text: str) -> str:
    return text if len(text) <= MAX_CELL_CHARS else f"{text[:MAX_CELL_CHARS]}…"


def tabular(table: Table) -> Shown:
    return Shown("table", table=table, is_cut=table.is_cut)


# ---------------------------------------------------------------- galleries

# mlflow.log_image(image, key=…, step=…); older clients wrote % for +, keys have ~ for /.
LOGGED = re.compile(
    r"(?P<key>.+)[+%]step[+%](?P<step>-?\d{1,19})[+%]timestamp[+%](?P<time>\d{1,19})[+%]"
    r"(?P<id>[0-9a-f-]+)(?P<compressed>[+%]compressed)?\.(?:png|webp)\Z"
)


class Image(NamedTuple):
    """An image of a gallery."""

    artifact: Artifact
    label: str
    step: int | None


class Gallery(NamedTuple):
    """The images of a folder, or those logged under one key over the steps."""

    title: str
    images: list[Image]


def galleries(files: Iterable[Artifact]) -> list[Gallery]:
    """Images that can be shown: step by step where they were logged so."""
    plain: list[Image] = []
    series: dict[str, list[tuple[int, int, Image]]] = defaultdict(list)
    for artifact in files:
        if not is_shown(artifact):
            continue
        match = LOGGED.match(artifact.name)
        if not match:
            plain.append(Image(artifact, artifact.name, None))
        elif not match["compressed"]:  # its small copy; thumbnails do without
            key, step = match["key"].replace("~", "/"), int(match["step"])
            image = Image(artifact, key, step)
            series[key].append((step, int(match["time"]), image))
    found = [
        Gallery(key, [image for _, _, image in sorted(images, key=lambda one: one[:2])])
        for key, images in sorted(series.items())
    ]
    return ([Gallery("", plain)] if plain else []) + found


MAX_LOOKED_AT = 200
MAX_PICTURES = 6


def pictures(candidate: Candidate) -> list[Image]:
    """A few images for the overview, out of the first files."""
    files = Artifact.objects.of(candidate).order_by("folder", "name")[:MAX_LOOKED_AT]
    return [image for gallery in galleries(files) for image in gallery.images][
        :MAX_PICTURES
    ]


def neighbours(
    gallery: Sequence[Image], artifact: Artifact
) -> tuple[Image | None, Image | None]:
    """The images before and after one, for stepping through."""
    places = [image.artifact.pk for image in gallery]
    if artifact.pk not in places:
        return None, None
    place = places.index(artifact.pk)
    before = gallery[place - 1] if place else None
    after = gallery[place + 1] if place + 1 < len(gallery) else None
    return before, after
