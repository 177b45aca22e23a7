"""Charts from tiles: never wrong, whatever is built and whatever came late."""

import math
import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import make
from tests.rooms.tiled import build, log, make_small
from tracker import curves, smoothing, tiles, tiling
from tracker.curves import Axis
from tracker.models import Metric, Tile
from tracker.smoothing import Kind, Smoothing
from tracker.summary import kept

pytestmark = pytest.mark.django_db

START = 1000


@pytest.fixture
def small(monkeypatch):
    make_small(monkeypatch)


@pytest.fixture
def candidate(experiment):
    return make.candidate(experiment, started_ms=START)


def curve(candidate, **options):
    metric = Metric.objects.get(candidate=candidate, key="loss")
    return curves.condensed([metric], **options)[metric.pk]


def assert_true(drawn, points, axis, between=None):
    """What a chart says of points, whichever way it came by it."""
    x_of = {
        Axis.STEP: lambda row: row.step,
        Axis.TIME: lambda row: row.timestamp,
        Axis.RELATIVE: lambda row: (row.timestamp - START) / 1000,
    }[axis]
    low, high = between or (-math.inf, math.inf)
    rows = {kept(step, at, value) for step, at, value in points}
    rows = [row for row in rows if low <= x_of(row) <= high]
    finite = [row for row in rows if not row.is_nan and math.isfinite(row.value)]
    odd = [row for row in rows if row not in finite]
    places = {(x_of(row), row.value) for row in finite}
    line = list(zip(drawn.x, drawn.y, strict=True))

    assert set(line) <= places
    assert drawn.x == sorted(drawn.x)
    if drawn.is_condensed:
        assert drawn.points == len(finite)
    for extreme in (min, max):
        # Of a short series the line takes the last of those that share a place.
        if finite and not drawn.repeated:
            assert extreme(y for _, y in line) == extreme(row.value for row in finite)
    if drawn.is_condensed and not between and not odd:
        assert {x_of(min(rows)), x_of(max(rows))} <= set(drawn.x)
    if finite and drawn.is_condensed:
        mean = sum(row.value / len(finite) for row in finite)
        told = sum(value * number / len(finite) for _, value, number in drawn.means)
        assert told == pytest.approx(mean, abs=1e-6)
    assert bool(drawn.odd) == bool(odd)
    assert {one.x for one in drawn.odd} <= {x_of(row) for row in odd}


VALUES = st.one_of(
    st.floats(-100, 100, width=16), st.sampled_from([math.nan, math.inf, -math.inf])
)
STEPS = st.integers(0, 60)
POINTS = st.lists(st.tuples(STEPS, st.integers(0, 4000), VALUES), max_size=50)


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    batches=st.lists(st.tuples(POINTS, st.booleans()), min_size=1, max_size=4),
    keeps_time=st.booleans(),
    axis=st.sampled_from(Axis),
    ends=st.none() | st.tuples(STEPS, STEPS).map(sorted),
    buckets=st.integers(1, 12),
)
def test_draws_the_truth_whatever_is_built(
    small, experiment, batches, keeps_time, axis, ends, buckets
):
    candidate = make.candidate(experiment, started_ms=START)
    logged = [(30, START + 3000, 1.0)]
    log(candidate, logged)
    for points, builds in batches:
        if keeps_time:
            points = [(step, START + 100 * step, value) for step, _, value in points]
        log(candidate, points)
        logged += points
        if builds:
            build(candidate)
    between = ends and {
        Axis.STEP: (ends[0] + 0.5, ends[1] + 0.5),
        Axis.TIME: (START + 100 * ends[0], START + 100 * ends[1]),
        Axis.RELATIVE: (ends[0] / 10, ends[1] / 10),
    }.get(axis)

    drawn = curve(candidate, axis=axis, buckets=buckets, between=between)

    assert_true(drawn, logged, axis, between)


@pytest.mark.parametrize("stale", [False, True], ids=["built", "behind"])
@pytest.mark.parametrize("axis", Axis)
def test_shows_the_single_spike(small, candidate, axis, stale):
    noise = random.Random(5)
    points = [(step, START + 10 * step, noise.random()) for step in range(400)]
    log(candidate, points)
    build(candidate)
    spike = (123, START + 1231, 50.0)
    points.append(spike)
    log(candidate, [spike])
    if not stale:
        build(candidate)

    drawn = curve(candidate, axis=axis, buckets=20)

    assert_true(drawn, points, axis)
    assert max(drawn.y) == 50.0
    # Late points are read one by one until the tiles are built anew.
    assert len(drawn.x) <= 2 * 20 + 2 + 2 * 12


