"""`make docs`: writes the tables of docs/access.md out of what the code declares."""

import os
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "access.md"
MARKED = re.compile(r"(?<=<!-- routes -->\n).*(?=<!-- /routes -->)", re.S)
# A route stands in the table under several addresses; one is enough to name it.
PREFIXES = re.compile(
    r"^(p/<str:project>/|api/v4/projects/<str:project>/ml/mlflow/)?"
    r"((ajax-)?api/[23]\.0/(mlflow/)?)?"
)
CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


def declared() -> dict[str, dict[str, str]]:
    """For each name of a page or route of an endpoint: method, and what it needs."""
    from tracker.routes import routes

    found: dict[str, dict[str, str]] = {}
    for route in routes():
        if not route.is_ours or not route.needs:
            continue
        name = route.name
        if route.is_endpoint:
            name = CONVERTER.sub(r"<\1>", PREFIXES.sub("", route.address))
        if name:
            needs = {method: needed.label for method, needed in route.needs.items()}
            needs.pop("HEAD", None)
            found.setdefault(name, {}).update(needs)
    return found


def tables() -> str:
    return "\n".join([*pages(), "", *endpoints()]) + "\n"


def pages() -> Iterator[str]:
    yield "| page or form | address | to read | to change |"
    yield "|---|---|---|---|"
    from tracker.routes import routes

    seen = set()
    for route in routes():
        if not route.is_ours or route.is_endpoint or not route.name or not route.needs:
            continue
        if route.name in seen:
            continue
        seen.add(route.name)
        address = CONVERTER.sub(r"<\1>", route.address)
        reads, changes = (
            needed.label if (needed := route.needs.get(method)) else "–"
            for method in ("GET", "POST")
        )
        yield f"| `{route.name}` | `/{address}` | {reads} | {changes} |"


def endpoints() -> Iterator[str]:
    yield "| routes of the API | for readers | for writers |"
    yield "|---|---|---|"
    lines = []
    for name, needs in declared().items():
        if "/" in name or name in ("get-artifact",):
            noun, _, verb = name.partition("/")
            for method, needed in needs.items():
                lines.append((noun, needed, f"{method} {verb}".strip()))
    lines.sort(key=lambda line: line[0])
    for noun, group in groupby(lines, key=lambda line: line[0]):
        of = {"Reader": [], "Writer": []}
        for _, needed, said in group:
            of[needed].append(said)
        shown = [", ".join(f"`{one}`" for one in of[label]) or "–" for label in of]
        yield f"| `{noun}` | {shown[0]} | {shown[1]} |"


def main() -> None:
    PAGE.write_text(MARKED.sub(lambda _: tables(), PAGE.read_text()))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    main()
