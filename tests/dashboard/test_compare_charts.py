"""The charts of a comparison."""

import pytest

from tests import make
from tests.dashboard.compare_page import PATH, compare, curve, numbers_of
from tests.dashboard.figures import valid
from tests.dashboard.reading import Page


class TestCharts:
    def ask(self, browser, *candidates, **query):
        return browser.get(PATH + "chart.json", {"c": numbers_of(*candidates), **query})

    def test_draws_one_line_for_each(self, browser, sweep):
        a = make.candidate(sweep, name="low", points=curve("acc", [0.1, 0.2]))
        b = make.candidate(sweep, name="high", points=curve("acc", [0.1, 0.9]))
        c = make.candidate(sweep, name="none")

        answer = self.ask(browser, a, b, c, chart="lines", m="acc").json()

        valid(answer["figure"])
        lines = [t for t in answer["figure"]["data"] if t["mode"] != "markers"]
        assert {line["legendgroup"] for line in lines} == {str(a.iid), str(b.iid)}
        # The best is in front; the baseline says so.
        assert [e["name"] for e in answer["legend"]] == ["high", "low"]
        assert [e["is_baseline"] for e in answer["legend"]] == [False, True]
        assert "1 candidate has no acc" in answer["notes"]

    def test_draws_bars_where_there_is_one_value_each(self, browser, sweep):
        a = make.candidate(sweep, metrics={"acc": 0.1})
        b = make.candidate(sweep, metrics={"acc": 0.9})

        answer = self.ask(browser, a, b, chart="lines", m="acc").json()

        valid(answer["figure"])
        assert {trace["type"] for trace in answer["figure"]["data"]} == {"bar"}
        still = (
            compare(browser, a, b)
            .root.one("figure", id="curve")
            .one("svg", class_="still bars")
        )
        assert len(still.all("rect")) == 2

    def test_gives_the_same_colour_to_a_number_everywhere(self, browser, sweep):
        a, *_, b = make.candidates(sweep, 9, points=curve("acc", [0.1, 0.2]))

        answer = self.ask(browser, a, b, chart="lines", m="acc").json()

        assert {e["slot"] for e in answer["legend"]} == {a.iid % 8}
        assert {e["dash"] for e in answer["legend"]} == {0, 1}

    def test_reads_all_lines_with_one_query(
        self, browser, sweep, django_assert_num_queries
    ):
        made = make.candidates(sweep, 12, points=curve("acc", [0.1, 0.2]))
        self.ask(browser, *made[:2])

        # project, candidates, metrics, points
        with django_assert_num_queries(4):
            self.ask(browser, *made, chart="lines", m="acc")

    def test_parallel_shows_the_whole_experiment(self, browser, sweep):
        made = [
            make.candidate(
                sweep,
                params={"lr": f"1e-{n % 4}", "model": "ab"[n % 2]},
                metrics={"acc": n / 20},
            )
            for n in range(20)
        ]

        answer = self.ask(browser, *made[:2], chart="parallel").json()

        valid(answer["figure"])
        crowd = [t for t in answer["figure"]["data"] if "legendgroup" not in t]
        assert sum(trace["x"].count(None) for trace in crowd) == 18
        assert answer["title"] == "20 candidates, better acc has more ink"
        assert [row[0].split()[0] for row in answer["table"][0]["rows"][:2]] == [
            f"#{made[1].iid}",
            f"#{made[0].iid}",
        ]
        labels = answer["table"][0]["columns"]
        assert labels == ["Candidate", "lr", "model", "acc max"]

    def test_parallel_takes_a_bounded_sample_and_says_so(
        self, browser, sweep, monkeypatch
    ):
        monkeypatch.setattr("dashboard.charts.sweep.MAX_CANDIDATES", 5)
        made = [
            make.candidate(sweep, params={"lr": str(n)}, metrics={"acc": n / 9})
            for n in range(9)
        ]

        answer = self.ask(browser, *made[:2], chart="parallel").json()

        assert any("there are more" in note for note in answer["notes"])
        slots = [
            t["legendgroup"] for t in answer["figure"]["data"] if "legendgroup" in t
        ]
        assert set(slots) == {str(c.iid) for c in made[:2]}

    def test_parallel_draws_the_axes_that_are_asked_for(self, browser, sweep):
        made = [
            make.candidate(sweep, params={"a": str(n), "b": str(n)}, metrics={"acc": n})
            for n in range(3)
        ]

        answer = self.ask(browser, *made, chart="parallel", axes=["p:b"]).json()

        assert answer["table"][0]["columns"] == ["Candidate", "b", "acc max"]

    def test_scatter_places_params_against_metrics(self, browser, sweep):
        made = [
            make.candidate(
                sweep,
                params={"lr": f"1e-{n}", "model": "ab"[n % 2]},
                metrics={"acc": n / 5},
            )
            for n in range(5)
        ]

        answer = self.ask(
            browser, *made[:2], chart="scatter", sx="p:lr", sy="m:acc", sc="p:model"
        ).json()

        valid(answer["figure"])
        crowd, *compared = answer["figure"]["data"]
        assert sorted(crowd["x"]) == pytest.approx([1e-4, 1e-3, 1e-2])
        assert len(compared) == 2
        assert answer["notes"][0] == "5 of 5 candidates have both"

    @pytest.mark.parametrize("tab", ["", "curves", "parallel", "scatter"])
    def test_every_chart_is_also_a_table_without_script(self, browser, sweep, tab):
        made = [
            make.candidate(
                sweep, params={"lr": str(n)}, points=curve("acc", [0.1, n / 9])
            )
            for n in range(3)
        ]
        page = compare(browser, *made, tab=tab)

        opened = Page(browser.get(PATH + page.link("Show as table")))

        assert opened.root.all("table", class_="tbl numbers")

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"chart": "lines"},
            {"chart": "lines", "m": "none"},
            {"chart": "lines", "m": "\0"},
            {"chart": "pie"},
        ],
    )
    def test_an_unknown_chart_is_not_there(self, browser, sweep, query):
        made = make.candidates(sweep, 2, metrics={"acc": 1.0})

        assert self.ask(browser, *made, **query).status_code == 404

    def test_is_answered_with_304_while_nothing_changed(self, browser, sweep):
        made = make.candidates(sweep, 2, metrics={"acc": 1.0}, params={"a": "1"})
        for chart in ("lines", "parallel", "scatter"):
            query = {"c": numbers_of(*made), "chart": chart, "m": "acc"}
            first = browser.get(PATH + "chart.json", query)

            again = browser.get(
                PATH + "chart.json", query, headers={"If-None-Match": first["ETag"]}
            )

            assert (first.status_code, again.status_code) == (200, 304)
