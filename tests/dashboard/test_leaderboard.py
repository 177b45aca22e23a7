"""Ranks, ties and fronts: the statistics held against scipy, the page against small sweeps."""

import random

import pytest
from scipy import stats

from dashboard.charts import boards, leaderboard
from dashboard.charts.leaderboard import (
    Gap,
    Value,
    board,
    corrected,
    front,
    paired,
    welch,
)
from dashboard.directions import Direction
from tests import make
from tests.dashboard.figures import numbers, valid
from tests.dashboard.reading import HOSTILE, Page
from tracker import recording
from tracker.errors import TooSlow

START = 1_700_000_000_000


def repeats(*values, first=1):
    return [Value(first + n, f"seed={n}", value) for n, value in enumerate(values)]


class TestTests:
    ONE, OTHER = [0.9, 0.92, 0.95, 0.91], [0.85, 0.9, 0.86, 0.7]

    def test_welch_is_scipys(self):
        found = welch(self.ONE, self.OTHER)

        expected = stats.ttest_ind(self.ONE, self.OTHER, equal_var=False)
        interval = expected.confidence_interval(0.95)
        assert found.p == pytest.approx(expected.pvalue)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))

    def test_paired_is_scipys(self):
        found = paired([a - b for a, b in zip(self.ONE, self.OTHER, strict=True)])

        expected = stats.ttest_rel(self.ONE, self.OTHER)
        interval = expected.confidence_interval(0.95)
        assert found.p == pytest.approx(expected.pvalue)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))

    @pytest.mark.parametrize(
        ("mean", "p"), [([1.0, 1.0, 1.0], 0.0), ([0.0, 0.0, 0.0], 1.0)]
    )
    def test_no_spread_is_sure(self, mean, p):
        assert paired(mean).p == p

    def test_holm_stops_at_the_first_that_fails(self):
        gaps = {key: Gap(1.0, 1.0, 5, p, False) for key, p in
                ((1, 0.03), (2, 0.01), (3, 0.04))}  # fmt: skip

        made = corrected(gaps)

        # 0.01 <= 0.05/3; 0.03 > 0.05/2, and so 0.04 fails too.
        assert {key: gap.p for key, gap in made.items()} == pytest.approx(
            {2: 0.03, 1: 0.06, 3: 0.06}
        )
        assert {key: 1 - gap.confidence for key, gap in made.items()} == pytest.approx(
            {2: 0.05 / 3, 1: 0.05 / 2, 3: 0.05 / 2}
        )

    def test_an_interval_holds_zero_where_there_is_a_tie_and_nowhere_else(self):
        draw = random.Random(7)
        told = set()
        for _ in range(60):
            rows = board(
                {
                    config: repeats(*(draw.gauss(-config / 40, 0.03) for _ in range(4)))
                    for config in range(6)
                },
                Direction.MAX,
            )
            for row in rows[1:]:
                assert row.is_tie == (row.gap.low <= 0 <= row.gap.high)
                told.add((row.is_tie, row.gap.confidence > 0.95))
        # Some of them would have been told apart by an interval of 95 %.
        assert told >= {(True, True), (False, True)}


class TestBoard:
    def test_the_best_leads_and_others_tie_or_lose(self):
        rows = board(
            {
                1: repeats(0.90, 0.91, 0.92, 0.90),
                2: repeats(0.90, 0.915, 0.915, 0.895),
                3: repeats(0.70, 0.71, 0.72, 0.70),
            },
            Direction.MAX,
        )

        assert [(row.config, row.place) for row in rows] == [
            (1, "1"),
            (2, "="),
            (3, "3"),
        ]
        assert rows[0].is_leader
        assert rows[2].gap.mean == pytest.approx(-0.2)

    def test_lower_is_better_for_a_loss(self):
        rows = board(
            {1: repeats(3.0, 3.1, 3.2), 2: repeats(1.0, 1.1, 1.2)}, Direction.MIN
        )

        assert [row.config for row in rows] == [2, 1]
        assert rows[1].gap.mean == pytest.approx(-2.0)

    def test_one_or_two_repeats_make_no_claim(self):
        rows = board(
            {1: repeats(0.99), 2: repeats(0.9, 0.91, 0.92), 3: repeats(0.8, 0.7)},
            Direction.MAX,
        )

        assert [(row.config, row.place) for row in rows] == [
            (1, "?"),
            (2, "1"),
            (3, "?"),
        ]

    def test_shared_seeds_are_paired(self):
        # Seeds differ a lot, the two configurations hardly but always.
        rows = board(
            {1: repeats(0.5, 0.7, 0.9, 0.6), 2: repeats(0.49, 0.69, 0.891, 0.59)},
            Direction.MAX,
        )

        assert rows[1].gap.is_paired
        assert rows[1].place == "2"

    def test_nothing_makes_nothing(self):
        assert board({}, Direction.MAX) == []
        assert board({1: [Value(1, "", float("nan"))]}, Direction.MAX) == []


