"""Candidates as a tree: children stand under the candidate that started them.

Unfiltered, a page lists the top of the tree, and opening a row lists its children. Under
a filter a page lists what matches, each below its ancestors, which are dimmed where they
do not match themselves. Where archived candidates are left out, their children stand by
themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from dashboard.table.asking import search
from dashboard.table.columns import Sort
from tracker.models import Candidate, Experiment
from tracker.search.table import Search

# How deep a tree is followed; deeper ones are rare, and each level is a query.
MAX_LEVELS = 4
# Children that an opened row lists; a link leads to all.
MAX_CHILDREN = 100


class Branch(NamedTuple):
    """A candidate where it stands in the tree."""

    candidate: Candidate
    level: int
    is_dim: bool = False


def has_parent(experiment: Experiment, with_archived: bool) -> Exists:
    """A parent here, and an older one: so two that name each other have a top."""
    parents = alive(experiment, with_archived)
    return Exists(parents.filter(eid=OuterRef("parent_eid"), pk__lt=OuterRef("pk")))


def top(experiment: Experiment, with_archived: bool) -> Q:
    return Q(parent_eid="") | Q(~has_parent(experiment, with_archived))


def tops(asked: Search, experiment: Experiment, *, with_archived: bool) -> Search:
    """The same search among the top of the tree alone."""
    rows = asked.choice.rows.filter(top(experiment, with_archived))
    return replace(
        asked,
        choice=asked.choice._replace(rows=rows),
        identity=[*asked.identity, "tops"],
    )


def children(
    experiment: Experiment,
    parents: Iterable[Candidate],
    sorts: Sequence[Sort],
    with_archived: bool,
) -> dict[str, list[Candidate]]:
    """By the parent's eid, in the order of the table."""
    eids = [parent.eid for parent in parents]
    if not eids:
        return {}
    asked = search(experiment, "", sorts, with_archived=with_archived)
    is_child = has_parent(experiment, with_archived)
    rows = asked.choice.rows.filter(is_child, parent_eid__in=eids)
    asked = replace(asked, choice=asked.choice._replace(rows=rows))
    found: dict[str, list[Candidate]] = {}
    for child in asked.page(limit=MAX_CHILDREN * len(eids)).rows:
        found.setdefault(child.parent_eid, []).append(child)
    return found


def opened(
    experiment: Experiment,
    roots: Sequence[Candidate],
    names: frozenset[str],
    sorts: Sequence[Sort],
    *,
    with_archived: bool,
) -> list[Branch]:
    """The roots, with the children of those that are open below them."""
    below: dict[str, list[Candidate]] = {}
    level = list(roots)
    for _ in range(MAX_LEVELS):
        wanted = [c for c in level if str(c.iid) in names and c.eid not in below]
        found = children(experiment, wanted, sorts, with_archived)
        if not found:
            break
        below |= found
        level = [child for several in found.values() for child in several]
    return [branch for root in roots for branch in walk(root, 0, below)]


def walk(
    candidate: Candidate, level: int, below: Mapping[str, list[Candidate]]
) -> Iterable[Branch]:
    yield Branch(candidate, level)
    if level < MAX_LEVELS:
        for child in below.get(candidate.eid, []):
            yield from walk(child, level + 1, below)


def with_ancestors(
    experiment: Experiment, matched: Sequence[Candidate], *, with_archived: bool
) -> list[Branch]:
    """What matches, below its ancestors. A query for each level, and none without any."""
    known = {candidate.eid: candidate for candidate in matched}
    missing = {c.parent_eid for c in matched} - known.keys() - {""}
    for _ in range(MAX_LEVELS):
        if not missing:
            break
        found = alive(experiment, with_archived).filter(eid__in=missing)
        ancestors = {candidate.eid: candidate for candidate in found}
        known |= ancestors
        missing = {c.parent_eid for c in ancestors.values()} - known.keys() - {""}
    matches = {candidate.eid for candidate in matched}
    below: dict[str, list[Candidate]] = {}
    roots: dict[str, Candidate] = {}
    for candidate in matched:
        climb(candidate, known, below, roots)
    branches = [
        branch._replace(is_dim=branch.candidate.eid not in matches)
        for root in roots.values()
        for branch in walk(root, 0, below)
    ]
    # Those that name each other as parents, or hang too deep, are at least on the page.
    shown = {branch.candidate.eid for branch in branches}
    return branches + [Branch(c, 0) for c in matched if c.eid not in shown]


def climb(
    candidate: Candidate,
    known: Mapping[str, Candidate],
    below: dict[str, list[Candidate]],
    roots: dict[str, Candidate],
) -> None:
    """Hang a candidate below its parent, that one below its own, up to the top."""
    for _ in range(MAX_LEVELS):
        parent = known.get(candidate.parent_eid)
        if parent is None or parent is candidate:
            break
        siblings = below.setdefault(parent.eid, [])
        if candidate in siblings:
            return
        siblings.append(candidate)
        candidate = parent
    roots.setdefault(candidate.eid, candidate)


def alive(experiment: Experiment, with_archived: bool) -> QuerySet[Candidate]:
    rows = Candidate.objects.alive().filter(experiment=experiment)
    return rows if with_archived else rows.filter(archived_at=None)
