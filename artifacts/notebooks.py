"""Notebooks: their outline, and their cells as Markdown. No cell is ever run."""

import re
from collections.abc import Iterator
from typing import Any

from artifacts.facts import brief

MAX_HEADINGS = 50
MAX_HEADING_CHARS = 200
HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
FENCE = re.compile(r"`{3,}")


def notebook_facts(notebook: dict[str, Any]) -> dict[str, Any]:
    """How many cells, in which language, under which headings."""
    cells = list(cells_of(notebook))
    return {
        "cells": len(cells),
        "code_cells": sum(kind == "code" for kind, _ in cells),
        "language": brief(language_of(notebook), 40),
        "outline": headings(cells),
    }


def cells_of(notebook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and source of each cell, whatever else a hostile one holds."""
    cells = notebook.get("cells")
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict):
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        if isinstance(source, str):
            yield str(cell.get("cell_type", ""))[:20], source


def language_of(notebook: dict[str, Any]) -> str:
    about: Any = notebook.get("metadata")
    for name in ("kernelspec", "language_info"):
        part = about.get(name) if isinstance(about, dict) else None
        for key in ("language", "name"):
            if isinstance(part, dict) and isinstance(part.get(key), str) and part[key]:
                return str(part[key])
    return ""


def headings(cells: list[tuple[str, str]]) -> list[list[int | str]]:
    found: list[list[int | str]] = []
    for kind, source in cells:
        if kind != "markdown":
            continue
        for line in outside_fences(source):
            heading = HEADING.match(line)
            if heading:
                text = heading[2].rstrip("# \t")
                found.append([len(heading[1]), brief(text, MAX_HEADING_CHARS)])
                if len(found) == MAX_HEADINGS:
                    return found
    return found


def outside_fences(source: str) -> Iterator[str]:
    is_code = False
    for line in source.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            is_code = not is_code
        elif not is_code:
            yield line


def as_markdown(notebook: dict[str, Any]) -> str:
    """Text as it stands, code in fences that nothing in it can close."""
    language = re.sub(r"[^A-Za-z0-9+#-]", "", language_of(notebook)) or "python"
    parts = []
    for kind, source in cells_of(notebook):
        if kind == "markdown":
            parts.append(source)
        elif source.strip():
            longest = max(map(len, FENCE.findall(source)), default=2)
            fence = "`" * max(3, longest + 1)
            word = language if kind == "code" else ""
            parts.append(f"{fence}{word}\n{source}\n{fence}")
    return "\n\n".join(parts)
