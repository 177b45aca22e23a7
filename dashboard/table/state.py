"""What the URL of a candidates table says: the URL is the state.

A saved view is a state under a name. An address that names one says only what differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict

from dashboard.table import columns as offered
from dashboard.table.columns import ATTRIBUTE, Catalogue, Column, Sort
from tracker.models import SavedView

PAGE_SIZES = (25, 50, 100, 250)
PAGE_SIZE = 50
MAX_FILTER_CHARS = 10_000
MAX_GROUP_KEYS = 3
MAX_OPEN = 40
MAX_PINNED = 2
AGGREGATES = {"mean": "Mean", "median": "Median", "min": "Least", "max": "Greatest"}
SEEDS = "~seed"  # group by every param but seeds
NOTHING = "0"  # no candidate has this number
EVERYTHING = "all"  # the view of what an address without any says, default view or not

# What a view keeps; where on the pages and in the tree one is, it does not.
KEPT = (
    "q",
    "sort",
    "cols",
    "diff",
    "group",
    "agg",
    "flat",
    "archived",
    "b",
    "pin",
    "n",
)
PLACE = ("after", "from", "open", "live")


@dataclass(frozen=True, slots=True)
class Grouping:
    """One row for each: configuration, or combination of values of some keys."""

    columns: tuple[Column, ...] = ()  # none: every param but seeds

    @property
    def address(self) -> str:
        return ",".join(column.address for column in self.columns) or SEEDS

    @property
    def words(self) -> str:
        return ", ".join(column.key for column in self.columns) or "all but seed"


@dataclass(frozen=True, slots=True)
class State:
    """What decides the page, and how it is written in a URL: defaults are left out."""

    path: str
    q: str = ""
    sorts: tuple[Sort, ...] = ()
    columns: tuple[Column, ...] = ()  # none: the default ones
    is_diff: bool = False
    grouping: Grouping | None = None
    agg: str = "mean"
    is_flat: bool = False  # children stand by themselves
    with_archived: bool = False
    baseline: int | None = None  # none: the experiment's; 0: no one
    pinned: tuple[Column, ...] = ()  # beside the name, wherever the table is scrolled
    size: int = PAGE_SIZE
    token: str = ""  # of a page of candidates
    start: int = 0  # of a page of groups
    opened: frozenset[str] = frozenset()
    is_paused: bool = False
    view: SavedView | None = None
    view_slug: str = ""
    base: Mapping[str, str] = field(default_factory=dict)  # what the view says
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        request: HttpRequest,
        catalogue: Catalogue,
        *,
        view: SavedView | None = None,
        view_slug: str = "",
    ) -> Self:
        """Unknown keys are ignored; a bad value becomes a note, never an error page."""
        said = cls._kept(QueryDict(view.query), catalogue).said() if view else {}
        query = request.GET.copy()
        for name, value in said.items():
            if name not in query:
                query[name] = value
        read = cls._kept(query, catalogue)
        return replace(
            read,
            path=request.path,
            token=query.get("after", "")[:4000],
            start=whole(query.get("from", "")) or 0,
            opened=frozenset(
                list(filter(None, query.get("open", "").split(",")))[:MAX_OPEN]
            ),
            is_paused=query.get("live") == "0",
            view=view,
            view_slug=view_slug,
            base=said,
        )

    @classmethod
    def _kept(cls, query: QueryDict, catalogue: Catalogue) -> Self:
        """What a view can keep, out of an address."""
        columns, notes = offered.parse_many(query.getlist("cols"), catalogue)
        sorts, more = offered.parse_sorts(",".join(query.getlist("sort")), catalogue)
        size, again = page_size(query)
        grouping, ungrouped = group(",".join(query.getlist("group")), catalogue)
        agg, unknown = aggregate(query.get("agg", ""))
        pinned, unpinned = offered.parse_many(query.getlist("pin"), catalogue)
        return cls(
            path="",
            q=query.get("q", "").strip()[:MAX_FILTER_CHARS],
            sorts=tuple(sorts),
            columns=tuple(columns),
            is_diff=query.get("diff") == "1",
            grouping=grouping,
            agg=agg,
            is_flat=query.get("flat") == "1",
            with_archived=query.get("archived") == "1",
            baseline=whole(query.get("b", "").lstrip("#")),
            pinned=tuple(pinned[:MAX_PINNED]),
            size=size,
            notes=(*notes, *more, *again, *ungrouped, *unknown, *unpinned),
        )

    def said(self) -> dict[str, str]:
        """Everything that a view keeps, defaults as empty texts."""
        return {
            "q": self.q,
            "sort": ",".join(sort.address for sort in self.sorts),
            "cols": ",".join(column.address for column in self.columns),
            "diff": "1" if self.is_diff else "",
            "group": self.grouping.address if self.grouping else "",
            "agg": "" if self.agg == "mean" else self.agg,
            "flat": "1" if self.is_flat else "",
            "archived": "1" if self.with_archived else "",
            "b": "" if self.baseline is None else str(self.baseline),
            "pin": ",".join(column.address for column in self.pinned),
            "n": "" if self.size == PAGE_SIZE else str(self.size),
        }

    def pairs(self, *, without: str = "") -> list[tuple[str, str]]:
        left_out = without.split()
        pairs = [("view", self.view_slug)] if self.view_slug else []
        pairs += [
            (name, value)
            for name, value in self.said().items()
            if value != self.base.get(name, "") and name not in left_out
        ]
        places = {
            "after": self.token,
            "from": str(self.start or ""),
            "open": ",".join(sorted(self.opened)),
            "live": "0" if self.is_paused else "",
        }
        pairs += [(k, v) for k, v in places.items() if v and k not in left_out]
        return pairs

    @property
    def url(self) -> str:
        query = urlencode(self.pairs(), safe=":/,~")
        return f"{self.path}?{query}" if query else self.path

    @property
    def is_modified(self) -> bool:
        """Whether it says something else than its view."""
        return self.view is not None and self.said() != dict(self.base)

    @property
    def query(self) -> str:
        """What a view of this state keeps: everything, without the view it came from."""
        return urlencode([(k, v) for k, v in self.said().items() if v], safe=":/,~")

    def having(self, **changes: Any) -> Self:
        """Other contents: back to the first page, unless a place is given."""
        return replace(self, **{"token": "", "start": 0, **changes})

    def toggled(self, name: str) -> Self:
        """With a row of the tree opened, or closed; with "0" where none is left open."""
        opened = (self.opened ^ {name}) - {NOTHING}
        return replace(self, opened=opened or frozenset([NOTHING]))


def page_size(query: QueryDict) -> tuple[int, list[str]]:
    asked = query.get("n", "") or str(PAGE_SIZE)
    if asked in map(str, PAGE_SIZES):
        return int(asked), []
    sizes = ", ".join(map(str, PAGE_SIZES))
    return PAGE_SIZE, [f"A page has {sizes} rows; {asked[:20]!r} is none of these."]


def whole(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) < 16
    return int(text) if is_number else None


def aggregate(text: str) -> tuple[str, list[str]]:
    if not text or text in AGGREGATES:
        return text or "mean", []
    return "mean", [
        f"Groups show {', '.join(AGGREGATES)}; {text[:20]!r} is none of these."
    ]


def group(text: str, catalogue: Catalogue) -> tuple[Grouping | None, list[str]]:
    """`~seed`, or up to three params and tags."""
    asked = [part.strip() for part in text.split(",") if part.strip()]
    if not asked:
        return None, []
    if SEEDS in asked:
        return Grouping(), []
    columns, notes = offered.parse_many([text], catalogue)
    keys = [c for c in columns if c.kind != ATTRIBUTE and not c.aggregate]
    if len(keys) < len(columns):
        notes.append("Candidates are grouped by parameters and tags.")
    if len(keys) > MAX_GROUP_KEYS:
        notes.append(f"Candidates are grouped by {MAX_GROUP_KEYS} keys at most.")
    return (Grouping(tuple(keys[:MAX_GROUP_KEYS])) if keys else None), notes
