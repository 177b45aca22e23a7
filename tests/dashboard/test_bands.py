"""Means of repeats and envelopes of many, held against numpy and known tables."""

import math

import pytest

from dashboard.charts.bands import Line, envelope, interval


def lines(*heights, length=11):
    return [Line(list(range(length)), [height] * length) for height in heights]


def test_the_mean_of_three_has_students_interval():
    band = interval(lines(1.0, 2.0, 3.0))

    # t(0.975, 2) = 4.302653 of a table; s = 1
    half = 4.302653 / math.sqrt(3)
    assert band.middle == pytest.approx([2.0] * len(band.x))
    assert band.low == pytest.approx([2 - half] * len(band.x), rel=1e-5)
    assert band.high == pytest.approx([2 + half] * len(band.x), rel=1e-5)
    assert set(band.members) == {3}


def test_two_have_a_mean_and_no_interval():
    band = interval(lines(1.0, 2.0))

    assert band.middle == band.low == band.high == pytest.approx([1.5] * len(band.x))


def test_where_a_curve_ends_it_no_longer_counts():
    long, short = Line([0, 10], [1.0, 1.0]), Line([0, 5], [3.0, 3.0])

    band = interval([long, short])

    assert (band.middle[0], band.members[0]) == (2.0, 2)
    assert (band.middle[-1], band.members[-1]) == (1.0, 1)


def test_curves_with_other_steps_are_read_between_them():
    band = interval([Line([0, 10], [0.0, 10.0]), Line([0, 2, 10], [0.0, 2.0, 10.0])])

    assert band.middle == pytest.approx(band.x)


def test_an_envelope_holds_eight_of_ten():
    band = envelope(lines(*map(float, range(11))))

    assert band.low == pytest.approx([1.0] * len(band.x))
    assert band.middle == pytest.approx([5.0] * len(band.x))
    assert band.high == pytest.approx([9.0] * len(band.x))


def test_a_gap_between_curves_is_a_gap():
    band = envelope([Line([0, 1], [1.0, 1.0]), Line([9, 10], [2.0, 2.0])])

    assert math.isnan(band.middle[len(band.x) // 2])
    assert 0 in band.members


@pytest.mark.parametrize("make", [interval, envelope])
def test_nothing_makes_nothing(make):
    assert make([]) is None
    assert make([Line([], [])]) is None


@pytest.mark.parametrize("make", [interval, envelope])
def test_one_point_is_enough(make):
    band = make([Line([3], [0.5])])

    assert (band.x, band.middle) == ([3.0], [0.5])
