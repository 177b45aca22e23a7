"""Several metrics in a chart, another metric across, outliers, and how curves are calmed."""

import re

import pytest

from dashboard.charts import chart_specs
from dashboard.charts.curve_answers import Join
from tests import make
from tests.dashboard.candidate_page import curve
from tests.dashboard.figures import numbers, valid
from tracker import recording


@pytest.fixture
def two(sweep):
    return [
        make.candidate(
            sweep,
            points=[
                *curve("loss", [4.0, 2.0, 1.0 + n], every=1),
                *curve("acc", [0.1, 0.5, 0.9], every=1),
                *curve("lr", [0.3, 0.2, 0.1], every=1),
            ],
        )
        for n in range(2)
    ]


def chart(browser, experiment, spec, **query):
    path = f"/p/vision/experiments/{experiment.iid}/charts/chart.json"
    found = browser.get(path, {"ch": spec, **query}).json()
    if not found.get("empty"):
        valid(found["figure"])
    return found


def lines(found):
    return [t for t in found["figure"]["data"] if not t.get("meta")]


class TestSeveralMetrics:
    def test_share_a_chart_each_with_its_dash(self, browser, sweep, two):
        found = chart(browser, sweep, "line!loss!acc")

        drawn = [
            (t["name"], t["line"].get("dash"), t["legendgroup"]) for t in lines(found)
        ]
        newest, oldest = str(two[1].iid), str(two[0].iid)
        assert drawn == [
            ("loss", None, newest), ("loss", None, oldest),
            ("acc", "dash", newest), ("acc", "dash", oldest),
        ]  # fmt: skip
        assert len(found["legend"]) == 2
        assert [table["caption"] for table in found["table"]][::2] == [
            "loss, summary",
            "acc, summary",
        ]

    def test_stand_on_two_axes(self, browser, sweep, two):
        found = chart(browser, sweep, "line!loss!acc!two")

        assert [t.get("yaxis") for t in lines(found)] == [None, None, "y3", "y3"]
        layout = found["figure"]["layout"]
        assert layout["yaxis"]["title"]["text"] == "loss"
        assert layout["yaxis3"]["title"]["text"] == "acc"

    def test_go_from_their_lowest_to_their_highest(self, browser, sweep, two):
        found = chart(browser, sweep, "line!loss!acc!norm")

        values = [numbers(t["y"]) for t in lines(found)]
        assert values[1] == pytest.approx([1.0, 1 / 3, 0.0])
        assert values[2] == pytest.approx([0.0, 0.5, 1.0])
        assert "each metric from its lowest, 0, to its highest, 1" in found["notes"]

    def test_leave_out_what_nobody_has_logged(self, browser, sweep, two):
        assert {
            t["name"] for t in lines(chart(browser, sweep, "line!loss!nope!acc"))
        } == {
            "loss",
            "acc",
        }
        assert chart(browser, sweep, "line!nope!none")["empty"]

    def test_are_numbers_as_csv_and_a_picture(self, browser, sweep, two):
        path = f"/p/vision/experiments/{sweep.iid}/charts/chart"

        text = b"".join(
            browser.get(f"{path}.csv", {"ch": "line!loss!acc"}).streaming_content
        ).decode()
        picture = browser.get(f"{path}.svg", {"ch": "line!loss!acc!two"})

        assert {line.split(",")[2] for line in text.splitlines()[1:]} == {"loss", "acc"}
        assert picture.status_code == 200

    def test_cost_the_same_for_two_or_four(
        self, browser, sweep, two, django_assert_max_num_queries
    ):
        for spec in ("line!loss!acc", "line!loss!acc!lr!nope"):
            with django_assert_max_num_queries(13):
                chart(browser, sweep, spec)


@pytest.mark.parametrize(
    "text, fields, join, is_log",
    [
        ("line!a!b", ("a", "b"), Join.ONE, False),
        ("line!a!b!two!log", ("a", "b"), Join.TWO, True),
        ("line!a!norm", ("a",), Join.ONE, False),
        ("line!two", ("two",), Join.ONE, False),
        ("line!a!%6cog", ("a", "log"), Join.ONE, False),
        ("line!a!a!b", ("a", "b"), Join.ONE, False),
        ("line!a!b!c!d!e!f", ("a", "b", "c", "d"), Join.ONE, False),
        ("line!50%25%21", ("50%!",), Join.ONE, False),
    ],
)
def test_a_chart_of_several_is_read_from_its_address(text, fields, join, is_log):
    read = chart_specs.read(text)

    assert (read.fields, read.join, read.is_log) == (fields, join, is_log)
    assert chart_specs.read(read.text) == read


