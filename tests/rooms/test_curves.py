"""Curves: small enough to draw, and true."""

import math
import random

import pytest

from tests import make
from tracker import curves, recording, sketches
from tracker.curves import Axis
from tracker.models import Metric

START = 1_700_000_000_000


@pytest.fixture
def candidate(experiment):
    return make.candidate(experiment, started_ms=START)


def log(candidate, values, key="loss", *, every=1, steps=None):
    """Values by step, one a second."""
    steps = steps or [index * every for index in range(len(values))]
    recording.log_batch(
        candidate,
        metrics=[
            recording.Point(key, value, START + 1000 * index, step)
            for index, (step, value) in enumerate(zip(steps, values, strict=True))
        ],
    )
    return Metric.objects.get(candidate=candidate, key=key)


def curve(metric, **options):
    return curves.condensed([metric], **options)[metric.pk]


def test_draws_a_short_series_as_it_was_logged(candidate):
    drawn = curve(log(candidate, [3.0, 2.0, 1.5], every=10))

    assert (drawn.x, drawn.y) == ([0, 10, 20], [3.0, 2.0, 1.5])
    assert not drawn.is_condensed


def test_takes_the_last_of_the_points_that_share_a_step(candidate):
    drawn = curve(log(candidate, [3.0, 2.0, 1.5], steps=[0, 1, 1]))

    assert (drawn.x, drawn.y) == ([0, 1], [3.0, 1.5])
    assert drawn.repeated == 1


def test_draws_points_without_steps_over_time(candidate):
    metric = log(candidate, [3.0, 2.0, 1.5], steps=[0, 0, 0])

    assert curve(metric, axis=Axis.TIME).x == [START, START + 1000, START + 2000]
    assert curve(metric, axis=Axis.RELATIVE).x == [0, 1, 2]


def test_sets_apart_what_no_axis_can_hold(candidate):
    drawn = curve(log(candidate, [1.0, math.nan, math.inf, 2.0]))

    assert (drawn.x, drawn.y) == ([0, 3], [1.0, 2.0])
    assert [odd.x for odd in drawn.odd] == [1, 2]
    assert math.isnan(drawn.odd[0].value)
    assert drawn.odd[1].value == math.inf


@pytest.mark.parametrize("axis", Axis)
def test_keeps_every_spike_of_a_long_series_where_it_is(candidate, axis):
    noise = random.Random(7)
    values = [noise.random() for _ in range(5000)]
    values[1234], values[4321] = 50.0, -50.0

    drawn = curve(log(candidate, values), axis=axis, buckets=40)

    assert drawn.is_condensed
    assert len(drawn.x) <= 2 * 40 + 2
    place = {Axis.STEP: lambda i: i, Axis.TIME: lambda i: START + 1000 * i}
    at = place.get(axis, lambda i: i)
    line = dict(zip(drawn.x, drawn.y, strict=True))
    assert line[at(1234)] == 50.0
    assert line[at(4321)] == -50.0
    assert (drawn.x[0], drawn.x[-1]) == (at(0), at(4999))
    assert drawn.points == 5000


def test_condenses_as_plain_python_would(candidate):
    noise = random.Random(3)
    values = [noise.gauss(0, 1) for _ in range(1000)]

    drawn = curve(log(candidate, values), buckets=10)

    expected = {(0, values[0]), (999, values[999])}
    for start in range(0, 1000, 100):
        part = [(value, step) for step, value in enumerate(values)][start : start + 100]
        expected |= {(step, value) for value, step in (min(part), max(part))}
    assert drawn.x == [step for step, _ in sorted(expected)]
    assert drawn.y == pytest.approx([value for _, value in sorted(expected)])
    assert [count for _, _, count in drawn.means] == [100] * 10
    assert drawn.means[0][1] == pytest.approx(sum(values[:100]) / 100)


def test_counts_odd_values_of_a_long_series(candidate):
    values = [float(step) for step in range(300)]
    values[10], values[20], values[299] = math.nan, -math.inf, math.nan

    drawn = curve(log(candidate, values), buckets=5)

    assert [odd.x for odd in drawn.odd] == [10, 20, 299]
    assert drawn.points == 297
    assert drawn.x[-1] == 298
    assert all(map(math.isfinite, drawn.y))


