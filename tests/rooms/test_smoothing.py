"""Smoothing: right on uneven steps, alike on condensed curves, and never beyond what was logged."""

import math

import numpy as np
import pytest

from tracker import smoothing
from tracker.curves import Curve
from tracker.smoothing import Kind, Smoothing


def curve(y, x=None, counts=None):
    x = list(range(len(y))) if x is None else x
    counts = counts or [1] * len(y)
    means = list(zip(x, y, counts, strict=True))
    return Curve(list(x), list(y), means, sum(counts), 0, 0, [])


def calm(drawn, kind, amount):
    return smoothing.smoothed(drawn, Smoothing(kind, amount))[1]


AVERAGES = [(Kind.EMA, 0.9), (Kind.MEAN, 7), (Kind.GAUSS, 3)]


def test_equals_the_bias_corrected_average_on_even_steps():
    values = [1.0, 4.0, 2.0, 8.0]
    expected, average = [], 0.0
    for index, value in enumerate(values, start=1):
        average = 0.6 * average + 0.4 * value
        expected.append(average / (1 - 0.6**index))

    assert calm(curve(values), Kind.EMA, 0.6) == pytest.approx(expected)


def test_forgets_more_over_a_longer_distance():
    near = curve([0.0, 0.0, 1.0], [0, 9, 10])
    far = curve([0.0, 0.0, 1.0], [0, 1, 10])

    assert calm(near, Kind.EMA, 0.6)[-1] < calm(far, Kind.EMA, 0.6)[-1]


def test_takes_the_mean_of_so_many_points_around():
    values = [0.0, 3.0, 6.0, 0.0, 9.0]

    assert calm(curve(values), Kind.MEAN, 3)[1:4] == pytest.approx([3, 3, 5])


def test_weighs_neighbours_by_a_bell_of_the_given_width():
    bell = np.exp(-0.5 * (np.arange(-6, 7) / 2) ** 2)
    spike = [0.0] * 20 + [1.0] + [0.0] * 20

    y = calm(curve(spike), Kind.GAUSS, 2)

    assert y[14:27] == pytest.approx((bell / bell.sum()).tolist())


@pytest.mark.parametrize(("kind", "amount"), AVERAGES)
def test_a_bucket_weighs_as_much_as_its_points(kind, amount):
    """A long curve looks the same whether it was condensed or not."""
    rng = np.random.default_rng(1)
    values = np.sin(np.arange(4000) / 300) + rng.normal(0, 0.1, 4000)
    whole = curve(values.tolist())
    buckets = curve(
        values.reshape(-1, 4).mean(axis=1).tolist(), np.arange(1.5, 4000, 4).tolist(),
        [4] * 1000,
    )  # fmt: skip
    wide = amount if kind is Kind.EMA else amount * 20

    fine, coarse = calm(whole, kind, wide), calm(buckets, kind, wide)

    assert np.abs(np.array(fine[2::4]) - np.array(coarse)).max() < 0.2


@pytest.mark.parametrize(("kind", "amount"), AVERAGES)
def test_leaves_a_constant_exactly_alone(kind, amount):
    assert calm(curve([0.1] * 400), kind, amount) == [0.1] * 400


@pytest.mark.parametrize(("kind", "amount"), AVERAGES)
def test_bears_what_cannot_be_added_or_has_no_distance(kind, amount):
    big = 1.7e308

    assert max(calm(curve([big, -big, 5e-324] * 9), kind, amount)) <= big
    assert calm(curve([1.0, 2.0], [5, 5]), kind, amount) == [1.0, 2.0]
    assert calm(curve([]), kind, amount) == []


def test_an_envelope_holds_every_point():
    values = [math.sin(n / 9) for n in range(2000)]
    values[777] = 40.0

    found = smoothing.envelope(curve(values))

    assert len(found.x) <= smoothing.ENVELOPE_PARTS
    assert max(found.high) == 40.0
    assert min(found.low) == min(values)
    assert all(low <= high for low, high in zip(found.low, found.high, strict=True))
    assert smoothing.envelope(curve([])).x == []
