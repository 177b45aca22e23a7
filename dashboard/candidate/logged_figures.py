"""Figures that Plotly wrote, as JSON or as a page: only their data, to be drawn by ours.

Nothing of such a page runs. What it would hand to its own Plotly is JSON, and is read as
such.
"""

import json
from typing import Any

from artifacts import contents, pages, previews
from artifacts.models import Artifact
from tracker import documents

# Where a page of Plotly's hands over: its place, its data, its layout, and how it behaves.
CALL = "Plotly.newPlot("
DECODER = json.JSONDecoder()


def figure(
    artifact: Artifact, text: str, *, is_whole: bool, at_most: int = pages.AT_ONCE_BYTES
) -> Any:
    """The figure in a file of which `text` is the beginning, or None.

    Of a page no more than its last bytes are read: what comes before them may be all of
    Plotly.
    """
    is_document = contents.extension(artifact.name) in pages.TYPES
    if not is_whole:
        if not is_plotlys(artifact) and not (is_document and "plotly" in text):
            return None
        text = previews.ending(artifact, at_most) if is_document else ""
        text = text or previews.whole(artifact, at_most)
    return in_page(text) if is_document else in_json(text)


def is_plotlys(artifact: Artifact) -> bool:
    return str(artifact.facts.get("looks_like")) == "plotly"


def whole(artifact: Artifact) -> Any:
    """The figure in a file that is not too long to be drawn at once, or None."""
    at_most = pages.AT_ONCE_BYTES
    is_document = contents.extension(artifact.name) in pages.TYPES
    read = previews.ending if is_document else previews.whole
    return figure(artifact, read(artifact, at_most), is_whole=True)


def in_json(text: str) -> Any:
    try:
        value = documents.parsed(text)
    except ValueError:
        return None
    return value if is_figure(value) else None


def in_page(text: str) -> Any:
    """The last call: a page may carry Plotly itself, which has the word in it too."""
    at = text.rfind(CALL)
    if at < 0:
        return None
    at += len(CALL)
    said = []
    for _ in range(3):
        try:
            value, at = DECODER.raw_decode(text, after_space(text, at))
            said.append(documents.whole(value))
        except (ValueError, RecursionError):
            return None
        at = after_space(text, at)
        at += text[at : at + 1] == ","
    found = {"data": said[1], "layout": said[2]}
    return found if is_figure(found) else None


def after_space(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def is_figure(value: Any) -> bool:
    """A figure as Plotly's `to_json` and `write_json` write it."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("data"), list)
        and isinstance(value.get("layout"), dict)
        and all(isinstance(trace, dict) for trace in value["data"])
    )
