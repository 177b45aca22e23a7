"""What stands above a candidates table: views, and what it is grouped and sorted by."""

from dataclasses import replace
from typing import Any, NamedTuple

from dashboard.table import columns as offered
from dashboard.table.columns import ATTRIBUTE, NAME, Catalogue, Column, Sort
from dashboard.table.listing import Listing
from dashboard.table.state import EVERYTHING, Grouping, State
from tracker import seeds
from tracker.models import Kind


class ViewTab(NamedTuple):
    label: str
    url: str
    is_current: bool
    is_default: bool = False
    is_mine: bool = False


def view_tabs(given: Listing) -> dict[str, Any]:
    """The strip above the table: what is always there, then what people saved."""
    state, views = given.state, given.views
    path, slug = state.path, given.opened.view
    bare = State(path, view_slug=EVERYTHING if slug else "")
    is_bare = views.current is None
    by_config = replace(bare, grouping=Grouping())
    tabs = [
        ViewTab(
            "Every candidate",
            bare.url,
            is_bare and not state.grouping,
            is_default=not slug,
        )
    ]
    if any(seeds.is_seed(e.key) for e in given.catalogue.of_kind(Kind.PARAM)):
        is_current = is_bare and state.grouping == Grouping()
        tabs.append(ViewTab("By configuration", by_config.url, is_current))
    tabs += [
        ViewTab(
            view.name,
            f"{path}?view={view.slug}",
            view == views.current,
            view.slug == slug,
            view.scope == view.Scope.MINE,
        )
        for view in views.offered
    ]
    current = views.current
    return {
        "tabs": tabs,
        "has_saved": bool(views.offered),
        "current": current,
        "note": views.note,
        "is_modified": state.is_modified,
        "is_default": current is not None and current.slug == slug,
        "reset_url": f"{path}?view={current.slug}" if current else "",
        # A tab that fits what is on screen would be marked; nothing fits a new state.
        "is_new": is_bare and bool(state.query),
    }


def groupings(given: Listing) -> list[tuple[str, str, bool]]:
    """What one row may stand for."""
    state = given.state
    found = [
        (
            "Candidate",
            state.having(grouping=None, is_flat=False, opened=frozenset()),
            not state.grouping and not state.is_flat,
        )
    ]
    if given.catalogue.is_nested:
        found = [
            (
                "Candidate, children below parents",
                state.having(grouping=None, is_flat=False, opened=frozenset()),
                not state.grouping and not state.is_flat,
            ),
            (
                "Candidate, children among all",
                state.having(grouping=None, is_flat=True, opened=frozenset()),
                not state.grouping and state.is_flat,
            ),
        ]
    found.append(
        (
            "Configuration, seeds together",
            state.having(grouping=Grouping(), opened=frozenset()),
            state.grouping == Grouping(),
        )
    )
    return [(label, target.url, is_current) for label, target, is_current in found]


MAX_GROUP_CHOICES = 100


def group_params(catalogue: Catalogue) -> list[tuple[str, str]]:
    """Keys to group by: those that make a few groups first."""
    keys = [e for e in catalogue.of_kind(Kind.PARAM) if e.distinct != 1]
    keys.sort(key=lambda entry: (entry.distinct, entry.key))
    columns = [Column(Kind.PARAM, entry.key) for entry in keys[:MAX_GROUP_CHOICES]]
    return [(column.address, column.key) for column in columns]


class SortSlot(NamedTuple):
    label: str
    choices: list[tuple[str, str]]
    current: str


def sort_slots(given: Listing) -> list[SortSlot]:
    """Three choices, each over the columns on show, both ways."""
    state = given.state
    columns = dict.fromkeys(
        [NAME, *given.built.columns, *(sort.column for sort in state.sorts)]
    )
    choices = [
        (Sort(column, is_descending).address, f"{column.full_label}, {words}")
        for column in columns
        if column.can_sort
        for is_descending, words in ((True, "high to low"), (False, "low to high"))
    ]
    labels = ("Sort by", "then by", "then by")
    slots = []
    for place, label in enumerate(labels):
        current = state.sorts[place].address if place < len(state.sorts) else ""
        usual = ("", "–" if place else "Newest first")
        slots.append(SortSlot(label, [usual, *choices], current))
    return slots


def varying(given: Listing) -> list[Column]:
    """Every param and metric that differs, as far as a table holds them."""
    catalogue, total = given.catalogue, given.opened.total
    metrics = [offered.metric_column(key) for key in catalogue.metrics_by_weight()]
    params = [Column(Kind.PARAM, e.key) for e in catalogue.of_kind(Kind.PARAM)]
    found = [c for c in [*metrics, *params] if catalogue.varies(c, total)]
    state = Column(ATTRIBUTE, "state")
    return [state, *offered.by_prefix(found)][:60]
