"""Numbers over repeats, held against scipy's own."""

import math
import statistics

import pytest
from scipy import stats

from dashboard.charts.statistics import summary


@pytest.mark.parametrize(
    "values", [[0.91, 0.93, 0.92], [1, 1, 1], [3.5, -2, 8, 0.1, 4], list(range(40))]
)
def test_the_interval_is_students(values):
    found = summary(values)

    error = stats.sem(values)
    if error:
        mean = statistics.mean(values)
        low, high = stats.t.interval(0.95, len(values) - 1, mean, error)
        assert found.mean - found.half_width == pytest.approx(low)
        assert found.mean + found.half_width == pytest.approx(high)
    else:
        assert found.half_width == 0
    assert (found.n, found.low, found.high) == (len(values), min(values), max(values))
    assert found.as_one("median") == statistics.median(values)
    assert found.as_one("mean") == found.mean


def test_two_values_have_a_mean_and_no_interval():
    assert summary([1, 2]).mean == 1.5
    assert summary([1, 2]).half_width is None


def test_what_is_no_number_does_not_count():
    assert summary([math.nan, math.inf, 2.0]).n == 1
    assert summary([math.nan]) is None
    assert summary([]) is None


def test_survives_numbers_too_large_to_add():
    found = summary([1e308, 1e308, -1e308])

    assert found.mean == pytest.approx(1e308 / 3)
    assert found.half_width is None or found.half_width > 0
