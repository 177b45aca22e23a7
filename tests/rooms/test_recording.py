"""Recording: points, their summaries, params and tags."""

import math

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from tracker import points, recording, summary
from tracker.errors import Conflict, Invalid
from tracker.models import Candidate, Key, Point
from tracker.recording import Point as P

pytestmark = pytest.mark.django_db


def metric(candidate, key="loss"):
    return candidate.metrics.get(key=key)


def test_keeps_a_summary_of_what_was_logged(experiment):
    candidate = make.candidate(
        experiment,
        points=[P("loss", 3.0, 10, 0), P("loss", 1.0, 20, 1), P("loss", 2.0, 30, 2)],
    )

    row = metric(candidate)
    assert (row.value, row.step, row.count) == (2.0, 2, 3)
    assert (row.min_value, row.min_step, row.max_value, row.max_step) == (
        1.0,
        1,
        3.0,
        0,
    )
    assert (row.mean, row.first_value) == (2.0, 3.0)


def test_changes_nothing_when_a_batch_is_sent_again(experiment):
    candidate = make.candidate(experiment)
    batch = [P("loss", float(i), i, i) for i in range(1200)] + [
        P("acc", math.nan, 1, 1)
    ]

    for _ in range(3):
        recording.log_batch(
            candidate, metrics=batch, params={"lr": "1"}, tags={"a": "b"}
        )

    row = metric(candidate)
    assert Point.objects.filter(metric__candidate=candidate).count() == 1201
    assert (row.count, row.mean) == (1200, pytest.approx(599.5))


@pytest.mark.parametrize("values", [[math.nan, -1.0], [-1.0, math.nan]])
def test_lets_nan_beat_negatives_and_lose_to_positives(experiment, values):
    candidate = make.candidate(experiment, points=[P("loss", v, 5, 5) for v in values])

    assert metric(candidate).is_nan
    recording.log_batch(candidate, metrics=[P("loss", 1.0, 5, 5)])
    assert not metric(candidate).is_nan


def test_takes_the_largest_step_as_latest_however_late_it_comes(experiment):
    candidate = make.candidate(experiment, points=[P("loss", 2.0, 1, 2)])

    recording.log_batch(candidate, metrics=[P("loss", 1.0, 99, 1)])

    assert metric(candidate).value == 2.0
    assert metric(candidate).first_value == 1.0


def test_keeps_infinities_out_of_the_statistics_but_in_the_series(experiment):
    candidate = make.candidate(
        experiment, points=[P("loss", 1.0, 1, 0), P("loss", math.inf, 2, 1)]
    )

    row = metric(candidate)
    assert (row.value, row.max_value, row.mean, row.count, row.finite) == (
        math.inf,
        1.0,
        1.0,
        2,
        1,
    )


def test_stores_nothing_of_a_refused_batch(experiment):
    candidate = make.candidate(experiment, params={"lr": "0.1"})

    with pytest.raises(Invalid, match="Changing param values is not allowed"):
        recording.log_batch(
            candidate,
            metrics=[P("loss", 1.0, 1)],
            params={"lr": "0.2"},
            tags={"a": "b"},
        )

    assert not candidate.metrics.exists()
    assert not candidate.tags.filter(key="a").exists()


def test_names_every_key_in_the_catalogue(experiment):
    make.candidate(
        experiment, metrics={"acc": 1.0}, params={"lr": "1"}, tags={"team": "a"}
    )

    assert set(
        Key.objects.filter(experiment=experiment).values_list("kind", "key")
    ) >= {
        ("m", "acc"),
        ("p", "lr"),
        ("t", "team"),
    }


@pytest.mark.parametrize("points", [1, 10, 400])
def test_costs_the_same_for_one_point_or_hundreds(
    experiment, points, django_assert_max_num_queries
):
    candidate = make.candidate(experiment, metrics={f"m{i}": 0.5 for i in range(3)})
    batch = [P(f"m{i % 3}", float(i), i, i) for i in range(points)]

    # begin, lock, metrics, points that are surely new, points that may be there, summaries,
    # catalogue (nothing is committed here, so the process never remembers its keys), commit
    with django_assert_max_num_queries(8):
        recording.log_batch(candidate, metrics=batch)


VALUES = [0.0, 1.5, -2.0, 5e-324, -1e-310, 1.7e308, -1.7e308, math.inf, -math.inf]


@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_sums_up_whatever_comes_in_any_order_and_twice(experiment, data):
    values = st.sampled_from([*VALUES, math.nan])
    point = st.builds(
        lambda value, timestamp, step: P("loss", value, timestamp, step),
        values,
        st.integers(0, 3),
        st.integers(-2, 3),
    )
    batches = data.draw(st.lists(st.lists(point, min_size=1, max_size=6), max_size=6))
    candidate = make.candidate(experiment, points=[P("loss", 0.0, 0, 0)])
    named = points.Named(candidate.project_id, candidate.eid)

    for batch in batches:
        recording.log_batch(named, metrics=batch)

    logged = [one for batch in batches for one in batch] + [P("loss", 0.0, 0, 0)]
    rows = {summary.kept(one.step, one.timestamp, one.value) for one in logged}
    expected = summary.of(rows, logged_ms=0)
    row = metric(candidate)
    assert row.points.count() == len(rows)
    for name in set(summary.COLUMNS) - {"mean", "in_order", "logged_ms"}:
        assert getattr(row, name) == getattr(expected, name), name
    largest = max(expected.max_value, -expected.min_value, 1e-260)
    assert row.mean == pytest.approx(expected.mean, rel=1e-9, abs=largest * 1e-9)
    # Points that came late may have said so, and it is remembered.
    assert expected.in_order or not row.in_order


@pytest.mark.parametrize(
    "hide", [{"deleted_at": timezone.now()}, {"locked_at": timezone.now()}]
)
def test_takes_no_next_point_of_what_is_deleted_or_locked(experiment, hide):
    candidate = make.candidate(experiment, metrics={"loss": 1.0})
    Candidate.objects.filter(pk=candidate.pk).update(**hide)

    with pytest.raises((Invalid, Conflict)):
        recording.log_batch(
            points.Named(candidate.project_id, candidate.eid),
            metrics=[P("loss", 2.0, 9, 9)],
        )
    assert metric(candidate).count == 1


def test_stores_the_series_that_are_missing_with_those_that_are_there(experiment):
    candidate = make.candidate(experiment, metrics={"loss": 1.0})

    recording.log_batch(
        points.Named(candidate.project_id, candidate.eid),
        metrics=[P("loss", 2.0, 9, 9), P("acc", 0.5, 9, 9)],
    )

    assert metric(candidate).count == 2
    assert metric(candidate, "acc").count == 1