def test_zooms_from_tiles_to_points(small, candidate):
    points = [(step, START + step, math.sin(step)) for step in range(2000)]
    log(candidate, points)
    build(candidate)

    far = curve(candidate, buckets=16)
    nearer = curve(candidate, buckets=16, between=(200, 1100))
    near = curve(candidate, buckets=16, between=(500, 520))

    assert 8 <= far.buckets <= 16 + 8
    assert_true(nearer, points, Axis.STEP, (200, 1100))
    assert near.x == list(range(500, 521))
    assert not near.is_condensed


@pytest.mark.parametrize("axis", Axis)
@pytest.mark.parametrize("between", [None, (0.25, 0.75)])
def test_reads_as_much_of_a_long_series_as_of_a_short_one(
    small, experiment, axis, between
):
    def rows(length):
        candidate = make.candidate(experiment, started_ms=0)
        points = [(step, 10 * step, math.sin(step)) for step in range(length)]
        log(candidate, points)
        build(candidate)
        metric = Metric.objects.get(candidate=candidate, key="loss")
        scale = {Axis.STEP: 1, Axis.TIME: 10, Axis.RELATIVE: 0.01}[axis]
        ends = between and tuple(length * scale * end for end in between)
        with counting_rows() as read:
            drawn = curves.condensed([metric], axis=axis, buckets=16, between=ends)
        assert drawn[metric.pk].is_condensed
        return sum(read), len(read)

    short, statements = rows(1500)
    long, same = rows(6000)
    assert (statements, same) <= (6, 6)
    assert long <= short + 8


def counting_rows():
    """How many rows each statement brought."""
    from contextlib import contextmanager

    @contextmanager
    def counted():
        read = []

        def execute(execute, sql, params, many, context):
            result = execute(sql, params, many, context)
            cursor = context["cursor"]
            fetchall, fetchmany = cursor.fetchall, cursor.fetchmany
            at = len(read)
            read.append(0)

            def all_of_them():
                rows = fetchall()
                read[at] += len(rows)
                return rows

            def some(*size):
                rows = fetchmany(*size)
                read[at] += len(rows)
                return rows

            cursor.fetchall, cursor.fetchmany = all_of_them, some
            return result

        with connection.execute_wrapper(execute):
            yield read

    return counted()


def test_reads_fifty_series_in_the_statements_of_one(small, experiment):
    def statements(number):
        metrics = []
        for _ in range(number):
            candidate = make.candidate(experiment)
            log(candidate, [(step, step, math.sin(step)) for step in range(100)])
            metrics.append(build(candidate))
        with CaptureQueriesContext(connection) as done:
            curves.condensed(metrics, buckets=8, between=(10, 80))
        return len(done)

    assert statements(1) == statements(7)


def test_looks_into_a_tile_that_is_much_wider_than_others(
    small, candidate, monkeypatch
):
    """Two hundred steps close together, and then a few far apart."""
    monkeypatch.setattr(curves, "MAX_READ", 100)
    points = [(step, START + step, 1.0) for step in range(200)]
    far = [(100 * step, START + 100 * step, float(step % 2)) for step in range(3, 30)]
    log(candidate, [*points, *far])
    build(candidate)

    drawn = curve(candidate, buckets=50)

    assert {x for x, _, _ in far} <= set(drawn.x)


def test_tiles_that_are_taken_away_meanwhile_leave_no_hole(
    small, candidate, monkeypatch
):
    points = [(step, START + step, math.sin(step)) for step in range(200)]
    log(candidate, points)
    metric = build(candidate)
    Tile.objects.filter(metric=metric, last_step__gt=100).delete()

    for between in (None, (20, 180)):
        drawn = curves.condensed([metric], buckets=10, between=between)[metric.pk]
        assert_true(drawn, points, Axis.STEP, between)


def test_covers_any_stretch_with_whole_tiles(small):
    for first, behind, level in [(0, 44, 4), (12, 44, 3), (4, 8, 2), (0, 64, 5)]:
        found = []
        for at, low, high in tiles.runs(tiles.Stretch(first, behind), level):
            found += range(low << at, (high + 1) << at)
        assert found == list(range(first, behind)), (first, behind)


def test_smooths_tiles_as_it_smooths_points(small, candidate):
    log(candidate, [(step, START + step, 2.5) for step in range(400)])
    build(candidate)

    drawn = curve(candidate, buckets=20)

    assert smoothing.smoothed(drawn, Smoothing(Kind.EMA, 0.9))[1] == pytest.approx(
        [2.5] * len(drawn.means)
    )
    assert tiling.BASE == 2
