"""Pictures made on the server: well-formed, harmless, and true to the values."""

import math
import re
from xml.etree import ElementTree

import pytest

from dashboard.charts import svg
from dashboard.charts.ticks import round_ticks
from tests.dashboard.reading import HOSTILE

STROKES = [
    svg.Stroke("1", 1, 0, [(0, 1.0), (10, 3.0)]),
    svg.Stroke("9", 1, 1, [(0, 2.0), (5, 2.5)]),
]


def read(picture):
    """Raises ParseError where it is not well formed."""
    return ElementTree.fromstring(picture)


@pytest.mark.parametrize(
    "picture",
    [
        svg.lines(STROKES),
        svg.lines(STROKES, is_log=True),
        svg.sparkline([(0, 1.0), (1, 2.0)]),
        svg.strip([(0, 1.0), (3, 2.0)], 1.0),
        svg.rug([0.1, 0.2, 0.3], 0.2, slot=3, label=HOSTILE),
        svg.bars([(HOSTILE, 1, 0.5), ("b", 2, -0.5)]),
    ],
    ids="lines log sparkline strip rug bars".split(),
)
def test_is_well_formed_and_holds_no_foreign_markup(picture):
    tree = read(picture)

    assert not [e for e in tree.iter() if e.tag.endswith("img")]
    # The policy forbids styles in the markup.
    assert not [e for e in tree.iter() if "style" in e.attrib]


@pytest.mark.parametrize(
    "picture",
    [
        svg.lines([]),
        svg.lines([svg.Stroke("1", 1, 0, [(0, math.nan)])]),
        svg.lines([svg.Stroke("1", 1, 0, [(0, -1.0)])], is_log=True),
        svg.sparkline([]),
        svg.strip([(0, math.nan), (1, 1.0)]),
        svg.rug([], math.nan, slot=0, label=""),
        svg.bars([("a", 0, math.inf)]),
    ],
)
def test_is_nothing_where_there_is_nothing_to_draw(picture):
    assert picture == ""


@pytest.mark.parametrize(
    "values",
    [[1.7e308, -1.7e308], [5e-324, 0.0], [1.0, 1.0], [1e300, 1.0], [0.0, math.inf]],
)
def test_bears_any_numbers(values):
    points = list(enumerate(values))

    for picture in (
        svg.lines([svg.Stroke("1", 1, 0, points)]),
        svg.lines([svg.Stroke("1", 1, 0, points)], is_log=True),
        svg.sparkline([(x, y) for x, y in points if math.isfinite(y)]),
        svg.rug(values, values[0], slot=1, label="x"),
        svg.strip([(0, value) for value in values]),
        svg.bars([("a", 0, value) for value in values]),
    ):
        assert "nan" not in picture and "inf" not in picture
        if picture:
            read(picture)


def test_a_higher_value_lies_higher():
    path = read(svg.lines(STROKES[:1])).find(".//path").get("d")

    start, end = [float(y) for _, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]

    assert start > end


@pytest.mark.parametrize(
    "low, high, ticks",
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.86, 0.934, [0.86, 0.88, 0.9, 0.92]),
        (-5, 5, [-4, -2, 0, 2, 4]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_numbers_people_count_in(low, high, ticks):
    assert round_ticks(low, high) == pytest.approx(ticks)
