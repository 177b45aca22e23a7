"""The table of an experiment's candidates: find, judge, choose."""

from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from dashboard import find, prose, snippets
from dashboard.directions import Direction
from dashboard.table import (
    column_menu,
    condition,
    heads,
    live,
    matching,
    picker,
    recent,
    toolbar,
)
from dashboard.table.columns import NAME, Catalogue, parse
from dashboard.table.listing import Listing, listing
from dashboard.table.matching import Found, Problem
from dashboard.table.state import (
    AGGREGATES,
    PAGE_SIZES,
    State,
)
from dashboard.templatetags.tracker_tags import grouped
from tracker.models import Experiment, Role
from tracker.permits import needs
from tracker.search.table import Condition, Count

# In an empty result: how many conditions are tried one by one.
MAX_RETRIES = 5


class Chip(NamedTuple):
    text: str
    parts: tuple[str, str, str] | None  # name, operator and value of a plain comparison
    remove_url: str
    without: str  # how many match without it, in an empty result


def chips(state: State, experiment: Experiment, found: Found) -> list[Chip]:
    """The conditions of the filter; in an empty result, with what each of them costs."""
    if not state.q or found.problem:
        return []
    is_empty = found.number == Count(0, True) and not state.token
    return [
        Chip(
            one.text,
            condition.parts(one.text),
            state.having(q=one.rest).url,
            without(experiment, one, state) if is_empty and place < MAX_RETRIES else "",
        )
        for place, one in enumerate(matching.conditions(state.q))
    ]


def without(experiment: Experiment, one: Condition, state: State) -> str:
    """How many match once this condition is taken away; empty where nobody can say."""
    number = matching.number(experiment, one.rest, state)
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
        "full_note": prose.html(opened.note, project.slug)
        if "\n" in opened.note.strip()
        else "",
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
    response = render(request, "dashboard/experiment.html", page)
    if "cols" in request.GET and opened.total:
        below = reverse("project", args=[project.slug])
        recent.remember(request, response, below, given.state.columns)
    return response


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
            columns = picker.moved(given.built.columns, query[name], way)
            return state.having(columns=tuple(columns)).url + "#columns"
    if query.get("col"):
        shown = given.built.columns
        text = query["col"][:1000]
        if text.startswith("filter "):
            return filtering(state, given.catalogue, text.removeprefix("filter "))
        after = column_menu.carried_out(state, shown, text, given.catalogue)
        return (after or state.having()).url
    return ""


def filtering(state: State, catalogue: Catalogue, address: str) -> str:
    """The page with the form for a condition open, and this column's name in it."""
    column = parse(address, catalogue)
    if column is None:
        return state.having().url
    url, name = state.having().url, column_menu.filter_name(column)
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'cond': name})}#add-value"


def candidates_table(request: HttpRequest, given: Listing) -> dict[str, Any]:
    state, built, found = given.state, given.built, given.found
    here = given.opened.experiment
    made = heads.heads(state, built)
    wanted = request.GET.get("find", "")[:250]
    only = request.GET.get("kind", "")[:1]
    offered = picker.picker(
        given.catalogue,
        built.columns,
        recent.known(request, given.catalogue),
        wanted,
        only,
    )
    said = chips(state, given.opened.experiment, found)
    rows = given.rows()
    return {
        "state": state,
        "found": found,
        "match_text": in_words(found.number),
        "pointed_at": pointed_at(state.q, found.problem),
        "kept_text": found.text,
        "chips": said,
        "strangers": matching.strangers(
            given.opened, found.text, given.catalogue.entries.keys()
        ),
        "has_counts": any(chip.without for chip in said),
        "clear_url": state.having(q="").url,
        "example": example(given),
        "first_url": state.having().url,
        "before_url": before_url(state, found),
        "after_url": after_url(state, found),
        "filter_hidden": state.pairs(without="q diff after from open"),
        "add_hidden": state.pairs(without="after from open"),
        "add_key": request.GET.get("cond", "")[:260],
        "conditions": condition.choices(given.catalogue),
        "operators": condition.OPERATORS,
        # views, order and groups
        "views": toolbar.view_tabs(given),
        "view_query": state.query,
        "baseline": built.baseline,
        "groupings": toolbar.groupings(given),
        "group_hidden": state.pairs(without="group after from open flat"),
        "group_params": toolbar.group_params(given.catalogue),
        "aggregates": [
            (name, label, state.having(agg=name).url)
            for name, label in AGGREGATES.items()
        ],
        "sort_slots": toolbar.sort_slots(given),
        "sort_hidden": state.pairs(without="sort after from open"),
        # columns
        "wanted": wanted,
        "shown_columns": picker.shown_choices(built.columns),
        "picker": offered,
        "unlisted": sum(section.hidden for section in offered),
        "kinds": picker.KINDS,
        "only": only,
        "picker_hidden": state.pairs(without="cols after"),
        "all_hidden": state.pairs(without="after from"),
        "shown_count": len(built.columns),
        "known_count": given.catalogue.offered,
        "default_columns_url": state.having(columns=()).url,
        "varying_url": state.having(columns=tuple(toolbar.varying(given))).url,
        "put_aside": given.opened.archived_count,
        "with_archived_url": state.having(with_archived=True).url,
        "without_archived_url": state.having(with_archived=False).url,
        "show_all_url": state.having(is_diff=False).url,
        "sizes": [(size, state.having(size=size).url) for size in PAGE_SIZES],
        # the table
        "rows": rows,
        "row_count": len(rows),
        "heads": made,
        "groups": heads.groups(made)
        if any(head.column.prefix for head in made)
        else [],
        "rules_url": reverse("experiment_rules", args=[here.project.slug, here.iid]),
        "charts_url": charts_url(here, state),
        "head_hidden": state.pairs(without="after from"),
        "name_sort_url": heads.sort_url(state, NAME),
        "name_aria_sort": heads.aria_sort(state, NAME),
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


def example(given: Listing) -> str:
    """A filter that this experiment understands, for who has never written one."""
    main, scale = given.built.main, given.built.extremes.scale
    if main is None or scale is None:
        return "status = finished and start > -7d"
    is_least = main.direction == Direction.MIN
    value, sign = (scale.low, "<") if is_least else (scale.high, ">")
    first = condition.written(column_menu.filter_name(main), sign, f"{value:.2g}")
    return f"{first} and status = finished"


def charts_url(experiment: Experiment, state: State) -> str:
    """The Charts tab for what matches, up to where it says which chart."""
    path = reverse("experiment_charts", args=[experiment.project.slug, experiment.iid])
    said = state.said()
    kept = [(name, said[name]) for name in ("q", "sort") if said[name]]
    return f"{path}?{urlencode([*kept, ('ch', '')], safe=':/,~')}"


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
            said.append(
                f"{missing} of these {'has' if missing == 1 else 'have'} no {main.key}"
            )
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
