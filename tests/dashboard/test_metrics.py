"""A candidate's metrics: the table, the curve behind each, and the history as a file."""

import csv
import gzip
import io
import json
import math

import pytest

from tests import make
from tests.dashboard.figures import numbers, texts, valid
from tests.dashboard.reading import HOSTILE, Element, Page, is_harmless
from tracker import recording

START = 1_700_000_000_000


def curve(key, values):
    return [
        recording.Point(key, value, START + 1000 * step, step)
        for step, value in enumerate(values)
    ]


def url(candidate, part="metrics/"):
    return f"/p/vision/c/{candidate.iid}/{part}"


def table(page):
    """Cells by metric, by heading."""
    headings = page.headings
    found = {}
    for body in page.root.all("tbody"):
        for row in body.all("tr"):
            cells = [cell for cell in row.children if isinstance(cell, Element)]
            if len(cells) == len(headings):
                texts = [cell.text for cell in cells]
                found[row.attributes["data-row"]] = texts
    return found


def test_lists_every_metric_with_its_summary(browser, sweep):
    candidate = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9, 0.7]))

    [cells] = table(Page(browser.get(url(candidate)))).values()

    assert cells[:10] == (
        ["acc", "", "0.7000", "0.5000", "0.5000", "0", "0.9000", "1", "0.7000", "3"]
    )


def test_groups_by_prefix(browser, sweep):
    candidate = make.candidate(
        sweep, metrics={"loss": 1.0, "val/a": 1.0, "val/b": 2.0, "train/a": 3.0}
    )

    page = Page(browser.get(url(candidate)))

    sections = [row.text for row in page.root.all("tr", class_="sec")]
    assert sections == ["train/ 1", "val/ 2"]


def test_each_metric_links_to_its_curve(browser, sweep):
    candidate = make.candidate(
        sweep, points=curve("val/acc", [0.1, 0.2]) + curve("a&b=c d", [1.0, 2.0])
    )
    page = Page(browser.get(url(candidate)))

    chosen = Page(browser.get(url(candidate) + page.link("a&b=c d")))

    assert chosen.root.one("figure").one("h2").text.startswith("a&b=c d")
    assert chosen.root.one("tr", aria_selected="true").one("th").text == "a&b=c d"


def test_sketches_all_courses_with_one_query(browser, sweep, django_assert_num_queries):
    def busy(size):
        return make.candidate(
            sweep, points=[p for n in range(size) for p in curve(f"m{n}", [0.1, 0.2])]
        )

    small, large = busy(2), busy(60)
    browser.get(url(small))

    # project, candidate, metrics, family, baseline, the one before, files, role,
    # sketches of the table, of the chart
    with django_assert_num_queries(11):
        browser.get(url(small))
    with django_assert_num_queries(11):
        browser.get(url(large))


def test_filters_by_name(browser, sweep):
    candidate = make.candidate(sweep, metrics={f"m{n}": 1.0 for n in range(12)})

    page = Page(browser.get(url(candidate), {"f": "M11"}))
    nothing = Page(browser.get(url(candidate), {"f": "zzz"}))

    assert list(table(page)) == ["m11"]
    assert "No metric holds “zzz”." in nothing.main.text


def test_says_nan_and_infinity_in_words(browser, sweep):
    candidate = make.candidate(sweep, points=curve("loss", [math.nan, math.inf]))

    [cells] = table(Page(browser.get(url(candidate)))).values()

    assert cells[2:5] == ["∞", "NaN", "– not logged"]


def test_hostile_names_stay_text(browser, sweep):
    candidate = make.candidate(sweep, points=curve("loss", [1.0, 2.0]))
    candidate.metrics.update(key=HOSTILE)

    page = Page(browser.get(url(candidate)))
    answer = browser.get(url(candidate, "chart.json"), {"m": HOSTILE}).json()

    assert is_harmless(page)
    # The script writes the legend as text; Plotly gets no name at all.
    assert not [text for text in texts(answer["figure"]) if "<" in text]


