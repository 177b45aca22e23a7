"""Figures: valid for Plotly, free of colours, and without markup."""

import gzip
import math
import random

import pytest

from dashboard.charts import curve_figures, figures, parallel, scatter
from dashboard.charts.curve_figures import Line, Mark, Paper
from dashboard.charts.figures import Bar, Look
from dashboard.charts.packing import typed
from dashboard.charts.scatter import Dot, Field
from tests.dashboard.figures import numbers, texts, valid
from tests.dashboard.reading import HOSTILE
from tracker.curves import Axis, Curve, Odd


def curve(x=(0, 1, 2), y=(3.0, 2.0, 1.0), odd=()):
    means = [(a, b, 1) for a, b in zip(x, y, strict=True)]
    return Curve(list(x), list(y), means, len(x), False, 0, list(odd))


def line(**fields):
    return Line(**{"id": "7", "look": Look(7), "curve": curve(), **fields})


@pytest.mark.parametrize("axis", Axis)
@pytest.mark.parametrize("is_log", [False, True])
def test_lines_are_a_valid_figure(axis, is_log):
    drawn = [
        line(),
        line(
            id="15",
            look=Look(7, 1),
            smooth=([0, 2], [3.0, 1.5]),
            best=Mark(2, 1.0, "min 1"),
            is_live=True,
            curve=curve(odd=[Odd(1, math.nan), Odd(2, math.inf), Odd(2, -math.inf)]),
        ),
    ]

    valid(curve_figures.lines(drawn, Paper(axis, is_log=is_log)))


def test_no_figure_names_a_colour():
    figure = curve_figures.lines([line(smooth=([0], [1.0]))], Paper(Axis.STEP))

    assert not [text for text in texts(figure) if text.startswith(("#", "rgb"))]
    assert "--slot-7" in texts(figure)
    assert "--slot-7/35" in texts(figure)


def test_a_smoothed_line_runs_over_what_was_logged():
    raw, smooth = curve_figures.lines(
        [line(smooth=([0, 1, 2], [3.0, 2.6, 2.1]))], Paper(Axis.STEP)
    )["data"]

    assert raw["hoverinfo"] == "skip"
    assert numbers(raw["y"]) == [3.0, 2.0, 1.0]
    assert numbers(smooth["y"]) == pytest.approx([3.0, 2.6, 2.1])


def test_dashes_only_the_second_of_a_colour():
    first, second = curve_figures.lines(
        [line(), line(id="15", look=Look(7, 1))], Paper(Axis.STEP)
    )["data"]

    assert "dash" not in first["line"]
    assert second["line"]["dash"] == "dash"


def test_a_logarithmic_axis_leaves_out_what_it_cannot_show():
    figure = curve_figures.lines(
        [line(curve=curve(y=(1.0, 0.0, -1.0)))], Paper(Axis.STEP, is_log=True)
    )

    assert numbers(figure["data"][0]["x"]) == [0]


def test_counts_time_in_the_unit_of_the_chart():
    hours = figures.unit_for(3 * 3600)
    figure = curve_figures.lines(
        [line(curve=curve(x=(0.0, 1800.0, 7200.0)))], Paper(Axis.RELATIVE, unit=hours)
    )

    assert numbers(figure["data"][0]["x"]) == [0, 0.5, 2]
    assert figure["layout"]["xaxis"]["title"]["text"] == "hours since the start"


def compressed(packed):
    return gzip.compress(packed["bdata"].encode())


class TestNumbers:
    @pytest.mark.parametrize(
        "values, dtype",
        [
            ([1, 2, 3], "i4"),
            ([1, 2**40], "f8"),
            ([0.1, 0.9], "f4"),
            ([1e300, 1.0], "f8"),
            # Seven digits would draw one flat line.
            ([1_000_000.01, 1_000_000.02], "f8"),
            ([5.0, 5.0], "f8"),
            ([], "i4"),
            ([math.nan, math.inf], "f4"),
        ],
    )
    def test_take_four_bytes_where_they_are_exact_enough(self, values, dtype):
        assert typed(values)["dtype"] == dtype

    def test_come_back_as_they_went(self):
        values = [1, -2, 2**31 - 1]

        assert numbers(typed(values)) == values

    @pytest.mark.parametrize("shift", [0.0, 3.0, 1.7e12])
    def test_may_be_as_coarse_as_nobody_sees(self, shift):
        chance = random.Random(1)
        values = [shift + 1000 * chance.random() for _ in range(500)]
        packed = typed(values, places=4096)
        spread = max(values) - min(values)

        there = numbers(packed)

        assert max(abs(a - b) for a, b in zip(there, values, strict=True)) < (
            spread / 4096
        )
        assert len(compressed(packed)) < 0.9 * len(compressed(typed(values)))

    def test_keep_their_size_on_a_logarithmic_axis(self):
        values = [10.0**-power for power in range(30)]

        there = numbers(typed(values, places=4096))

        assert all(
            abs(a / b - 1) < 1 / 4096 for a, b in zip(there, values, strict=True)
        )

    def test_infinities_become_gaps(self):
        assert math.isnan(numbers(typed([1.5, math.inf]))[1])


