"""Tiles: whatever order points come in, they say what a plain computation says."""

import math

import pytest
from django.db import connection
from django.db.models import F
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import make
from tests.rooms.tiled import build, log, make_small
from tracker import tasks, tiling
from tracker.models import Metric, Tile
from tracker.models.states import now_ms
from tracker.summary import kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(monkeypatch):
    make_small(monkeypatch)


def plainly(points, level):
    """What the tiles of a level are, computed in the dullest way."""
    rows = sorted({kept(step, at, value) for step, at, value in points})
    size = 2**level
    for number in range(len(rows) // size):
        part = rows[number * size : (number + 1) * size]
        finite = [r for r in part if not r.is_nan and math.isfinite(r.value)]
        odd = [r for r in part if r not in finite]
        low = min((r.value for r in finite), default=None)
        high = max((r.value for r in finite), default=None)
        yield {
            "number": number,
            "first": part[0],
            "last": part[-1],
            "times": (min(r.timestamp for r in part), max(r.timestamp for r in part)),
            "finite": len(finite),
            "low": next(
                ((*r[:2], r.value) for r in finite if r.value == low), (None,) * 3
            ),
            "high": next(
                ((*r[:2], r.value) for r in finite if r.value == high), (None,) * 3
            ),
            "odd": (
                (*odd[0][:2], None if odd[0].is_nan else odd[0].value)
                if odd
                else (None,) * 3
            ),
            "means": tuple(
                pytest.approx(sum(r[at] / len(finite) for r in finite), abs=1e-6)
                if finite
                else None
                for at in (2, 0, 1)
            ),
        }


def stored(metric, level):
    for t in Tile.objects.filter(metric=metric, level=level).order_by("number"):
        yield {
            "number": t.number,
            "first": (t.first_step, t.first_timestamp, t.first_value, t.first_is_nan),
            "last": (t.last_step, t.last_timestamp, t.last_value, t.last_is_nan),
            "times": (t.min_timestamp, t.max_timestamp),
            "finite": t.finite,
            "low": (t.low_step, t.low_timestamp, t.low_value),
            "high": (t.high_step, t.high_timestamp, t.high_value),
            "odd": (t.odd_step, t.odd_timestamp, t.odd_value),
            "means": (t.mean, t.mean_step, t.mean_timestamp),
        }


def assert_right(metric, points):
    """Every tile that its points fill is there, on every level, and no other."""
    length = len({kept(step, at, value) for step, at, value in points})
    assert metric.count == length
    assert metric.tiled == length // tiling.SIZE * tiling.SIZE
    assert metric.dirty_step is None
    for level in range(tiling.BASE, 8):
        assert list(stored(metric, level)) == list(plainly(points, level)), level
    assert not Tile.objects.filter(metric=metric, level__gte=8).exists()


VALUES = st.one_of(
    st.floats(-100, 100, width=16),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0]),
)
POINTS = st.tuples(st.integers(0, 12), st.integers(0, 5), VALUES)


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    batches=st.lists(st.lists(POINTS, min_size=1, max_size=40), max_size=6),
    building=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_any_order_of_points_gives_the_tiles_of_their_final_order(
    small, experiment, batches, building
):
    """Late points, repeats, one step for all, NaN and infinities, built in between or not."""
    candidate = make.candidate(experiment)
    log(candidate, [(6, 2, 1.0)])
    logged = [(6, 2, 1.0)]
    for batch, builds in zip(batches, building, strict=False):
        log(candidate, batch)
        logged += batch
        if builds:
            build(candidate)

    assert_right(build(candidate), logged)


@pytest.mark.parametrize(
    "order",
    ["forwards", "backwards", "interleaved", "one step"],
)
def test_builds_the_same_from_every_usual_order(small, experiment, order):
    points = [(step, 1000 + step, math.sin(step)) for step in range(100)]
    if order == "one step":
        points = [(0, at, value) for _, at, value in points]
    arriving = {
        "backwards": points[::-1],
        "interleaved": points[::2] + points[1::2],
    }.get(order, points)
    candidate = make.candidate(experiment)

    for start in range(0, 100, 9):
        log(candidate, arriving[start : start + 9])
        metric = build(candidate)

    assert_right(metric, points)


def test_appends_without_reading_what_is_condensed(small, experiment, monkeypatch):
    candidate = make.candidate(experiment)
    points = [(step, step, 1.0 * step) for step in range(64)]
    log(candidate, points[:50])
    build(candidate)
    read = []
    original = tiling.following
    monkeypatch.setattr(
        tiling, "following", lambda *asked: read.append(asked) or original(*asked)
    )

    log(candidate, points[50:])
    metric = build(candidate)

    assert_right(metric, points)
    assert min(last.step for _, last in read) == 47


