"""What a page can show of a file: never more than its head, read by range.

A preview costs at most 256 KB from the storage, whatever the size of the file, and works
before the worker has looked at it. It is text for a template to escape: no markup, ever.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from artifacts import contents, notebooks, storage
from artifacts.blobs import Missing
from artifacts.contents import PLAYED, Kind, Recognised, Table
from artifacts.models import Artifact
from tracker import documents
from tracker.errors import Full, Unavailable

TEXT_BYTES = contents.HEAD_BYTES
TABLE_ROWS = 200


@dataclass(frozen=True)
class Picture:
    """An image that may be shown: by `downloads.content`, as itself or as a thumbnail."""

    width: int
    height: int
    has_thumbnail: bool


@dataclass(frozen=True)
class Preview:
    """What to show.

    `content` is a text ("text", "json": indented, "notebook": Markdown), a Table of
    strings, or a Picture.
    With kind "none" there is nothing to show, and `reason` is a sentence that says why.
    """

    kind: Literal[
        "text", "table", "json", "notebook", "image", "audio", "video", "none"
    ]
    content: str | Table | Picture | None = None
    truncated: bool = False  # there is more in the file than in `content`
    reason: str = ""


def preview(artifact: Artifact) -> Preview:
    """Show a file, or say why not. Raises nothing for any content of the file."""
    if artifact.size_bytes == 0:
        return nothing("The file is empty.")
    if artifact.state == Artifact.State.READY and is_picture(artifact):
        return picture(artifact)
    if artifact.state == Artifact.State.READY and artifact.content_type in PLAYED:
        return played(artifact)
    if artifact.facts.get("listing"):
        return archive(artifact.facts)
    if artifact.facts.get("kind") == Kind.PARQUET:
        return columnar(artifact.facts)
    try:
        head = storage.head(artifact.blob, min(artifact.size_bytes, TEXT_BYTES))
    except Missing:
        return nothing("The file is listed here, but its bytes are missing.")
    except (Full, Unavailable):
        return nothing("Files cannot be read now. Try again in a minute.")
    is_whole = len(head) == artifact.size_bytes
    found = contents.recognise(artifact.name, head, is_whole=is_whole)
    if found.kind == Kind.IMAGE:
        return picture(artifact)
    if not found.encoding:
        return nothing("This kind of file cannot be shown here. Download it to see it.")
    return written(artifact, found, head, is_whole=is_whole)


def whole(artifact: Artifact, at_most: int) -> str:
    """All of a text, or "" where it is longer, none, or cannot be read now."""
    encoding = artifact.facts.get("encoding")
    if not encoding or artifact.size_bytes > at_most:
        return ""
    try:
        data = storage.head(artifact.blob, artifact.size_bytes)
    except (Missing, Full, Unavailable):
        return ""
    return contents.text(data, encoding, is_whole=True)


def ending(artifact: Artifact, at_most: int) -> str:
    """The last bytes of a text, or "" where it is none or cannot be read now."""
    encoding = artifact.facts.get("encoding")
    if not encoding:
        return ""
    try:
        data = storage.tail(artifact.blob, artifact.size_bytes, at_most)
    except (Missing, Full, Unavailable):
        return ""
    return contents.text(data, encoding, is_whole=True)


def played(artifact: Artifact) -> Preview:
    if "unreadable" in artifact.facts:
        return nothing(f"It cannot be played: {artifact.facts['unreadable']}")
    return Preview("audio" if artifact.content_type.startswith("audio/") else "video")


def archive(facts: dict[str, Any]) -> Preview:
    """The list of an archive, as far as it was kept."""
    rows = [[str(name), f"{size:,}"] for name, size in facts["listing"]]
    is_cut = facts["entries"] > len(rows) or not facts["entries_are_all"]
    return Preview("table", Table(["Name", "Bytes"], rows, is_cut), is_cut)


def columnar(facts: dict[str, Any]) -> Preview:
    """The first rows of a Parquet file, as they were kept."""
    if "unreadable" in facts:
        return nothing(f"The table cannot be read: {facts['unreadable']}")
    if "head" not in facts:
        return nothing("The rows of this table are too large to show here.")
    header = [
        f"{name} ({kind})"
        for name, kind in zip(facts["columns"], facts["types"], strict=True)
    ]
    is_cut = facts["rows"] > len(facts["head"]) or facts["column_count"] > len(header)
    return Preview("table", Table(header, facts["head"], is_cut), is_cut)


def is_picture(artifact: Artifact) -> bool:
    return artifact.content_type in contents.SHOWN_IMAGES


def picture(artifact: Artifact) -> Preview:
    """An image, once its header has been read."""
    facts = artifact.facts
    if artifact.state == Artifact.State.FAILED:
        return nothing(artifact.problem)
    if artifact.state != Artifact.State.READY:
        return nothing("The image is being looked at; it shows here in a moment.")
    if "unreadable" in facts:
        return nothing(f"The image cannot be read: {facts['unreadable']}")
    width, height = facts["width"], facts["height"]
    if "too_large" in facts:
        return nothing(
            f"The image has {width} × {height} pixels, which is too much to show here."
        )
    return Preview("image", Picture(width, height, "thumbnail_bytes" in facts))


def written(
    artifact: Artifact, found: Recognised, head: bytes, *, is_whole: bool
) -> Preview:
    """A text, or what can be made of one."""
    text = contents.text(head, found.encoding, is_whole=is_whole)
    if found.kind == Kind.TABLE:
        delimiter = contents.delimiter_of(artifact.name, text)
        table = contents.table(text, delimiter, rows=TABLE_ROWS, is_whole=is_whole)
        if table:
            return Preview("table", table, table.is_cut)
    if found.kind == Kind.JSON and is_whole:
        if contents.extension(artifact.name) == "ipynb" and (cells := notebook(text)):
            return Preview("notebook", cells[:TEXT_BYTES], len(cells) > TEXT_BYTES)
        indented = pretty(text)
        if indented:
            return Preview("json", indented[:TEXT_BYTES], len(indented) > TEXT_BYTES)
    return Preview("text", text, not is_whole)


def notebook(text: str) -> str:
    try:
        value = documents.parsed(text)
    except ValueError:
        return ""
    return notebooks.as_markdown(value) if isinstance(value, dict) else ""


def pretty(text: str) -> str:
    """JSON with a line for each value, or "" where it is none. Stops beyond TEXT_BYTES.

    Deep nesting indents every line by kilobytes: it is never written out whole.
    """
    made = []
    size = 0
    try:
        value = documents.parsed(text)
        for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
            made.append(piece)
            size += len(piece)
            if size > TEXT_BYTES:
                break
    except (ValueError, RecursionError):
        return ""
    return "".join(made)


def nothing(reason: str) -> Preview:
    return Preview("none", reason=reason)