class TestAnotherMetricAcross:
    def test_takes_the_place_of_the_steps(self, browser, sweep, two):
        found = chart(browser, sweep, "line!loss", x="m:lr")

        first = lines(found)[1]
        assert numbers(first["x"]) == pytest.approx([0.3, 0.2, 0.1])
        assert numbers(first["y"]) == pytest.approx([4.0, 2.0, 1.0])
        assert found["figure"]["layout"]["xaxis"]["title"]["text"] == "lr"
        assert found["axis"] == "m:lr"
        assert not found["finer"]

    def test_is_read_at_the_step_or_before(self, browser, sweep):
        make.candidate(
            sweep,
            points=[
                *curve("loss", [9.0, 8.0, 7.0, 6.0], every=1),
                *curve("epoch", [1.0, 2.0], every=2),
            ],
        )

        [line] = lines(chart(browser, sweep, "line!loss", x="m:epoch"))

        assert numbers(line["x"]) == [1.0, 1.0, 2.0, 2.0]

    def test_says_who_lacks_it(self, browser, sweep, two):
        make.candidate(sweep, points=curve("loss", [1.0, 2.0]))

        found = chart(browser, sweep, "line!loss", x="m:lr")

        assert len(lines(found)) == 2
        assert "1 curve without lr left out" in found["notes"]

    def test_changes_the_version_when_it_grows(self, browser, sweep, two):
        path = f"/p/vision/experiments/{sweep.iid}/charts/chart.json"
        query = {"ch": "line!loss", "x": "m:lr"}
        before = browser.get(path, query)["ETag"]

        recording.log_batch(two[0], metrics=[recording.Point("lr", 0.01, 1, 9)])

        assert browser.get(path, query)["ETag"] != before


class TestOutliers:
    def test_stay_outside_and_are_marked_and_counted(self, browser, sweep):
        values = [1.0 + step % 7 / 10 for step in range(300)]
        values[150] = 1e6
        candidate = make.candidate(sweep, points=curve("loss", values))
        path = f"/p/vision/c/{candidate.iid}/chart.json"

        found = browser.get(path, {"m": "loss", "clip": "1", "sm": "0"}).json()
        valid(found["figure"])

        assert found["figure"]["layout"]["yaxis"]["range"][1] < 2
        marks = [t for t in found["figure"]["data"] if t.get("yaxis") == "y2"]
        assert [t["x"] for t in marks] == [[1500]]
        assert marks[0]["marker"]["symbol"] == ["triangle-up-open"]
        assert any(note.startswith("1 drawn point beyond") for note in found["notes"])

    def test_a_constant_is_a_straight_line_in_the_middle(self, browser, sweep):
        candidate = make.candidate(sweep, points=curve("loss", [0.1] * 200))
        path = f"/p/vision/c/{candidate.iid}/chart.json"

        found = browser.get(path, {"m": "loss"}).json()

        low, high = found["figure"]["layout"]["yaxis"]["range"]
        assert (low, high) == pytest.approx((0.09, 0.11))

    def test_per_cent_reach_from_nothing_to_all(self, browser, sweep):
        key = "system/cpu_utilization_percentage"
        candidate = make.candidate(sweep, points=curve(key, [20.0, 60.0, 40.0]))

        found = browser.get(
            f"/p/vision/c/{candidate.iid}/chart.json", {"m": key}
        ).json()

        assert found["figure"]["layout"]["yaxis"]["range"] == [0, 100]


def test_a_long_curve_says_into_how_many_buckets_it_was_put(browser, sweep):
    candidate = make.candidate(
        sweep, points=curve("loss", [float(n % 50) for n in range(4000)])
    )
    path = f"/p/vision/c/{candidate.iid}/chart.json"

    found = browser.get(path, {"m": "loss"}).json()

    # How many exactly, a database rounds in its own way.
    said = r"4\u202f000 points shown as 1\u202f\d{3} min–max buckets: no spike is lost"
    said = r"4\u202f000 points shown as [\d\u202f]+ min–max buckets: no spike is lost"
    assert any(re.match(said, note) for note in found["notes"]), found["notes"]


@pytest.mark.parametrize("by", ["ema:0.9", "avg:25", "gauss:10", "env"])
def test_every_kind_of_smoothing_is_a_valid_figure_and_says_its_name(
    browser, sweep, by
):
    candidate = make.candidate(
        sweep, points=curve("loss", [float(n % 5) for n in range(120)])
    )
    path = f"/p/vision/c/{candidate.iid}/chart.json"

    found = browser.get(path, {"m": "loss", "sm": by}).json()
    valid(found["figure"])

    said = " ".join(found["notes"])
    words = {"ema": "EMA 0.9", "avg": "mean of 25", "gauss": "Gaussian of 10",
             "env": "from the lowest to the highest"}  # fmt: skip
    assert words[by.partition(":")[0]] in said
    fills = [t.get("fill") for t in found["figure"]["data"]]
    assert ("tonexty" in fills) == (by == "env")
