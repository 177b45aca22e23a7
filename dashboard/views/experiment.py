"""The table of an experiment's candidates: find, judge, choose."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render

from dashboard import columns as offered
from dashboard import exports, extremes, find, matching, prose, snippets, table
from dashboard.columns import ATTRIBUTE, NAME, Catalogue, Column, Sort
from dashboard.directions import Direction
from dashboard.find import Opened
from dashboard.matching import Found, Problem
from dashboard.state import PAGE_SIZES, State
from dashboard.table import Extremes
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker import audit
from tracker.errors import Invalid
from tracker.models import Experiment, Kind, Role, What
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
    ends: tuple[str, str] | None  # the strip's scale, right of the main column


class Group(NamedTuple):
    """A header over neighbouring columns: the folder they share."""

    label: str
    span: int


class Chip(NamedTuple):
    text: str
    remove_url: str
    without: str  # how many match without it, in an empty result


def heads(state: State, built: table.Table) -> list[Head]:
    made = []
    for column in built.columns:
        classes = "num" if built.is_number(column) else ""
        made.append(
            Head(
                column, classes, sort_url(state, column), aria_sort(state, column), None
            )
        )
        if column == built.main:
            scale = built.extremes.scale
            ends = (shown(scale.low, 3), shown(scale.high, 3)) if scale else ("", "")
            made.append(Head(column, "c-strip", "", "", ends))
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
    first = column.direction == Direction.MAX or column == (ATTRIBUTE, "start", "")
    current = next((s for s in state.sorts if s.column == column), None)
    descending = not current.descending if current else first
    return state.having(sorts=(Sort(column, descending),)).url


def aria_sort(state: State, column: Column) -> str:
    if not state.sorts:
        return "descending" if column == (ATTRIBUTE, "start", "") else ""
    leading = state.sorts[0]
    if leading.column != column:
        return ""
    return "descending" if leading.descending else "ascending"


def chips(state: State, experiment: Experiment, found: Found) -> list[Chip]:
    """The conditions of the filter; in an empty result, with what each of them costs."""
    if not state.q or found.problem:
        return []
    is_empty = not found.candidates and not state.token
    return [
        Chip(
            condition.text,
            state.having(q=condition.rest).url,
            without(experiment, condition) if is_empty and place < MAX_RETRIES else "",
        )
        for place, condition in enumerate(matching.conditions(state.q))
    ]


def without(experiment: Experiment, condition: Condition) -> str:
    """How many match once this condition is taken away; empty where nobody can say."""
    number = matching.number(experiment, condition.rest)
    return in_words(number) if number else ""


# ---------------------------------------------------------------- the page


@dataclass(slots=True)
class Answer:
    """What page and files show alike."""

    state: State
    found: Found
    built: table.Table
    catalogue: Catalogue
    folded: int


def answer(request: HttpRequest, opened: Opened) -> Answer:
    experiment, total = opened.experiment, opened.total
    catalogue = Catalogue.of(experiment)
    state = State.read(request, catalogue)
    found = matching.find(
        experiment,
        total=total,
        text=state.q,
        sorts=state.sorts,
        limit=state.size,
        token=state.token,
    )
    candidates = found.candidates
    catalogue.measure(candidates)
    ids = [candidate.pk for candidate in candidates]
    builds, files = table.ci_builds(ids), table.file_counts(ids)
    present = {"user"} if len({c.user_id for c in candidates}) > 1 else set()
    present |= {"ci"} if builds else set()
    present |= {"files"} if files else set()
    columns = list(state.columns) or offered.default_columns(
        catalogue, total=total, present=present
    )
    facts = table.gather(candidates, columns, builds=builds, files=files)
    folded = 0
    if state.is_diff:
        equal = equal_columns(catalogue, found, columns, facts, total)
        folded = len(equal)
        columns = [column for column in columns if column not in equal]
    main = main_column(columns, catalogue)
    best = extremes_of(experiment, found, columns, facts, main)
    numeric = {column for column in columns if catalogue.is_numeric(column)}
    built = table.Table(experiment.project, columns, facts, best, main, numeric)
    return Answer(state, found, built, catalogue, folded)


def extremes_of(
    experiment: Experiment,
    found: Found,
    columns: Sequence[Column],
    facts: table.Facts,
    main: Column | None,
) -> Extremes:
    if found.is_complete:
        return extremes.of_shown(found.candidates, facts, columns, main=main)
    try:
        with found.search.limited():
            return extremes.of_all(
                experiment,
                found.search.rows if found.is_filtered else None,
                columns,
                main=main,
                total=found.number.number,
            )
    except Invalid:  # a regular expression that takes too long for all
        return extremes.UNKNOWN


def main_column(columns: Iterable[Column], catalogue: Catalogue) -> Column | None:
    """The metric to judge by: the weightiest that is on show."""
    order = {key: place for place, key in enumerate(catalogue.metrics_by_weight())}
    metrics = [c for c in columns if c.kind == Kind.METRIC and c.aggregate != "count"]
    return min(metrics, key=lambda c: order.get(c.key, len(order)), default=None)


def equal_columns(
    catalogue: Catalogue,
    found: Found,
    columns: list[Column],
    facts: table.Facts,
    total: int,
) -> set[Column]:
    """What "only differences" hides: exact on one page, else what the catalogue knows."""
    equal = table.equal_columns(found.candidates, columns, facts)
    if found.is_complete:
        return equal
    return {column for column in equal if not catalogue.varies(column, total)}


@needs(Role.READER)
def experiment(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    experiment = opened.experiment
    if experiment.is_deleted:
        return find.gone(request, project, experiment)
    page: dict[str, Any] = {
        "project": project,
        "section": "experiments",
        "experiment": experiment,
        "total": opened.total,
        "live": opened.live,
        "note": prose.first_line(opened.note),
        "full_note": prose.html(opened.note) if "\n" in opened.note.strip() else "",
        "may_write": find.may(request, project, Role.WRITER),
    }
    if opened.total:
        page |= candidates_table(request, opened)
    else:
        uri = snippets.tracking_uri(request, project)
        page["snippet"] = snippets.connect_and_log(uri, experiment.name)
    return render(request, "dashboard/experiment.html", page)


def candidates_table(request: HttpRequest, opened: Opened) -> dict[str, Any]:
    given = answer(request, opened)
    state, built, found = given.state, given.built, given.found
    made = heads(state, built)
    wanted = request.GET.get("find", "")[:250]
    said = chips(state, opened.experiment, found)
    files = f"{request.path.rstrip('/')}."
    query = urlencode(state.pairs(), safe=":/,")
    every = urlencode([*state.pairs(without="after n"), ("all", "1")], safe=":/,")
    return {
        "state": state,
        "found": found,
        "match_text": in_words(found.number),
        "pointed_at": pointed_at(state.q, found.problem),
        "chips": said,
        "has_counts": any(chip.without for chip in said),
        "clear_url": state.having(q="").url,
        "first_url": state.having().url,
        "before_url": replace(state, token=found.page.previous_token or "").url,
        "after_url": replace(state, token=found.page.next_token or "").url,
        "filter_hidden": state.pairs(without="q diff after"),
        # columns
        "wanted": wanted,
        "picker": offered.picker(given.catalogue, built.columns, wanted),
        "picker_hidden": state.pairs(without="cols after"),
        "all_hidden": state.pairs(without="after"),
        "shown_count": len(built.columns),
        "known_count": given.catalogue.offered,
        "default_columns_url": state.having(columns=()).url,
        "show_all_url": state.having(is_diff=False).url,
        "sizes": [(size, state.having(size=size).url) for size in PAGE_SIZES],
        # the table
        "rows": built.rows(found.candidates),
        "heads": made,
        "groups": groups(made) if any(head.column.prefix for head in made) else [],
        "name_sort_url": sort_url(state, NAME),
        "name_aria_sort": aria_sort(state, NAME),
        "folded": given.folded,
        "remarks": remarks(given),
        # files
        "csv_url": f"{files}csv?{query}",
        "json_url": f"{files}json?{query}",
        "all_csv_url": f"{files}csv?{every}",
        "all_json_url": f"{files}json?{every}",
    }


def remarks(given: Answer) -> list[str]:
    """What the table does not show by itself."""
    said = []
    main, scale = given.built.main, given.built.extremes.scale
    if main:
        missing = sum(
            given.built.facts.metric(candidate, main) is None
            for candidate in given.found.candidates
        )
        if missing:
            said.append(f"{missing} of these have no {main.key}")
    if main and scale:
        said.append(f"The strip spans 5 to 95 % of {main.full_label}")
    return said


def pointed_at(text: str, problem: Problem | None) -> str:
    """The part of a filter around its fault, and a mark below that place."""
    if problem is None or problem.place is None:
        return ""
    start = max(0, problem.place - 60)
    line = " ".join(text[start : start + 80].splitlines())
    return f"{line}\n{' ' * (problem.place - start)}^"


def in_words(count: Count) -> str:
    return grouped(count.number) + ("" if count.is_exact else "+")


# ---------------------------------------------------------------- files

BATCH = 500


@needs(Role.READER)
def experiment_file(
    request: HttpRequest, slug: str, iid: int, form: str
) -> HttpResponseBase:
    """The same query as CSV or JSON: the rows shown or, with `all=1`, every matching one."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    experiment = opened.experiment
    if experiment.is_deleted:
        return find.gone(request, project, experiment)
    given = answer(request, opened)
    if given.found.problem:
        return HttpResponseBadRequest(
            f"The filter cannot be read: {given.found.problem.message}",
            content_type="text/plain; charset=utf-8",
        )
    audit.record_once(What.EXPORTED, project=project, about=experiment, note=form)
    columns = list(given.built.columns)
    batches: Iterable[exports.Batch] = [(given.found.candidates, given.built.facts)]
    if request.GET.get("all") == "1":
        batches = every_batch(given.found, columns)
    lines = (exports.csv_lines if form == "csv" else exports.json_lines)(
        columns, batches
    )
    kind = "text/csv; charset=utf-8" if form == "csv" else "application/json"
    return StreamingHttpResponse(
        lines,
        content_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{file_name(experiment)}.{form}"'
        },
    )


def file_name(experiment: Experiment) -> str:
    """What is left of the name in a header, which holds no quotes and no other alphabet."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", experiment.name)[:100].strip("-.")
    return plain or f"experiment-{experiment.iid}"


def every_batch(found: Found, columns: list[Column]) -> Iterator[exports.Batch]:
    for candidates in matching.pages(found.search, BATCH):
        yield candidates, table.gather(candidates, columns)
