"""Very large experiments: what is picked out of an index, and pages that end early."""

import random

import pytest
from django.db import connection
from django.utils import timezone

from tests import make
from tracker.models import Candidate, Experiment, Tally
from tracker.search import candidates, ordering, table
from tracker.search.paging import View
from tracker.search.table import SortKey

pytestmark = pytest.mark.django_db

MANY = 60


@pytest.fixture
def crowd(experiment):
    """Of sixty every sixth is deleted; some lack `b`, or have NaN or equal values of it."""
    chance = random.Random(7)
    for number in range(MANY):
        metrics = {"a": number / MANY, "b": chance.choice([0.1, 0.2, chance.random()])}
        if number % 10 == 3:
            metrics["b"] = float("nan")
        if number % 10 == 4:
            del metrics["b"]
        make.candidate(
            experiment,
            name=f"c{number}",
            metrics=metrics,
            params={"p": str(number % 3)},
            started_ms=number // 2,
        )
    gone = Candidate.objects.filter(pk__in=experiment.candidates.values("pk"))
    for candidate in gone.order_by("pk")[::6]:
        candidate.deleted_at = candidate.created_at
        candidate.save()
    Tally.objects.create(
        experiment=experiment,
        candidates=1_000_000,
        failed=0,
        upto=0,
        counted_at=timezone.now(),
    )
    return experiment


@pytest.fixture
def picks(monkeypatch):
    """Which conditions were picked out of an index."""
    seen = []
    monkeypatch.setattr(candidates, "FEW", 3)
    real = candidates._picked

    def watched(*given):
        picked = real(*given)
        seen.append(picked)
        return picked

    monkeypatch.setattr(candidates, "_picked", watched)
    return seen


def through(experiment, *, limit=7, **query):
    """The names on all pages, one after the other."""
    found, token = [], ""
    while token is not None:
        page = candidates.find(
            Experiment.objects.filter(pk=experiment.pk),
            limit=limit,
            token=token,
            **query,
        )
        found += [row.name for row in page.rows]
        token = page.next_token
    return found


@pytest.mark.parametrize(
    "order_by",
    [[], ["start_time DESC"], ["metrics.b"], ["metrics.b DESC", "start_time DESC"]],
)
@pytest.mark.parametrize(
    "text", ["metrics.a > 0.3", "metrics.a > 0.3 AND params.p = '1'"]
)
@pytest.mark.parametrize("spare", [0, 20])
def test_a_page_that_is_picked_is_the_page_that_is_found(
    crowd, picks, monkeypatch, text, order_by, spare
):
    monkeypatch.setattr(ordering, "SPARE", spare)
    picked = through(crowd, text=text, order_by=order_by)
    assert picks and all(found is not None for found in picks)

    monkeypatch.setattr(candidates, "PICKED", 0)
    picks.clear()
    plain = through(crowd, text=text, order_by=order_by)

    assert picks and not any(found is not None for found in picks)
    assert picked == plain
    assert len(picked) == len(set(picked)) > 10


def test_where_too_few_of_the_picked_count_it_goes_back_to_finding(
    crowd, picks, monkeypatch
):
    query = {"text": "metrics.a > 0.3 AND params.p = '1'", "order_by": ["metrics.b"]}
    expected = through(crowd, **query)
    monkeypatch.setattr(ordering, "MAX_PICKED", 0)

    assert through(crowd, **query) == expected


def test_nothing_is_picked_of_what_is_deleted(crowd, picks):
    found = through(crowd, text="metrics.a > 0.3", view=View.DELETED_ONLY)

    assert len(found) == 6
    assert not picks


@pytest.mark.parametrize("order_by", [[], ["metrics.b DESC"]])
def test_what_is_looked_up_among_the_gathered_is_what_is_found(
    crowd, monkeypatch, order_by, django_assert_max_num_queries
):
    query = {"text": "params.p = '1' AND run_name LIKE '%c%'", "order_by": order_by}
    expected = through(crowd, **query)
    monkeypatch.setattr(candidates, "FEW", 3)
    monkeypatch.setattr(candidates, "_worth_listing", lambda _: 5)

    with django_assert_max_num_queries(99) as asked:
        found = through(crowd, **query)

    gathered = any("LIMIT 40)" in one["sql"] for one in asked.captured_queries)
    assert gathered is (connection.vendor == "postgresql")
    assert found == expected
    assert len(found) > 5


# ---------------------------------------------------------------- pages that end early


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(ordering, "REACH", 10)
    monkeypatch.setattr(table, "PART_SECONDS", 0)


@pytest.mark.parametrize(
    "sort",
    [
        [],
        [SortKey("m", "b")],
        [SortKey("m", "b", descending=True)],
        [SortKey("m", "b", "max", descending=True)],
    ],
)
@pytest.mark.parametrize("text", ["c1", "p like '1%'", "c59", "nowhere"])
def test_pages_that_end_early_lead_to_everything(crowd, short, sort, text):
    asked = table.search(crowd, text=text, sort=sort)
    expected = [row.name for row in asked.page(limit=1000).rows]

    found, token, looked = [], "", []
    while token is not None:
        page = asked.page(limit=7, token=token, seconds=0)
        found += [row.name for row in page.rows]
        looked.append(page.looked)
        token = page.next_token

    assert found == expected
    assert 10 in looked
    assert looked[-1] is None


def test_a_page_that_is_full_does_not_end_early(crowd, short):
    page = table.search(crowd, text="c").page(limit=5, seconds=0)

    assert (len(page.rows), page.looked) == (5, None)
    assert page.next_token


def test_with_time_a_page_looks_as_far_as_it_must(crowd, short):
    page = table.search(crowd, text="c2").page(limit=100, seconds=60)

    assert "c2" in [row.name for row in page.rows]
    assert (page.looked, page.next_token) == (None, None)


def test_the_way_back_from_an_early_end_leads_to_the_first_page(crowd, short):
    asked = table.search(crowd, text="c1")
    first = asked.page(limit=7, seconds=0)
    token = first.next_token
    while not (later := asked.page(limit=7, token=token, seconds=0)).rows:
        token = later.next_token

    back = asked.page(limit=7, token=later.previous_token, seconds=60)

    assert [row.name for row in back.rows][:1] == ["c19"]


def test_counts_the_newest_of_very_many(crowd, short):
    asked = table.search(crowd, text="c5")

    keys = asked.newest_keys()

    newest = {candidate.pk for candidate in crowd.candidates.filter(name__contains="5")}
    assert set(keys.found) < newest
    assert str(keys.number) == "9+"


def test_counts_exactly_where_time_allows(crowd, monkeypatch):
    monkeypatch.setattr(ordering, "REACH", 10)
    monkeypatch.setattr(table, "PART_SECONDS", 60)
    asked = table.search(crowd, text="c5 or c1")

    assert set(asked.newest_keys().found) == set(asked.keys().found)
    assert asked.newest_keys().number == asked.count()


def test_counts_what_is_picked_from_its_index(crowd, picks):
    asked = table.search(crowd, text="a > 0.3", sort=[SortKey("m", "b")])

    assert asked.choice.series is not None
    assert asked.count() == asked.newest_keys().number
    assert asked.count().number == len(asked.page(limit=100).rows)


def test_does_not_count_all_that_is_picked_of_very_many(crowd, picks, monkeypatch):
    monkeypatch.setattr(table, "FEW_COUNT", 5)
    asked = table.search(crowd, text="a > 0.3", sort=[SortKey("m", "b")])

    keys = asked.newest_keys()

    assert set(keys.found) < set(asked.keys().found)
    assert str(keys.number) in ("4+", "5+")