def test_rebuilds_only_from_the_first_late_point(small, experiment, monkeypatch):
    candidate = make.candidate(experiment)
    points = [(step, step, 1.0 * step) for step in range(0, 128, 2)]
    log(candidate, points)
    build(candidate)
    read = []
    original = tiling.following
    monkeypatch.setattr(
        tiling, "following", lambda *asked: read.append(asked) or original(*asked)
    )

    log(candidate, [(101, 101, 50.0)])
    metric = build(candidate)

    assert_right(metric, [*points, (101, 101, 50.0)])
    assert min(last.step for _, last in read) == 94


def test_a_point_that_comes_late_while_tiles_are_built_is_not_lost(
    small, experiment, monkeypatch
):
    candidate = make.candidate(experiment)
    points = [(step, step, 1.0 * step) for step in range(0, 60, 2)]
    log(candidate, points)
    original = tiling.condensed
    late = []

    def slowly(part):
        if not late:
            late.append((21, 21, 99.0))
            log(candidate, late)
        return original(part)

    monkeypatch.setattr(tiling, "condensed", slowly)
    metric = build(candidate)
    # What lies before the late point may be there, nothing that lies behind it.
    assert all(t.last_step < 21 for t in Tile.objects.filter(metric=metric))

    assert_right(build(candidate), [*points, *late])


def test_a_worker_that_lost_its_lease_changes_nothing(small, experiment, monkeypatch):
    candidate = make.candidate(experiment)
    points = [(step, step, 1.0 * step) for step in range(40)]
    log(candidate, points)
    metric = Metric.objects.get(candidate=candidate)
    Metric.objects.update(tile_at=4)
    lease = tiling.claim(metric.pk)
    Metric.objects.update(tile_after_ms=0)  # it took too long

    assert tiling.build(metric.pk) == 40
    more = [(step, step, 1.0 * step) for step in range(40, 60)]
    log(candidate, more)
    with pytest.raises(tiling.LeaseLost):
        tiling.append(metric.pk, lease)
    assert_right(build(candidate), [*points, *more])


def test_one_worker_at_a_time(small, experiment):
    candidate = make.candidate(experiment)
    log(candidate, [(step, step, 1.0) for step in range(40)])
    Metric.objects.update(tile_at=4)
    metric = Metric.objects.get(candidate=candidate)

    assert tiling.claim(metric.pk)
    assert tiling.build(metric.pk) == 0
    assert tiling.due() == []
    # A worker that was killed: its lease runs out.
    Metric.objects.update(tile_after_ms=now_ms() - 1)
    assert tiling.due() == [metric.pk]


def test_the_task_finds_long_series_and_leaves_short_ones(experiment):
    candidate = make.candidate(experiment)
    log(candidate, [(step, step, 1.0 * step) for step in range(2100)])
    log(candidate, [(step, step, 1.0 * step) for step in range(2000)], key="short")

    tasks.build_tiles()
    long = Metric.objects.get(candidate=candidate, key="loss")
    assert (long.tiled, long.tile_at) == (2048, 2048 + 512)
    assert Tile.objects.filter(metric__key="short").count() == 0

    log(candidate, [(5, 6, 50.0)])
    Metric.objects.update(tile_after_ms=0)
    tasks.build_tiles()
    top = Tile.objects.get(metric=long, level=11)
    assert (top.finite, top.high_value, top.last_step) == (2048, 2046.0, 2046)
    assert Metric.objects.get(pk=long.pk).dirty_step is None


def test_a_short_series_is_never_marked(experiment):
    candidate = make.candidate(experiment)
    log(candidate, [(step, step, 1.0 * step) for step in range(100, 0, -1)])
    log(candidate, [(0, 0, 1.0)])

    assert Metric.objects.get(candidate=candidate).dirty_step is None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="how SQLite plans")
def test_finds_what_waits_by_an_index(experiment):
    waiting = Metric.objects.filter(tile_after_ms__lte=now_ms())
    untiled = waiting.filter(count__gte=F("tile_at")).order_by("tile_after_ms")
    dirty = waiting.filter(dirty_step__isnull=False).order_by("tile_after_ms")

    assert "metric_untiled" in untiled.explain()
    assert "metric_dirty" in dirty.explain()


def test_tiles_go_with_their_series(small, experiment):
    candidate = make.candidate(experiment)
    log(candidate, [(step, step, 1.0) for step in range(40)])
    build(candidate)
    assert Tile.objects.exists()

    candidate.delete()

    assert not Tile.objects.exists()