def test_escapes_what_plotly_would_take_for_markup():
    drawn = [
        figures.bars([Bar("1", HOSTILE, 1, 0.5)]),
        scatter.scatter(
            [Dot("1", HOSTILE), Dot("2", HOSTILE, Look(2))],
            Field(HOSTILE, [HOSTILE, "b"]),
            Field(HOSTILE, [0.1, 0.2]),
            Field(HOSTILE, [HOSTILE, "c"]),
        ),
        curve_figures.lines([line(best=Mark(0, 1.0, HOSTILE))], Paper(Axis.STEP)),
        parallel.parallel(
            [HOSTILE, "m"], [parallel.Row("1", 1, [HOSTILE, 0.5], 0.5, Look(1))]
        ),
    ]

    for figure in drawn:
        assert not [text for text in texts(figure) if "<img" in text]
        valid(figure)


class TestScatter:
    DOTS = [Dot("1", "#1"), Dot("2", "#2"), Dot("3", "#3", Look(3))]

    @pytest.mark.parametrize(
        "colour",
        [
            None,
            Field("lr", [1e-4, 1e-2, None], is_log=True),
            Field("depth", [None, None, None]),
            Field("model", ["a", "b", "c"]),
        ],
    )
    def test_is_a_valid_figure(self, colour):
        x = Field("lr", [1e-4, 1e-3, 1e-2], is_log=True, is_choice=True)

        valid(scatter.scatter(self.DOTS, x, Field("acc", [0.1, None, 0.3]), colour))

    def test_leaves_out_who_lacks_a_value(self):
        figure = scatter.scatter(
            self.DOTS, Field("lr", [1.0, None, 3.0]), Field("acc", [0.1, 0.2, 0.3])
        )

        assert [trace["customdata"] for trace in figure["data"]] == [["1"], ["3"]]

    def test_puts_the_compared_on_top_in_their_own_colour(self):
        *_, top = scatter.scatter(
            self.DOTS, Field("lr", [1.0, 2.0, 3.0]), Field("acc", [0.1, 0.2, 0.3])
        )["data"]

        assert top["marker"]["color"] == "--slot-3"


class TestParallel:
    def rows(self, many=40):
        models = ["r18", "r50", "r101"]
        return [
            parallel.Row(
                str(n), n, [models[n % 3], 10.0 ** -(n % 5), n / many], n / many
            )
            for n in range(many)
        ]

    def test_is_a_valid_figure(self):
        compared = parallel.Row("99", 99, ["r18", None, 0.5], 0.5, Look(3, 1))

        valid(parallel.parallel(["model", "lr", "acc"], [*self.rows(), compared]))

    def test_gives_better_candidates_more_ink(self):
        data = parallel.parallel(["model", "lr", "acc"], self.rows())["data"]

        assert [trace["line"]["color"] for trace in data] == [
            f"--seq-{bin}" for bin in range(9)
        ]
        ends = [
            [y for x, y in zip(t["x"], t["y"], strict=True) if x == 2] for t in data
        ]
        assert max(ends[0]) < min(ends[8])

    def test_sets_candidates_apart_by_gaps(self):
        data = parallel.parallel(["model", "lr", "acc"], self.rows())["data"]

        assert sum(trace["x"].count(None) for trace in data) == 40

    def test_draws_the_compared_over_all_others(self):
        row = parallel.Row("99", 99, ["r18", 1.0, 0.5], 0.5, Look(3))

        *_, ground, top = parallel.parallel(
            ["model", "lr", "acc"], [*self.rows(), row]
        )["data"]

        assert (ground["line"]["color"], top["line"]["color"]) == ("--bg", "--slot-3")
        assert top["legendgroup"] == "99"

    def test_sets_apart_compared_ones_that_coincide(self):
        rows = [
            parallel.Row(str(n), n, ["r18", 1.0, 0.5], 0.5, Look(n)) for n in range(3)
        ]

        data = parallel.parallel(["model", "lr", "acc"], rows)["data"]

        starts = {
            round(t["y"][0], 3) for t in data if t["line"]["color"].startswith("--slot")
        }
        assert len(starts) == 3

    def test_breaks_a_line_where_a_value_is_missing(self):
        row = parallel.Row("1", 1, ["a", None, 0.5], 0.5, Look(1))
        other = parallel.Row("2", 2, ["b", 1.0, 0.6], 0.6, Look(2))

        *_, line = parallel.parallel(["model", "lr", "acc"], [other, row])["data"]

        assert line["x"] == [0, None, 2, None]

    @pytest.mark.parametrize(
        "values",
        [
            [1.7e308, -1.7e308],
            [5e-324, 1.0],
            [0.0, 0.0],
            [math.inf, 1.0],
            [math.nan, "a"],
        ],
    )
    def test_bears_any_numbers(self, values):
        rows = [
            parallel.Row(str(n), n, [value, 1.0], 1.0) for n, value in enumerate(values)
        ]

        valid(parallel.parallel(["x", "y"], rows))
