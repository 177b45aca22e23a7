"""The order of the table, and its pages forth and back, held against an oracle."""

import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.search.population import KEYS, keep, ordered, populations
from tracker.numbers import as_number
from tracker.search import table
from tracker.search.table import SortKey


def latest(key):
    return lambda one: one.metrics.get(key)


def greatest(key):
    def value(one):
        number = one.metrics.get(key)
        return number if number is not None and math.isfinite(number) else None

    return value


def mixed(key):
    """Numbers before other texts; equal numbers are equal, however they are written."""

    def value(one):
        text = one.params.get(key)
        if text is None:
            return None
        number = as_number(text)
        return (0, number, b"") if number is not None else (1, 0.0, text.encode())

    return value


def attribute(name):
    return lambda one: getattr(one, name)


TERMS = {
    **{SortKey("m", key): latest(key) for key in KEYS},
    **{SortKey("m", key, "max"): greatest(key) for key in KEYS},
    **{SortKey("p", key): mixed(key) for key in KEYS},
    **{SortKey("t", key): lambda one, key=key: one.tags.get(key) for key in KEYS},
    SortKey("a", "name"): attribute("name"),
    SortKey("a", "number"): attribute("iid"),
    SortKey("a", "end"): attribute("ended"),
    SortKey("a", "user"): attribute("user"),
}


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    population=populations,
    sort=st.lists(
        st.tuples(st.sampled_from(sorted(TERMS)), st.booleans()),
        max_size=3,
        unique_by=lambda term: term[0],
    ),
    limit=st.integers(1, 5),
)
def test_agrees_with_the_oracle_forth_and_back(experiment, population, sort, limit):
    keep(experiment, population)
    alive = [one for one in population if not one.is_deleted]
    expected = [
        one.eid
        for one in by_kind(alive, [(key, TERMS[key], falls) for key, falls in sort])
    ]
    keys = [key._replace(descending=falls) for key, falls in sort]

    pages, token = [], ""
    while token is not None:
        pages.append(table.page(experiment, sort=keys, limit=limit, token=token))
        token = pages[-1].next_token
    forth = [[row.eid for row in page.rows] for page in pages]
    back = []
    token = pages[-1].previous_token
    while token is not None:
        page = table.page(experiment, sort=keys, limit=limit, token=token)
        back.insert(0, [row.eid for row in page.rows])
        token = page.previous_token

    assert [eid for page in forth for eid in page] == expected
    assert back == forth[:-1]


def by_kind(population, terms):
    """As `ordered`, but a param's numbers stand before its texts in both directions."""
    rows = ordered(population, [])
    for key, value, falls in reversed(terms):
        if key.kind != "p":
            rows = stable(rows, value, falls)
            continue
        numbers = [one for one in rows if (value(one) or (2,))[0] == 0]
        texts = [one for one in rows if (value(one) or (2,))[0] == 1]
        missing = [one for one in rows if value(one) is None]
        rows = [*stable(numbers, value, falls), *stable(texts, value, falls), *missing]
    return rows


def stable(rows, value, falls):
    """Sorted by one term; equals stay as they are."""
    places = {one.eid: place for place, one in enumerate(rows)}
    return ordered(rows, [(value, falls)], tie=lambda one: places[one.eid])
