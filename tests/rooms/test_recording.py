"""Recording: points, their summaries, params and tags."""

import math

import pytest

from tests import make
from tracker import recording
from tracker.errors import Invalid
from tracker.models import Key, Point
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

    with pytest.raises(Invalid, match="written once"):
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

    # begin, lock, metrics, points, summaries, catalogue (nothing is committed here, so the
    # process never remembers its keys), commit
    with django_assert_max_num_queries(7):
        recording.log_batch(candidate, metrics=batch)