def test_spends_all_its_buckets_on_the_part_that_is_looked_at(candidate):
    metric = log(candidate, [float(step % 7) for step in range(2000)])

    part = curve(metric, buckets=50, between=(1000, 1040))

    assert part.x == list(range(1000, 1041))
    assert not part.is_condensed


def test_looks_at_a_part_in_seconds_since_the_start(candidate):
    metric = log(candidate, [float(step) for step in range(2000)])

    part = curve(metric, axis=Axis.RELATIVE, buckets=50, between=(10.5, 14.0))

    assert part.x == [11, 12, 13, 14]


@pytest.mark.parametrize("steps", [None, [0] * 2000], ids=["steps", "no steps"])
def test_cuts_out_a_span_of_time(candidate, steps):
    metric = log(candidate, [float(n) for n in range(2000)], steps=steps)

    part = curve(
        metric,
        axis=Axis.TIME,
        buckets=50,
        between=(START + 500_000, START + 520_000),
    )

    assert part.x == [START + 1000 * n for n in range(500, 521)]
    assert part.y == [float(n) for n in range(500, 521)]


def test_finds_nothing_where_nothing_was_logged(candidate):
    metric = log(candidate, [float(step) for step in range(300)])

    for axis in Axis:
        assert curve(metric, axis=axis, buckets=5, between=(-9.0, -5.0)).x == []


def test_condenses_a_series_without_steps_over_time(candidate):
    values = [float(n % 10) for n in range(1000)]
    values[500] = 77.0
    metric = log(candidate, values, steps=[4] * 1000)

    drawn = curve(metric, axis=Axis.RELATIVE, buckets=20)

    assert drawn.points == 1000
    assert len(drawn.x) <= 42
    assert dict(zip(drawn.x, drawn.y, strict=True))[500.0] == 77.0


def test_shares_the_points_of_a_chart_among_many_lines(experiment, monkeypatch):
    monkeypatch.setattr(curves, "MAX_POINTS", 200)
    metrics = [
        log(make.candidate(experiment), [float(s % 9) for s in range(300)])
        for _ in range(10)
    ]

    drawn = curves.condensed(metrics)

    assert sum(len(line.x) for line in drawn.values()) <= 200 + 2 * len(metrics)
    assert len(drawn) == 10


def test_draws_any_number_of_lines_with_one_query(
    experiment, django_assert_num_queries
):
    metrics = [
        log(make.candidate(experiment), [float(s) for s in range(20)]) for _ in range(5)
    ]

    with django_assert_num_queries(1):
        curves.condensed(metrics)
    with django_assert_num_queries(1):
        curves.condensed(metrics, buckets=3)
    with django_assert_num_queries(1):
        sketches.sketched(metrics)


def test_bears_the_largest_steps_there_are(candidate):
    extremes = [-(2**63), 0, 2**63 - 1]
    metric = log(candidate, [1.0, 2.0, 3.0] + [0.5] * 60, steps=extremes + [7] * 60)

    assert curve(metric, buckets=4).y[-1] == 3.0
    assert curve(metric, buckets=4, between=(-1e300, 1e300)).points == 63
    assert sketches.sketched([metric])[metric.pk][-1].value == 3.0


def test_bears_the_largest_values_there_are(candidate):
    big = 1.7e308
    metric = log(candidate, [big, -big, 5e-324, 0.0] * 10)

    drawn = curve(metric, buckets=2)

    assert max(drawn.y) == big
    assert min(drawn.y) == -big


def test_sketches_a_series_with_its_extremes(candidate):
    values = [float(step) for step in range(500)]
    values[77] = -1000.0

    samples = sketches.sketched([log(candidate, values)], samples=10).popitem()[1]

    assert len(samples) <= 12
    assert [samples[0].step, samples[-1].step] == [0, 499]
    assert min(sample.value for sample in samples) == -1000.0


def test_sketches_points_without_steps_over_time(candidate):
    metric = log(candidate, [float(i) for i in range(50)], steps=[0] * 50)

    samples = sketches.sketched([metric], samples=10)[metric.pk]

    assert len({sample.timestamp for sample in samples}) >= 10


def test_exports_every_point_in_order(candidate):
    metric = log(candidate, [1.0, math.nan, 3.0])

    rows = list(curves.every_point([metric]))

    assert [row[1] for row in rows] == [0, 1, 2]
    assert math.isnan(rows[1][3])
