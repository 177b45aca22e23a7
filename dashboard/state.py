"""What the URL of a candidates table says: the URL is the state."""

from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict

from dashboard import columns as offered
from dashboard.columns import Catalogue, Column, Sort

PAGE_SIZES = (25, 50, 100, 250)
PAGE_SIZE = 50
MAX_FILTER_CHARS = 10_000


@dataclass(frozen=True, slots=True)
class State:
    """What decides the page, and how it is written in a URL: defaults are left out."""

    path: str
    q: str = ""
    sorts: tuple[Sort, ...] = ()
    columns: tuple[Column, ...] = ()  # none: the default ones
    is_diff: bool = False
    size: int = PAGE_SIZE
    token: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, request: HttpRequest, catalogue: Catalogue) -> Self:
        """Unknown keys are ignored; a bad value becomes a note, never an error page."""
        query = request.GET
        columns, notes = offered.parse_many(query.getlist("cols"), catalogue)
        sorts, more = offered.parse_sorts(query.get("sort", ""), catalogue)
        size, again = page_size(query)
        return cls(
            path=request.path,
            q=query.get("q", "").strip()[:MAX_FILTER_CHARS],
            sorts=tuple(sorts),
            columns=tuple(columns),
            is_diff=query.get("diff") == "1",
            size=size,
            token=query.get("after", "")[:4000],
            notes=(*notes, *more, *again),
        )

    def pairs(self, *, without: str = "") -> list[tuple[str, str]]:
        said = {
            "q": self.q,
            "sort": ",".join(sort.address for sort in self.sorts),
            "cols": ",".join(column.address for column in self.columns),
            "diff": "1" if self.is_diff else "",
            "n": "" if self.size == PAGE_SIZE else str(self.size),
            "after": self.token,
        }
        return [(k, v) for k, v in said.items() if v and k not in without.split()]

    @property
    def url(self) -> str:
        query = urlencode(self.pairs(), safe=":/,")
        return f"{self.path}?{query}" if query else self.path

    def having(self, **changes: Any) -> Self:
        """Other contents: back to the first page, unless a token is given."""
        return replace(self, **{"token": "", **changes})


def page_size(query: QueryDict) -> tuple[int, list[str]]:
    asked = query.get("n", str(PAGE_SIZE))
    if asked in map(str, PAGE_SIZES):
        return int(asked), []
    sizes = ", ".join(map(str, PAGE_SIZES))
    return PAGE_SIZE, [f"A page has {sizes} rows; {asked[:20]!r} is none of these."]
