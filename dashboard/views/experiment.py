"""The table of an experiment's candidates: find, judge, choose."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from dashboard import columns as offered
from dashboard import condition, find, live, matching, prose, snippets
from dashboard.columns import ATTRIBUTE, NAME, Catalogue, Column, Sort
from dashboard.directions import Direction
from dashboard.listing import Listing, listing
from dashboard.matching import Found, Problem
from dashboard.state import (
    AGGREGATES,
    EVERYTHING,
    PAGE_SIZES,
    Grouping,
    State,
)
from dashboard.table import Table
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker import seeds
from tracker.models import Experiment, Kind, Role
from tracker.permits import needs
from tracker.search.table import Condition, Count

# In an empty result: how many conditions are tried one by one.
MAX_RETRIES = 5


# ---------------------------------------------------------------- the parts of the table


class Head(NamedTuple):
    column: Column
    classes: str
    sort_url: str
    aria_sort: str  # "" where the table is not sorted by it
    place: int  # 1, 2, 3 where several columns sort, else 0
    ends: tuple[str, str] | None  # the strip's scale, right of the main column


class Group(NamedTuple):
    """A header over neighbouring columns: the folder they share."""

    label: str
    span: int


class Chip(NamedTuple):
    text: str
    parts: tuple[str, str, str] | None  # name, operator and value of a plain comparison
    remove_url: str
    without: str  # how many match without it, in an empty result


def heads(state: State, built: Table) -> list[Head]:
    made = []
    for column in built.columns:
        classes = "num" if built.is_number(column) else ""
        if built.has_slot and column.kind == Kind.METRIC:
            classes += " slotted"
        made.append(
            Head(
                column,
                classes,
                sort_url(state, column),
                aria_sort(state, column),
                place_in(state, column),
                None,
            )
        )
        if column == built.main:
            scale = built.extremes.scale
            ends = (shown(scale.low, 3), shown(scale.high, 3)) if scale else ("", "")
            made.append(Head(column, "c-strip", "", "", 0, ends))
    return made


def groups(made: Iterable[Head]) -> list[Group]:
    result: list[Group] = []
    for head in made:
        prefix = head.column.prefix
        if result and result[-1].label == prefix:
            result[-1] = Group(prefix, result[-1].span + 1)
        else:
            result.append(Group(prefix, 1))
    return result


def sort_url(state: State, column: Column) -> str:
    """A click sorts with the best first; a second click turns it round."""
    if not column.can_sort:
        return ""
    return state.having(sorts=(turned(state, column),)).url


def turned(state: State, column: Column) -> Sort:
    first = column.direction == Direction.MAX or column == (ATTRIBUTE, "start", "")
    current = next((s for s in state.sorts if s.column == column), None)
    return Sort(column, not current.descending if current else first)


def aria_sort(state: State, column: Column) -> str:
    """Only one column can say that the table is sorted by it: the first."""
    if not state.sorts:
        is_newest = column == (ATTRIBUTE, "start", "") and not state.grouping
        return "descending" if is_newest else ""
    leading = state.sorts[0]
    if leading.column != column:
        return ""
    return "descending" if leading.descending else "ascending"


def place_in(state: State, column: Column) -> int:
    if len(state.sorts) < 2:
        return 0
    sorted_by = [sort.column for sort in state.sorts]
    return sorted_by.index(column) + 1 if column in sorted_by else 0


def chips(state: State, experiment: Experiment, found: Found) -> list[Chip]:
    """The conditions of the filter; in an empty result, with what each of them costs."""
    if not state.q or found.problem:
        return []
    is_empty = not found.number.number and not state.token
    return [
        Chip(
            one.text,
            condition.parts(one.text),
            state.having(q=one.rest).url,
            without(experiment, one) if is_empty and place < MAX_RETRIES else "",
        )
        for place, one in enumerate(matching.conditions(state.q))
    ]


def without(experiment: Experiment, one: Condition) -> str:
    """How many match once this condition is taken away; empty where nobody can say."""
    number = matching.number(experiment, one.rest)
    return in_words(number) if number else ""


# ---------------------------------------------------------------- the page


@needs(Role.READER)
def experiment(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    project = find.project(request, slug)
    user = request.user if request.user.is_authenticated else None
    opened = find.experiment(project, iid, user=user)
    experiment = opened.experiment
    if experiment.is_deleted:
        return find.gone(request, project, experiment)
    page: dict[str, Any] = {
        "project": project,
        "section": "experiments",
        "experiment": experiment,
        "opened": opened,
        "tab": "table",
        "total": opened.total,
        "live": opened.live,
        "note": prose.first_line(opened.note),
        "full_note": prose.html(opened.note) if "\n" in opened.note.strip() else "",
        "may_write": find.may(request, project, Role.WRITER),
    }
    if opened.total:
        given = listing(request, opened)
        if target := edited(request, given):
            return HttpResponseRedirect(target)
        page |= candidates_table(request, given)
    else:
        uri = snippets.tracking_uri(request, project)
        page["snippet"] = snippets.connect_and_log(uri, experiment.name)
    return render(request, "dashboard/experiment.html", page)


def edited(request: HttpRequest, given: Listing) -> str:
    """Where small forms lead that change one part of the state; empty for no such form."""
    state, query = given.state, request.GET
    if "add_key" in query:
        added = condition.written(
            query["add_key"], query.get("add_op", ""), query.get("add_value", "")
        )
        return state.having(q=condition.joined(state.q, added)).url
    for name, way in (("up", -1), ("down", 1)):
        if name in query:
            columns = offered.moved(given.built.columns, query[name], way)
            return state.having(columns=tuple(columns)).url + "#columns"
    return ""


def candidates_table(request: HttpRequest, given: Listing) -> dict[str, Any]:
    state, built, found = given.state, given.built, given.found
    made = heads(state, built)
    wanted = request.GET.get("find", "")[:250]
    said = chips(state, given.opened.experiment, found)
    rows = given.rows()
    return {
        "state": state,
        "found": found,
        "match_text": in_words(found.number),
        "pointed_at": pointed_at(state.q, found.problem),
        "kept_text": found.text,
        "chips": said,
        "has_counts": any(chip.without for chip in said),
        "clear_url": state.having(q="").url,
        "first_url": state.having().url,
        "before_url": before_url(state, found),
        "after_url": after_url(state, found),
        "filter_hidden": state.pairs(without="q diff after from open"),
        "add_hidden": state.pairs(without="after from open"),
        "conditions": condition.choices(given.catalogue),
        "operators": condition.OPERATORS,
        # views, order and groups
        "views": view_tabs(given),
        "view_query": state.query,
        "baseline": built.baseline,
        "groupings": groupings(given),
        "group_hidden": state.pairs(without="group after from open flat"),
        "group_params": group_params(given.catalogue),
        "aggregates": [
            (name, label, state.having(agg=name).url)
            for name, label in AGGREGATES.items()
        ],
        "sort_slots": sort_slots(given),
        "sort_hidden": state.pairs(without="sort after from open"),
        # columns
        "wanted": wanted,
        "shown_columns": offered.shown_choices(built.columns),
        "picker": offered.picker(given.catalogue, built.columns, wanted),
        "picker_hidden": state.pairs(without="cols after"),
        "all_hidden": state.pairs(without="after from"),
        "shown_count": len(built.columns),
        "known_count": given.catalogue.offered,
        "default_columns_url": state.having(columns=()).url,
        "varying_url": state.having(columns=tuple(varying(given))).url,
        "show_all_url": state.having(is_diff=False).url,
        "sizes": [(size, state.having(size=size).url) for size in PAGE_SIZES],
        # the table
        "rows": rows,
        "row_count": len(rows),
        "heads": made,
        "groups": groups(made) if any(head.column.prefix for head in made) else [],
        "name_sort_url": sort_url(state, NAME),
        "name_aria_sort": aria_sort(state, NAME),
        "has_slot": built.has_slot,
        "folded": given.folded,
        "remarks": remarks(given),
        "files": file_urls(request, state),
        "state_pairs": state.pairs(without="after from open"),
        "is_complete": found.is_complete,
        "version": live.version(given.opened),
        "changes_url": live.url(given),
        "pause_url": replace(state, is_paused=not state.is_paused).url,
    }


def before_url(state: State, found: Found) -> str:
    if found.grouped:
        start = found.grouped.start
        return replace(state, start=max(0, start - state.size)).url if start else ""
    token = found.page.previous_token
    return replace(state, token=token).url if token else ""


def after_url(state: State, found: Found) -> str:
    if found.grouped:
        start = found.grouped.start + state.size
        return replace(state, start=start).url if start < found.grouped.total else ""
    token = found.page.next_token
    return replace(state, token=token).url if token else ""


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
    choices: list[tuple[str, str, bool]]


def sort_slots(given: Listing) -> list[SortSlot]:
    """Three choices, each over the columns on show, both ways."""
    state = given.state
    columns = dict.fromkeys(
        [NAME, *given.built.columns, *(sort.column for sort in state.sorts)]
    )
    either = [
        Sort(column, way)
        for column in columns
        if column.can_sort
        for way in (True, False)
    ]
    labels = ("Sort by", "then by", "then by")
    slots = []
    for place, label in enumerate(labels):
        current = state.sorts[place] if place < len(state.sorts) else None
        choices = [("", "Newest first" if place == 0 else "–", current is None)]
        choices += [
            (
                sort.address,
                f"{sort.column.full_label}, {'high to low' if sort.descending else 'low to high'}",
                sort == current,
            )
            for sort in either
        ]
        slots.append(SortSlot(label, choices))
    return slots


def varying(given: Listing) -> list[Column]:
    """Every param and metric that differs, as far as a table holds them."""
    catalogue, total = given.catalogue, given.opened.total
    metrics = [offered.metric_column(key) for key in catalogue.metrics_by_weight()]
    params = [Column(Kind.PARAM, e.key) for e in catalogue.of_kind(Kind.PARAM)]
    found = [c for c in [*metrics, *params] if catalogue.varies(c, total)]
    state = Column(ATTRIBUTE, "state")
    return [state, *offered.by_prefix(found)][:60]


def remarks(given: Listing) -> list[str]:
    """What the table does not show by itself."""
    said = []
    main, scale = given.built.main, given.built.extremes.scale
    if main and not given.found.grouped:
        missing = sum(
            given.built.facts.metric(candidate, main) is None
            for candidate in given.candidates
        )
        if missing:
            said.append(f"{missing} of these have no {main.key}")
    if given.found.grouped and given.state.agg == "mean":
        said.append("± is the 95 % interval over at least three members")
    if main and scale:
        said.append(f"The strip spans 5 to 95 % of {main.full_label}")
    return said


def file_urls(request: HttpRequest, state: State) -> dict[str, str]:
    path = request.path.rstrip("/")
    here = replace(state, path=path)
    every = here.having(opened=frozenset())
    urls = {}
    for form in ("csv", "json", "md"):
        urls[form] = replace(here, path=f"{path}.{form}").url
        all_of = replace(every, path=f"{path}.{form}").url
        urls[f"all_{form}"] = f"{all_of}{'&' if '?' in all_of else '?'}all=1"
    return urls


def pointed_at(text: str, problem: Problem | None) -> str:
    """The part of a filter around its fault, and a mark below that place."""
    if problem is None or problem.place is None:
        return ""
    start = max(0, problem.place - 60)
    line = " ".join(text[start : start + 80].splitlines())
    return f"{line}\n{' ' * (problem.place - start)}^"


def in_words(count: Count) -> str:
    return grouped(count.number) + ("" if count.is_exact else "+")