def test_shows_values_as_a_table_without_script(browser, sweep):
    candidate = make.candidate(sweep, points=curve("loss", [3.0, 2.0, 1.0]))
    page = Page(browser.get(url(candidate)))

    opened = Page(browser.get(url(candidate) + page.link("Show as table")))

    summary, samples = opened.root.one("div", class_="values").all("table")
    assert f"#{candidate.iid}" in summary.one("tbody").text
    assert "1" in samples.one("tbody").all("tr")[-1].text


class TestChart:
    def ask(self, browser, candidate, **query):
        return browser.get(url(candidate, "chart.json"), {"m": "loss", **query})

    def test_answers_a_figure_with_what_stands_around_it(self, browser, sweep):
        candidate = make.candidate(sweep, points=curve("loss", [3.0, 1.0, 2.0]))

        answer = self.ask(browser, candidate).json()

        valid(answer["figure"])
        line = answer["figure"]["data"][0]
        assert numbers(line["y"]) == [3.0, 1.0, 2.0]
        [entry] = answer["legend"]
        assert (entry["id"], entry["value"]) == (str(candidate.iid), "2")
        assert answer["notes"] == ["3 points"]
        assert answer["table"][0]["rows"][0][2:4] == ["1", "1"]
        assert answer["finer"] is False

    def test_names_the_best_point(self, browser, sweep):
        candidate = make.candidate(sweep, points=curve("loss", [3.0, 1.0, 2.0]))

        [note] = self.ask(browser, candidate).json()["figure"]["layout"]["annotations"]

        assert (note["x"], note["y"], note["text"]) == (1, 1.0, "min 1")

    def test_draws_over_time_where_there_are_no_steps(self, browser, sweep):
        candidate = make.candidate(
            sweep,
            started_ms=START,
            points=[
                recording.Point("loss", value, START + 1000 * n, 0)
                for n, value in enumerate([3.0, 2.0, 1.0])
            ],
        )

        answer = self.ask(browser, candidate).json()

        assert numbers(answer["figure"]["data"][0]["x"]) == [0, 1, 2]
        assert "logged without steps, so drawn over time" in answer["notes"]

    def test_smooths_on_the_server(self, browser, sweep):
        candidate = make.candidate(sweep, points=curve("loss", [0.0, 1.0] * 10))

        raw, smooth, *_ = self.ask(browser, candidate, sm="0.9").json()["figure"][
            "data"
        ]

        assert raw["meta"] == {"raw": 1}
        assert 0.4 < numbers(smooth["y"])[-1] < 0.6

    def test_tells_what_it_leaves_out(self, browser, sweep):
        candidate = make.candidate(
            sweep, points=curve("loss", [1.0, -1.0, math.nan, 2.0])
        )

        answer = self.ask(browser, candidate, y="log").json()

        notes = " ".join(answer["notes"])
        assert "1 value is NaN or infinite" in notes
        assert "1 value at or below 0 left out" in notes
        assert answer["figure"]["layout"]["yaxis"]["type"] == "log"

    def test_condenses_a_long_series_and_gives_detail_on_zoom(
        self, browser, sweep, monkeypatch
    ):
        monkeypatch.setattr("tracker.curves.MAX_BUCKETS", 20)
        values = [float(step % 5) for step in range(1000)]
        values[700] = 99.0
        candidate = make.candidate(sweep, points=curve("loss", values))

        whole = self.ask(browser, candidate, sm="0").json()
        part = self.ask(browser, candidate, sm="0", x0="690", x1="710").json()

        assert whole["finer"] and not part["finer"]
        assert 99.0 in numbers(whole["figure"]["data"][0]["y"])
        assert len(numbers(whole["figure"]["data"][0]["y"])) <= 42
        assert numbers(part["figure"]["data"][0]["x"]) == list(range(690, 711))
        assert any("no spike is lost" in note for note in whole["notes"])

    def test_is_compressed_for_those_who_can_read_it(self, browser, sweep):
        candidate = make.candidate(sweep, points=curve("loss", list(range(1, 500))))
        plain = self.ask(browser, candidate)
        browser.defaults["HTTP_ACCEPT_ENCODING"] = "gzip, br"
        small = self.ask(browser, candidate)

        assert small["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in small["Vary"]
        assert small["ETag"] == plain["ETag"]
        assert gzip.decompress(small.content) == plain.content
        assert len(small.content) < len(plain.content) / 1.2

    def test_is_answered_with_304_until_it_grows(self, browser, sweep):
        candidate = make.candidate(sweep, points=curve("loss", [1.0, 2.0]))
        etag = self.ask(browser, candidate)["ETag"]
        path = url(candidate, "chart.json")

        again = browser.get(path, {"m": "loss"}, headers={"If-None-Match": etag})
        recording.log_batch(candidate, metrics=[recording.Point("loss", 3.0, 1, 9)])
        grown = browser.get(path, {"m": "loss"}, headers={"If-None-Match": etag})

        assert (again.status_code, again.content) == (304, b"")
        assert grown.status_code == 200

    def test_reads_no_point_for_a_304(self, browser, sweep, django_assert_num_queries):
        candidate = make.candidate(sweep, points=curve("loss", [1.0, 2.0]))
        etag = self.ask(browser, candidate)["ETag"]

        # project, candidate, metric, baseline
        with django_assert_num_queries(4):
            browser.get(
                url(candidate, "chart.json"),
                {"m": "loss"},
                headers={"If-None-Match": etag},
            )

    @pytest.mark.parametrize("key", ["loss", "", "\0", "x" * 3000])
    def test_has_nothing_of_an_unknown_metric(self, browser, sweep, key):
        assert self.ask(browser, make.candidate(sweep), m=key).status_code == 404

    def test_bears_extremes(self, browser, sweep):
        candidate = make.candidate(
            sweep,
            points=[
                recording.Point("loss", value, time, step)
                for step, time, value in [
                    (-(2**63), 0, 1.7e308),
                    (0, 2**62, -1.7e308),
                    (2**63 - 1, 1, 5e-324),
                ]
            ],
        )

        for query in ({}, {"x": "time"}, {"x": "rel"}, {"y": "log"}, {"sm": "0.9"}):
            answer = self.ask(browser, candidate, **query)
            assert answer.status_code == 200
            valid(json.loads(answer.content)["figure"])
            assert browser.get(url(candidate), query).status_code == 200
            assert (
                browser.get(url(candidate), {**query, "table": "1"}).status_code == 200
            )


class TestHistory:
    def rows(self, response):
        text = b"".join(response.streaming_content).decode()
        return list(csv.reader(io.StringIO(text)))

    def test_gives_every_point_of_one_metric(self, browser, sweep):
        candidate = make.candidate(
            sweep, points=curve("loss", [3.0, math.nan]) + curve("acc", [0.1])
        )

        response = browser.get(url(candidate, "metrics.csv"), {"m": "loss"})

        head, *rows = self.rows(response)
        assert head == ["metric", "step", "timestamp", "time", "value"]
        assert rows == [
            ["loss", "0", str(START), "2023-11-14T22:13:20+00:00", "3.0"],
            ["loss", "1", str(START + 1000), "2023-11-14T22:13:21+00:00", "nan"],
        ]
        assert "attachment" in response["Content-Disposition"]

    def test_gives_all_metrics(self, browser, sweep):
        candidate = make.candidate(sweep, metrics={"b": 1.0, "a": 2.0})

        rows = self.rows(browser.get(url(candidate, "metrics.csv")))

        assert {row[0] for row in rows[1:]} == {"a", "b"}

    @pytest.mark.parametrize("key", ["=cmd()", "+a1", "-a1", "@sum"])
    def test_writes_no_formulas(self, browser, sweep, key):
        candidate = make.candidate(sweep, metrics={"m": 1.0})
        candidate.metrics.update(key=key)

        rows = self.rows(browser.get(url(candidate, "metrics.csv")))

        assert rows[1][0] == f"'{key}"

    def test_has_nothing_of_an_unknown_metric(self, browser, sweep):
        candidate = make.candidate(sweep)

        answer = browser.get(url(candidate, "metrics.csv"), {"m": "loss"})

        assert answer.status_code == 404
