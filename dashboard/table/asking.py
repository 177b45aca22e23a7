"""A table's filter and order as the search room takes them."""

from collections.abc import Collection, Sequence

from dashboard.table.columns import Sort
from tracker.models import Experiment
from tracker.search import table
from tracker.search.table import Search, SortKey


def search(
    experiment: Experiment,
    text: str,
    sorts: Sequence[Sort],
    *,
    known: Collection[tuple[str, str]] | None = None,
    with_archived: bool = False,
) -> Search:
    sort = [key(one) for one in sorts]
    return table.search(
        experiment, text=text, sort=sort, known=known, with_archived=with_archived
    )


def key(sort: Sort) -> SortKey:
    column = sort.column
    return SortKey(column.kind, column.key, column.aggregate, sort.descending)
