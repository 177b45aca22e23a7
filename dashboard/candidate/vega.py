"""Charts that Vega, Vega-Lite or Altair wrote: what they show, in words and as a table.

Drawing them takes Vega itself, which turns expressions in a file into code; so what they
were made of is shown instead. Nothing that a file points to is fetched.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from artifacts import contents, pages, previews
from artifacts.models import Artifact
from tracker import documents

# Where a page of Altair's keeps what it hands to Vega.
CALL = "vegaEmbed"
BEFORE = ("var spec = ", "const spec = ")
PARTS = ("layer", "hconcat", "vconcat", "concat")  # lists of charts
INSIDE = ("spec", "repeat", "facet")  # of a chart that is repeated
MAX_PARTS = 50
DECODER = json.JSONDecoder()


class Chart(NamedTuple):
    """What is in the file; `rows` are the first of those that it carries."""

    dialect: str  # Vega, Vega-Lite
    words: list[str]  # of each part: "bars: x year, y mean of yield"
    rows: list[dict[str, Any]]
    source: str  # where rows would come from that the file does not carry


def chart(artifact: Artifact, text: str, *, is_whole: bool) -> Chart | None:
    """The chart in a file of which `text` is the beginning, or None."""
    is_document = contents.extension(artifact.name) in pages.TYPES
    known = artifact.facts.get("looks_like") == "vega"
    if not (known or (is_document and CALL in text) or (is_whole and "vega" in text)):
        return None
    if not is_whole:
        text = previews.whole(artifact, pages.AT_ONCE_BYTES)
    value = in_page(text) if is_document else in_json(text)
    is_one = isinstance(value, dict) and contents.looks_like(value) == "vega"
    return read(value) if is_one else None


def in_json(text: str) -> Any:
    try:
        return documents.parsed(text)
    except ValueError:
        return None


def in_page(text: str) -> Any:
    for before in BEFORE:
        _, found, rest = text.partition(before)
        if found:
            try:
                return documents.whole(DECODER.raw_decode(rest)[0])
            except (ValueError, RecursionError):
                return None
    return None


def read(value: dict[str, Any]) -> Chart:
    is_lite = "vega-lite" in str(value["$schema"])
    parts = list(itertools.islice(units(value), MAX_PARTS))
    rows, source = data(value, parts)
    words = [said for part in parts if (said := described(part))]
    return Chart(
        "Vega-Lite" if is_lite else "Vega", list(dict.fromkeys(words)), rows, source
    )


def units(value: dict[str, Any], depth: int = 0) -> Iterator[dict[str, Any]]:
    """The chart itself, and those it is made of."""
    yield value
    if depth > 8:
        return
    for name in (*PARTS, *INSIDE):
        inner = value.get(name)
        for part in inner if isinstance(inner, list) else [inner]:
            if isinstance(part, dict):
                yield from units(part, depth + 1)


def data(
    value: dict[str, Any], parts: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], str]:
    """Rows that the file carries, else where it would have them from."""
    named = value.get("datasets")
    named = named if isinstance(named, dict) else {}
    source = ""
    for part in parts:
        given = part.get("data")
        for one in given if isinstance(given, list) else [given]:
            if not isinstance(one, dict):
                continue
            rows = one.get("values", named.get(str(one.get("name"))))
            if isinstance(rows, list) and (found := as_rows(rows)):
                return found, ""
            source = source or str(one.get("url", ""))[:300]
    return [], source


def as_rows(values: list[Any]) -> list[dict[str, Any]]:
    """Plain values are rows of one column, as Vega takes them."""
    return [one if isinstance(one, dict) else {"data": one} for one in values]


def described(part: dict[str, Any]) -> str:
    """The mark of a chart and what its channels show; empty for a chart without one."""
    mark = part.get("mark")
    mark = mark.get("type") if isinstance(mark, dict) else mark
    if not isinstance(mark, str):
        return ""
    encoding = part.get("encoding")
    channels = encoding.items() if isinstance(encoding, dict) else ()
    said = [f"{name} {what}" for name, given in channels if (what := channel(given))]
    return f"{mark}: {', '.join(said)}" if said else mark


def channel(given: Any) -> str:
    if not isinstance(given, dict):
        return ""
    field, aggregate = given.get("field"), given.get("aggregate")
    field = field if isinstance(field, str) else ""
    aggregate = aggregate if isinstance(aggregate, str) else ""
    if aggregate and field:
        return f"{aggregate} of {field}"
    return aggregate or field
