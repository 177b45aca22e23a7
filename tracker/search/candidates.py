"""Finding candidates: the filter and the order of MLflow's `runs/search`, and of the pages."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from tracker.models import Candidate, Experiment, Metric
from tracker.reading import Asked, of_each
from tracker.search import candidate_orders as orders
from tracker.search import grammar, ordering
from tracker.search.candidate_fields import RUNS, Question, Term
from tracker.search.candidate_orders import is_about, only_metric
from tracker.search.fields import Narrowed
from tracker.search.ordering import Order
from tracker.search.paging import Page, View, viewed


class Choice(NamedTuple):
    """Which candidates a list shows, and their order."""

    rows: QuerySet[Candidate]
    order: Order
    # The same order for some of them that are known by their keys.
    of_some: Order
    # The same rows, for who reads all of them and not only the first in this order.
    listed: Callable[[], QuerySet[Candidate]] | None = None
    # Where an index picks them: its series, and the rows without the condition on those.
    series: QuerySet[Metric] | None = None
    others: QuerySet[Candidate] | None = None
    is_few: bool = False  # an index has found them


def find(
    experiments: QuerySet[Experiment],
    *,
    text: str = "",
    order_by: Sequence[str] = (),
    view: View = View.ACTIVE_ONLY,
    limit: int = 1000,
    token: str = "",
) -> Page[Candidate]:
    """A page of the candidates of these experiments, as MLflow's `runs/search` finds them.

    Candidates come bare: prefetch what is shown. Raises Invalid.
    """
    asked = [Question(RUNS.field(one.name), one) for one in grammar.comparisons(text)]
    within = sorted(experiments.values_list("pk", flat=True))
    terms = _terms(order_by)
    choice = choose(Candidate.objects.all(), within, asked, terms, view=view)
    return ordering.page(
        viewed(choice.rows, view),
        choice.order,
        limit=limit,
        token=token,
        query=["runs", within, text, list(order_by), view],
    )


ORDERED = frozenset(
    "start_time created Created end_time run_id run_name status user_id artifact_uri".split()
)


def _terms(order_by: Sequence[str]) -> list[Term]:
    """What `order_by` names. Raises Invalid, also for a field that is named twice."""
    terms: list[Term] = []
    for item in ordering.parsed(order_by):
        field, key = RUNS.field(item.name), item.name.key
        if field.rows is None:
            if key not in ORDERED:
                raise ordering.cannot(item)
            key = field.path
        elif not field.relation:
            raise ordering.cannot(item)
        if (field, key) in [(term.field, term.key) for term in terms]:
            raise ordering.twice(item)
        terms.append(Term(field, key, item.descending))
    return terms


def choose(
    everyone: QuerySet[Candidate],
    within: Sequence[int],
    asked: Sequence[Question],
    terms: Sequence[Term],
    also: Q = Q(),  # noqa: B008  (never changed)
    view: View = View.ACTIVE_ONLY,
) -> Choice:
    """The candidates of these experiments that meet all conditions, in this order."""
    metric = only_metric(terms)
    known = [one for one in asked if metric and is_about(one, metric)]
    others = [one for one in asked if one not in known]
    conditions = [(one, one.field.condition(one.asked)) for one in others]
    walks = orders.NONE
    if view is View.ACTIVE_ONLY and len(within) == 1:
        walks = orders.walks(terms, metric, known, within[0])
    begin = _begin(others, within, has_walk=walks.first is not None)
    few, picked = begin.few, begin.picked
    of_some = orders.order(terms, metric, known, [], orders.NONE)
    met = few.met if few else None
    rows = everyone.filter(also, *(each for one, each in conditions if one is not met))
    if few is not None:
        rows = rows.filter(pk__listed=few.keys)
        return Choice(rows, of_some, of_some, is_few=True)
    rows = rows.filter(begin.gathered, experiment__in=within)
    if picked is None:
        order = orders.order(terms, metric, known, within, walks)
        here = everyone.filter(also, experiment__in=within)
        listed = partial(_along_index, here, conditions, within)
        return Choice(rows, order, of_some, listed)
    walks = walks.picking(Q(eid__among=picked.series.values("eid")))
    order = orders.order(terms, metric, known, within, walks)
    rest = (each for one, each in conditions if one is not picked.met)
    others_met = everyone.filter(also, *rest)
    return Choice(rows, order, of_some, None, picked.series, others_met)


def _along_index(
    everyone: QuerySet[Candidate],
    conditions: Sequence[tuple[Question, Q]],
    within: Sequence[int],
) -> QuerySet[Candidate]:
    """What an index holds of one condition, and of these who meets the others."""
    for one, _ in conditions:
        narrowed = one.field.narrowed(one.asked)
        if narrowed is not None:
            met = one if narrowed.is_exact else None
            rest = (each for other, each in conditions if other is not met)
            held = narrowed.rows.order_by().filter(experiment__in=within)
            return everyone.filter(*rest, pk__in=held.values("candidate"))
    return everyone.filter(*(each for _, each in conditions))


# ---------------------------------------------------------------- where to begin

# Finding this many along an index costs about a millisecond.
FEW = 1000
# Of a very large experiment more are worth listing. A page of a hundred of those that m of
# n candidates meet is walked in 100 n / m rows, each about as dear as one that is listed
# and sorted: both take the same time where m² = 100 n.
BALANCE = 100
# To pick from what one index holds, without a look at the rows themselves, is much cheaper.
PICKED = 4
# Beside other conditions a walk is long, and this many are soon gathered to be looked up.
GATHERED = 10_000


class Few(NamedTuple):
    """Candidates that an index found, and the question they are the whole answer to."""

    keys: list[int]
    met: Question | None


class Picked(NamedTuple):
    """The series that meet a question, and so the candidates that do, and no others."""

    series: QuerySet[Metric]
    met: Question


class Begin(NamedTuple):
    """Where a search begins; with neither at the order's first row.

    What it meets on its way is looked up among those that are gathered first.
    """

    few: Few | None = None
    picked: Picked | None = None
    gathered: Q = Q()


def _begin(
    asked: Sequence[Question], within: Sequence[int], *, has_walk: bool
) -> Begin:
    """With the candidates that meet a condition, if an index says that they are few.

    Then a page is made of them. If each condition is met by many, the first hundred that
    meet all are soon found by walking along the order. So neither case reads the whole
    experiment, whatever the database's planner believes of it. What lies between the two is
    picked out of the walk, where both lie in indexes.
    """
    narrowed = [(one, one.field.narrowed(one.asked)) for one in asked]
    indexed = [(one, found) for one, found in narrowed if found]
    if not indexed:
        return Begin()
    few = _listed(indexed, within, FEW)
    most = 0 if few else _worth_listing(within)
    if most <= FEW:
        return Begin(few)
    others = [one for one in indexed if not (has_walk and _is_series(one[1]))]
    if len(others) < len(indexed):
        picked = _picked(indexed, within, PICKED * most)
        if picked is not None:
            return Begin(picked=picked)
    if len(asked) == 1 or connection.vendor == "sqlite":
        # SQLite asks about each on its way as quickly as it would gather them.
        return Begin(_listed(others, within, most))
    return _listed_or_gathered(others, within, most)


def _is_series(narrowed: Narrowed) -> bool:
    """Whether the index that narrows also holds the eids."""
    return narrowed.is_exact and narrowed.rows.model is Metric


def _picked(
    indexed: Sequence[tuple[Question, Narrowed]], within: Sequence[int], most: int
) -> Picked | None:
    for one, narrowed in indexed:
        if _is_series(narrowed):
            found = narrowed.rows.filter(experiment__in=within)
            if found.values("eid")[: most + 1].count() <= most:
                # Said again, lest PostgreSQL expect more than its memory holds at once.
                return Picked(found[:most], one)
    return None


def _listed(
    indexed: Sequence[tuple[Question, Narrowed]], within: Sequence[int], most: int
) -> Few | None:
    for one, (rows, is_exact) in indexed:
        found = rows.filter(experiment__in=within).values_list("candidate", flat=True)
        keys = list(found[: most + 1])
        if len(keys) <= most:
            return Few(keys, one if is_exact else None)
    return None


def _listed_or_gathered(
    indexed: Sequence[tuple[Question, Narrowed]], within: Sequence[int], most: int
) -> Begin:
    limit = max(most, min(PICKED * most, GATHERED))
    for one in indexed:
        found = one[1].rows.filter(experiment__in=within).values("candidate")
        number = found[: limit + 1].count()
        if number <= most:
            return Begin(_listed([one], within, most))
        if number <= limit:  # with room for those that come meanwhile
            return Begin(gathered=Q(pk__among=found[: 2 * limit]))
    return Begin()


def _worth_listing(within: Sequence[int]) -> int:
    [[[size]]] = of_each(Asked(SIZE, within))
    return math.isqrt(BALANCE * int(size or 0))


SIZE = "SELECT SUM(candidates) FROM tracker_tally WHERE experiment_id {among}"
