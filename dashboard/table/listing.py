"""The candidates of an experiment as its page and its files show them: rows and columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest

from dashboard.candidate import progress
from dashboard.find import Opened
from dashboard.table import columns as offered
from dashboard.table import extremes, group_rows, matching, nesting, saved
from dashboard.table.body import Extremes, Row, Table, Toggle
from dashboard.table.columns import ATTRIBUTE, Catalogue, Column
from dashboard.table.facts import Facts, Member, Relations, alike, gather, related
from dashboard.table.group_rows import Part
from dashboard.table.grouping import MAX_LISTED, Group
from dashboard.table.matching import Found
from dashboard.table.nesting import Branch
from dashboard.table.saved import Views
from dashboard.table.state import Grouping, State
from dashboard.table.widths import fitting, steps
from tracker.errors import Invalid
from tracker.models import Candidate, Kind, Status

STATE = Column(ATTRIBUTE, "state")


@dataclass(slots=True)
class Listing:
    """What page and files show alike."""

    opened: Opened
    state: State
    views: Views
    found: Found
    built: Table
    catalogue: Catalogue
    folded: int
    branches: list[Branch]  # the candidates as they stand, without the groups
    shown: dict[int, Candidate]  # by key: whoever stands in a group's place or below it
    group_names: dict[str, list[Part]]

    @property
    def candidates(self) -> list[Candidate]:
        """Those on the page, in its order."""
        if self.found.grouped:
            return [self.shown[m.pk] for m in members_shown(self) if m.pk in self.shown]
        return [branch.candidate for branch in self.branches]

    def rows(self) -> list[Row]:
        rows = grouped_rows(self) if self.found.grouped else tree_rows(self)
        baseline = self.built.baseline
        if baseline is None:
            return rows
        # Pinned on top, and not once more below.
        rest = [r for r in rows if not r.candidate or r.candidate.pk != baseline.pk]
        return [self.built.row(baseline, is_pinned=True), *rest]


def listing(request: HttpRequest, opened: Opened) -> Listing:
    experiment, total = opened.experiment, opened.total
    catalogue = Catalogue.of(experiment, primary=opened.primary)
    views = saved.views(request, opened)
    state = State.read(request, catalogue, view=views.current, view_slug=views.slug)
    is_tree = catalogue.is_nested and not state.is_flat and not state.grouping
    was = request.GET.get("was", "")[:10_000]
    found = matching.find(
        opened, state, was=was, is_tree=is_tree, known=catalogue.entries.keys()
    )
    if is_tree and not state.opened and not found.is_filtered:
        state = opened_first(state, found)
    branches = tree(opened, state, found, is_tree)
    ids, owners = whoever(state, found, branches)
    wanted = opened.baseline if state.baseline is None else state.baseline
    relations = related(
        ids,
        eids={branch.candidate.parent_eid for branch in branches} - {""},
        project=experiment.project,
        iids=[wanted] if wanted else [],
        with_archived=state.with_archived,
    )
    shown = [relations.candidates[pk] for pk in ids if pk in relations.candidates]
    catalogue.measure([owner.pk for owner in owners])
    baseline = relations.others.get(wanted) if wanted else None
    columns = list(state.columns) or offered.default_columns(
        catalogue,
        total=total,
        present=present(shown, relations),
        without_seeds=state.grouping == Grouping(),
    )
    columns = pinned_first(columns, state.pinned)
    measured = [*owners, *([baseline] if baseline else [])]
    is_underway = STATE in columns and any(c.status == Status.RUNNING for c in shown)
    totals = progress.TOTALS if is_underway else ()
    facts = gather(measured, columns, relations=relations, also=totals)
    if is_underway:
        facts.progress = progress.of_many(shown, facts.metrics, facts.params)
    folded = 0
    if state.is_diff:
        equal = equal_columns(catalogue, found, owners, columns, facts, total)
        folded = len(equal)
        columns = [column for column in columns if column not in equal]
    main = main_column(columns, catalogue)
    has_slot = baseline is not None or found.grouped is not None
    widths = {c: steps(c, facts, has_slot=has_slot) for c in columns}
    if not state.columns:
        kept = fitting(columns, widths.__getitem__, main=main)
        columns = pinned_first(offered.arranged(kept), state.pinned)
    best = extremes_of(opened, found, columns, facts, main)
    numeric = {column for column in columns if catalogue.is_numeric(column)}
    built = Table(
        experiment.project,
        experiment,
        columns,
        facts,
        with_baseline(best, facts, baseline, main),
        main,
        numeric,
        baseline,
        found.grouped is not None,
        widths,
        state.pinned,
    )
    by_key = {candidate.pk: candidate for candidate in shown}
    names = {}
    if found.grouped and state.grouping:
        groups = found.grouped.groups
        names = group_rows.names_of(groups, state.grouping, catalogue, columns)
    return Listing(
        opened, state, views, found, built, catalogue, folded, branches, by_key, names
    )


# So few rows on top say nothing by themselves: they begin open.
FEW_ROWS = 3


def opened_first(state: State, found: Found) -> State:
    if len(found.candidates) > FEW_ROWS:
        return state
    return replace(state, opened=frozenset(str(c.iid) for c in found.candidates))


def tree(opened: Opened, state: State, found: Found, is_tree: bool) -> list[Branch]:
    candidates = found.candidates
    if not is_tree:
        return [Branch(candidate, 0) for candidate in candidates]
    if found.is_filtered:
        return nesting.with_ancestors(
            opened.experiment, candidates, with_archived=state.with_archived
        )
    return nesting.opened(
        opened.experiment,
        candidates,
        state.opened,
        state.sorts,
        with_archived=state.with_archived,
    )


def whoever(
    state: State, found: Found, branches: Sequence[Branch]
) -> tuple[list[int], Sequence[Candidate | Member]]:
    """The keys of those that have a row, and all whose values the rows are made of."""
    if not found.grouped:
        owners = [branch.candidate for branch in branches]
        return [candidate.pk for candidate in owners], owners
    groups = found.grouped.groups
    ids = [member.pk for group in groups for member in listed(group, state)]
    return ids, [member for group in groups for member in group.members]


def listed(group: Group, state: State) -> Sequence[Member]:
    """The members of a group that have rows of their own."""
    if group.n == 1:
        return group.members
    return group.members[:MAX_LISTED] if group.name in state.opened else []


def members_shown(given: Listing) -> Iterable[Member]:
    assert given.found.grouped
    for group in given.found.grouped.groups:
        yield from listed(group, given.state)


def present(shown: Sequence[Candidate], relations: Relations) -> set[str]:
    """The optional attributes that are worth a column."""
    several = len({candidate.user_id for candidate in shown}) > 1
    there = {"user": several, "ci": relations.builds, "files": relations.files}
    return {name for name, is_there in there.items() if is_there}


# ---------------------------------------------------------------- rows


def tree_rows(given: Listing) -> list[Row]:
    built, state = given.built, given.state
    is_tree = given.catalogue.is_nested and not state.is_flat
    opens = is_tree and not given.found.is_filtered
    rows = []
    for candidate, level, is_dim in given.branches:
        children = built.facts.children.get(candidate.pk, 0) if opens else 0
        name = str(candidate.iid)
        rows.append(
            built.row(
                candidate,
                level=level,
                is_dim=is_dim,
                number=children,
                toggle=toggle(state, name) if children else None,
                more_url=children_url(state, candidate)
                if children > nesting.MAX_CHILDREN and name in state.opened
                else "",
            )
        )
    return rows


def children_url(state: State, candidate: Candidate) -> str:
    return state.having(q=f"parent = {candidate.iid}", opened=frozenset()).url


def toggle(state: State, name: str) -> Toggle:
    return Toggle(state.toggled(name).url, name in state.opened)


def grouped_rows(given: Listing) -> list[Row]:
    assert given.found.grouped
    built, state, rows = given.built, given.state, []
    for group in given.found.grouped.groups:
        if group.n > 1:
            rows.append(
                group_rows.row(
                    group,
                    built,
                    given.group_names[group.name],
                    agg=state.agg,
                    toggle=toggle(state, group.name),
                )
            )
        for member in listed(group, state):
            if candidate := given.shown.get(member.pk):
                rows.append(built.row(candidate, level=int(group.n > 1)))
    return rows


# ---------------------------------------------------------------- columns


def pinned_first(columns: list[Column], pinned: Sequence[Column]) -> list[Column]:
    return [*pinned, *(column for column in columns if column not in pinned)]


def main_column(columns: Iterable[Column], catalogue: Catalogue) -> Column | None:
    """The metric to judge by: the weightiest that is on show."""
    order = {key: place for place, key in enumerate(catalogue.metrics_by_weight())}
    metrics = [
        column
        for column in columns
        if column.kind == Kind.METRIC
        and column.aggregate != "count"
        and column.step is None
    ]
    return min(metrics, key=lambda c: order.get(c.key, len(order)), default=None)


def equal_columns(
    catalogue: Catalogue,
    found: Found,
    owners: Sequence[Candidate | Member],
    columns: list[Column],
    facts: Facts,
    total: int,
) -> set[Column]:
    """What "only differences" hides: exact on one page, else what the catalogue knows."""
    equal = alike(owners, columns, facts)
    if found.is_complete or found.grouped:
        return equal
    return {column for column in equal if not catalogue.varies(column, total)}


def extremes_of(
    opened: Opened,
    found: Found,
    columns: Sequence[Column],
    facts: Facts,
    main: Column | None,
) -> Extremes:
    shown = extremes.of_shown(found.candidates, facts, columns, main=main)
    if found.is_complete:
        return shown
    if found.is_filtered and found.keys is None:
        return Extremes({}, shown.scale)  # nothing is known of the others
    try:
        with found.search.limited():
            return extremes.of_all(
                opened.experiment,
                found.search.rows if found.is_filtered else None,
                columns,
                main=main,
                total=found.number,
                keys=found.keys or (),
            )
    except Invalid:  # a regular expression that takes too long for all
        return extremes.UNKNOWN


def with_baseline(
    best: Extremes, facts: Facts, baseline: Candidate | None, main: Column | None
) -> Extremes:
    """The strip's scale, stretched so far that the baseline is inside."""
    if baseline is None or main is None:
        return best
    return best._replace(
        scale=extremes.holding(best.scale, facts.metric(baseline, main))
    )