class TestFront:
    @pytest.mark.parametrize(
        ("points", "signs", "expected"),
        [
            ([(1, 1), (2, 2), (3, 1)], (1, 1), [False, True, True]),
            ([(1, 1), (2, 2), (3, 1)], (1, -1), [False, False, True]),
            ([(1, 1), (1, 1)], (1, 1), [True, True]),
            ([(1, 2, 3), (3, 2, 1), (0, 2, 1)], (1, 1, 1), [True, True, False]),
            ([], (1, 1), []),
        ],
    )
    def test_is_what_nobody_beats(self, points, signs, expected):
        assert front(points, signs) == expected


def url(experiment, part="insights/"):
    return f"/p/{experiment.project.slug}/experiments/{experiment.iid}/{part}"


def seeded(sweep, lr, *values, **more):
    return [
        make.candidate(
            sweep,
            params={"lr": lr, "seed": str(n)},
            metrics={"val/acc": value, "latency": 1 + value},
            **more,
        )
        for n, value in enumerate(values)
    ]


class TestInsights:
    def test_ranks_configurations(self, browser, sweep):
        seeded(sweep, "0.1", 0.90, 0.91, 0.92)
        seeded(sweep, "0.2", 0.70, 0.71, 0.72)
        seeded(sweep, "0.3", 0.95)

        page = Page(browser.get(url(sweep)))

        rows = [
            tr.text
            for tr in page.main.one("table", class_="tbl board cards")
            .one("tbody")
            .all("tr")
        ]
        assert rows[0].startswith("? not ranked lr 0.3 0.9500")
        assert rows[1].startswith("1 lr 0.1 0.9100 ±0.025 3 leader")
        assert "worse by 0.20" in rows[2]

    def test_is_read_once_until_something_changes(
        self, browser, sweep, django_assert_num_queries
    ):
        seeded(sweep, "0.1", 0.90, 0.91, 0.92)
        browser.get(url(sweep))

        # project, experiment, catalogue, page of candidates, names, their params
        with django_assert_num_queries(6):
            again = Page(browser.get(url(sweep)))
        seeded(sweep, "0.2", 0.95, 0.96, 0.97)
        changed = Page(browser.get(url(sweep)))

        assert "1 configurations" in again.main.text
        assert "2 configurations" in changed.main.text

    def test_many_that_were_tried_once_do_not_push_out_what_is_ranked(
        self, browser, sweep
    ):
        for n in range(leaderboard.MAX_ROWS + 5):
            make.candidate(sweep, params={"n": str(n)}, metrics={"acc": 0.99})
        seeded(sweep, "0.1", 0.90, 0.91, 0.92)

        page = Page(browser.get(url(sweep)))

        assert "leader" in page.main.one("table").text

    def test_says_so_where_it_takes_too_long(self, browser, sweep, monkeypatch):
        def slow(*args):
            raise TooSlow()

        seeded(sweep, "0.1", 0.90, 0.91, 0.92)
        monkeypatch.setattr(boards, "board_of", slow)

        page = Page(browser.get(url(sweep)))

        assert "This search takes too long" in page.main.text
        assert "Nothing to rank yet" not in page.main.text

    def test_a_row_opens_its_candidates_as_a_table(self, browser, sweep):
        seeded(sweep, "0.1", 0.90, 0.91, 0.92)
        seeded(sweep, "0.2", 0.70, 0.71)

        page = Page(browser.get(url(sweep)))

        table = Page(browser.get(page.link("lr 0.1")))
        assert "3 of 5 match" in table.main.text

    def test_counts_only_what_matches(self, browser, sweep):
        seeded(sweep, "0.1", 0.90, 0.91, 0.92)
        seeded(sweep, "0.2", 0.70, 0.71, 0.72)

        page = Page(browser.get(url(sweep), {"q": "params.lr > 0.15"}))

        assert "1 configurations" in page.main.text

    def test_draws_the_front_of_two_metrics(self, browser, sweep):
        seeded(sweep, "0.1", 0.9, 0.5, 0.7)

        page = Page(browser.get(url(sweep)))
        figure = browser.get(page.root.one("figure").attributes["data-chart"]).json()

        valid(figure["figure"])
        assert "front: 3 of 3 candidates that have both" in figure["notes"]

    def test_of_nothing_says_how_to_begin(self, browser, sweep):
        assert "Nothing to rank yet" in Page(browser.get(url(sweep))).main.text
        make.candidate(sweep)
        assert "Nothing to rank yet" in Page(browser.get(url(sweep))).main.text

    @pytest.mark.parametrize(
        "query", [{"m": "no"}, {"q": "((("}, {"o": ["a", "b"]}, {"m": HOSTILE}]
    )
    def test_bears_bad_queries(self, browser, sweep, query):
        seeded(sweep, "0.1", 0.9)

        answer = browser.get(url(sweep), query)

        assert answer.status_code == 200
        assert "<img src=x" not in answer.content.decode()

    def test_costs_the_same_for_many(
        self, browser, sweep, django_assert_max_num_queries
    ):
        for size in (2, 30):
            for n in range(size):
                seeded(sweep, f"{size}.{n}", 0.5, 0.6)
            with django_assert_max_num_queries(16):
                browser.get(url(sweep))


