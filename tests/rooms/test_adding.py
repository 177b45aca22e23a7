"""One statement of PostgreSQL for the next points of many, and each has its own answer."""

import math
import threading

import pytest
from django.db import OperationalError, connection, transaction

from tests import make
from tests.together import together
from tracker import adding, lifecycle, recording, summary
from tracker.adding import Points
from tracker.models import Metric, Point
from tracker.points import Named
from tracker.recording import Point as P
from tracker.summary import kept

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's way"),
]


@pytest.fixture
def runs(experiment):
    made = [make.candidate(experiment) for _ in range(3)]
    for candidate in made:
        for step in range(2):  # the second notes that it trains
            recording.log_batch(candidate, metrics=[P("a", 1.0, step, step)])
            recording.log_batch(candidate, metrics=[P("b", 1.0, step, step)])
    return made


def named(candidate):
    return Named(candidate.project_id, candidate.eid)


def at(step):
    return kept(step, step, float(step))


def test_each_has_its_own_answer(runs):
    lifecycle.delete_candidate(runs[2])
    asked = [
        Points(named(runs[0]), {"a": at(5), "b": at(5)}),
        Points(Named(runs[0].project_id, "0" * 32), {"a": at(5)}),
        Points(named(runs[1]), {"a": at(5), "nobody has it": at(5)}),
        Points(Named(0, runs[1].eid), {"b": at(5)}),
        Points(named(runs[2]), {"a": at(5)}),
        Points(named(runs[1]), {"b": at(1)}),  # there already
    ]

    adding.store(asked)

    assert [bool(one.result) for one in asked] == [
        True,
        False,
        False,
        False,
        False,
        True,
    ]
    assert all(one.is_done for one in asked)
    counts = Metric.objects.order_by("candidate", "key").values_list("count", "step")
    assert list(counts) == [(3, 5), (3, 5), (2, 1), (2, 1), (2, 1), (2, 1)]
    assert Point.objects.count() == 14


def test_who_writes_a_series_twice_writes_it_one_after_the_other(runs):
    asked = [Points(named(runs[0]), {"a": at(step)}) for step in (7, 6, 5)]
    taken = []

    adding.write(lambda: asked, taken)

    assert taken == asked
    assert [one.result for one in asked] == [True] * 3
    series = runs[0].metrics.get(key="a")
    assert (series.count, series.step, series.in_order) == (5, 7, False)


def test_waits_for_nobody_and_then_takes_the_long_way(runs):
    is_locked, may_go = threading.Event(), threading.Event()

    def act(index):
        if index == 0:
            with transaction.atomic():
                runs[0].metrics.select_for_update(no_key=True).get(key="a")
                is_locked.set()
                assert may_go.wait(60)
            return None
        assert is_locked.wait(60)
        other = adding.add(named(runs[1]), {"a": at(5)})
        mine = adding.add(named(runs[0]), {"a": at(5)})
        may_go.set()
        recording.log_batch(named(runs[0]), metrics=[P("a", 6.0, 6, 6)])
        return other, mine

    assert together(2, act)[1] == (True, False)
    assert list(runs[0].metrics.filter(key="a").values_list("count", "step")) == [
        (3, 6)
    ]


def test_all_hear_that_the_database_is_away(runs, monkeypatch):
    def away(_):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(adding, "store", away)
    asked = [Points(named(run), {"a": at(5)}) for run in runs]

    adding.write(lambda: asked, [])

    assert {type(one.problem) for one in asked} == {OperationalError}


def test_each_goes_on_alone_after_any_other_failure(runs, monkeypatch):
    def fails(_):
        raise ValueError("what one of them wrote")

    monkeypatch.setattr(adding, "store", fails)

    recording.log_batch(named(runs[0]), metrics=[P("a", 5.0, 5, 5)])

    assert runs[0].metrics.get(key="a").count == 3


@pytest.mark.parametrize(("keys", "begins"), [("ab", "asked"), ("a", "series")])
def test_is_planned_once_and_not_each_time(runs, keys, begins):
    with connection.cursor() as cursor:
        for step in range(5, 25):
            adding.store([Points(named(runs[0]), {key: at(step) for key in keys})])
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            f" WHERE statement LIKE '%WITH {begins} AS%'"
        )
        [(generic, custom)] = cursor.fetchall()

    assert generic > custom


def test_one_by_one_they_are_summed_up_as_all_at_once(runs):
    """By the shortest way where it can be gone, and else by the other."""
    values = [3.0, -2.0, math.inf, 5.0, math.nan, 0.0, 5.0, -2.0, 1e308, 1e308]
    rows = [
        kept(2 * step + 9, 50 - step % 3, value) for step, value in enumerate(values)
    ]
    rows += [kept(8, 8, 9.0), rows[3]]  # late, and once more

    for row in rows:
        assert adding.add(named(runs[0]), {"a": row})

    series = runs[0].metrics.get(key="a")
    stored = {kept(0, 0, 1.0), kept(1, 1, 1.0), *rows}
    told = summary.of(stored, series.logged_ms)
    assert {name: getattr(series, name) for name in told._fields} == {
        **told._asdict(),
        "mean": pytest.approx(told.mean),
    }
    assert series.points.count() == len(stored)