class TestSweep:
    @pytest.fixture
    def parent(self, sweep):
        parent = make.candidate(sweep, name="search")
        for n in range(20):
            make.candidate(
                sweep,
                started_ms=START + n,
                params={"lr": str(10.0**-n), "depth": str(n % 5)},
                metrics={"val/acc": n / 20},
                tags={"mlflow.parentRunId": parent.eid},
            )
        return parent

    def test_shows_the_best_trial_and_every_parameter(self, browser, sweep, parent):
        make.candidate(sweep, metrics={"val/acc": 0.99})  # not of the search

        page = Page(browser.get(url(sweep, "sweep/")))

        best = page.root.all("section", class_="panel mt5")[0].text
        assert "0.9500" in best
        assert "depth 4" in best
        titles = [f.one("h2").text for f in page.root.all("figure")]
        assert titles[0] == "val/acc"
        assert "val/acc by lr" in titles
        assert "Trials 20" in page.main.text

    def test_charts_are_about_the_trials(self, browser, sweep, parent):
        make.candidate(sweep, metrics={"val/acc": 0.99})
        page = Page(browser.get(url(sweep, "sweep/")))

        for figure in page.root.all("figure"):
            answer = browser.get(figure.attributes["data-chart"]).json()
            assert "empty" not in answer
            valid(answer["figure"])
        history = browser.get(
            page.root.all("figure")[0].attributes["data-chart"]
        ).json()
        assert len(numbers(history["figure"]["data"][0]["x"])) == 20

    def test_the_whole_experiment_where_there_is_no_parent(self, browser, sweep):
        seeded(sweep, "0.1", 0.5, 0.6)

        assert "Trials 2" in Page(browser.get(url(sweep, "sweep/"))).main.text

    @pytest.mark.parametrize(
        "query", [{"parent": "99"}, {"parent": "x"}, {"parent": "all"}, {"m": "no"}]
    )
    def test_bears_bad_queries(self, browser, sweep, parent, query):
        assert browser.get(url(sweep, "sweep/"), query).status_code == 200

    def test_of_nothing_says_how_to_begin(self, browser, sweep):
        assert "No candidates yet" in Page(browser.get(url(sweep, "sweep/"))).main.text

    def test_costs_the_same_for_many(
        self, browser, sweep, parent, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(15):
            browser.get(url(sweep, "sweep/"))
        for _ in range(3):
            other = make.candidate(sweep)
            make.candidates(sweep, 10, tags={"mlflow.parentRunId": other.eid})
        with django_assert_max_num_queries(15):
            browser.get(url(sweep, "sweep/"))


def test_records_are_those_that_beat_all_before(browser, sweep):
    for n, value in enumerate((0.5, 0.4, 0.6, 0.6, 0.9)):
        make.candidate(
            sweep, started_ms=START + n,
            points=[recording.Point("acc", value, START, 0)],
        )  # fmt: skip

    answer = browser.get(url(sweep, "charts/chart.json"), {"ch": "history!acc"}).json()

    assert [row[1] for row in answer["table"][0]["rows"]] == [
        "0.5000",
        "0.6000",
        "0.9000",
    ]
