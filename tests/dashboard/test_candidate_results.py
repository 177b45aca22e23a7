"""What a candidate reached: its place among all, against the baseline, how far it is."""

import pytest

from tests import make
from tests.dashboard.candidate_page import START, curve, facts, url
from tests.dashboard.reading import Page
from tracker import lifecycle


def test_puts_the_primary_metric_first_with_its_rank(browser, sweep):
    for best in (0.7, 0.95, 0.8):
        make.candidate(sweep, points=curve("val/acc", [0.1, best]))
    candidate = make.candidate(
        sweep, points=curve("val/acc", [0.5, 0.9, 0.85]) + curve("lr", [0.1, 0.2])
    )

    page = Page(browser.get(url(candidate)))

    first = page.root.one("section", aria_label="Key results").all("div")[0]
    assert first.one("h2").text == "val/acc max at step 10"
    assert "0.9000" in first.text
    assert "rank 2 of 4" in first.text
    rug = first.all("svg", role="img")[0]
    assert "this one has 0.9000" in rug.attributes["aria-label"]


def test_ranks_a_loss_from_below(browser, sweep):
    make.candidate(sweep, points=curve("loss", [3.0, 0.1]))
    candidate = make.candidate(sweep, points=curve("loss", [3.0, 0.2]))

    text = Page(browser.get(url(candidate))).main.text

    assert "loss min at step 10" in text
    assert "rank 2 of 2" in text


def test_ranks_nothing_where_better_is_not_known(browser, sweep):
    make.candidates(sweep, 2, metrics={"weight": 1.0})
    candidate = make.candidate(sweep, name="plain", metrics={"weight": 2.0})

    assert "rank" not in Page(browser.get(url(candidate))).main.text


def test_ranks_among_all_not_only_the_newest(browser, sweep, monkeypatch):
    monkeypatch.setattr("dashboard.candidate.results.MAX_COMPARED", 2)
    first = make.candidate(sweep, metrics={"acc": 0.5})
    for value in (0.6, 0.7, 0.4, 0.3):
        make.candidate(sweep, metrics={"acc": value})

    assert "rank 3 of 5" in Page(browser.get(url(first))).main.text


def test_ranks_among_the_newest_where_counting_would_take_long(
    browser, sweep, monkeypatch
):
    monkeypatch.setattr("dashboard.candidate.results.MAX_COMPARED", 3)
    monkeypatch.setattr("dashboard.candidate.results.MAX_RANKED", -1)
    make.candidate(sweep, metrics={"acc": 0.9}, started_ms=START - 5)
    first = make.candidate(sweep, metrics={"acc": 0.5}, started_ms=START)
    for n, value in enumerate((0.6, 0.4)):
        make.candidate(sweep, metrics={"acc": value}, started_ms=START + n)

    text = Page(browser.get(url(first))).main.text

    assert "rank 2 of the newest 3" in text


class TestBaseline:
    @pytest.fixture
    def base(self, sweep):
        return make.candidate(
            sweep,
            params={"lr": "0.1", "depth": "50"},
            points=curve("val/acc", [0.5, 0.8]),
        )

    def test_measures_results_and_parameters_against_it(self, browser, sweep, base):
        better = make.candidate(
            sweep,
            params={"lr": "0.2", "depth": "50", "mixup": "1"},
            points=curve("val/acc", [0.5, 0.9]),
        )
        browser.post(url(base, "baseline/"))

        page = Page(browser.get(url(better)))

        first = page.root.one("section", aria_label="Key results").all("div")[0]
        assert "+0.1000 better than the baseline" in first.text
        assert first.all("line", class_="b")
        assert facts(page)["lr"] == "0.2 baseline: 0.1"
        assert facts(page)["mixup"] == "1 not in the baseline"
        assert facts(page)["depth"] == "50"

    def test_shows_only_what_differs(self, browser, sweep, base):
        other = make.candidate(sweep, params={"lr": "0.2", "depth": "50"})
        browser.post(url(base, "baseline/"))

        page = Page(browser.get(url(other), {"diff": "1"}))

        assert "lr" in facts(page)
        assert "depth" not in facts(page)

    def test_draws_its_curve_in_grey_behind(self, browser, sweep, base):
        other = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9]))
        browser.post(url(base, "baseline/"))

        figure = browser.get(url(other, "chart.json"), {"m": "val/acc"}).json()

        assert [entry["is_baseline"] for entry in figure["legend"]] == [False, True]
        colours = [t["line"]["color"] for t in figure["figure"]["data"] if "line" in t]
        assert "--line-strong" in colours

    def test_is_given_up_again(self, browser, sweep, base):
        browser.post(url(base, "baseline/"))
        assert "No longer the baseline" in browser.get(url(base)).content.decode()

        browser.post(url(base, "baseline/"), {"none": "1"})

        assert not sweep.tags.filter(key="tracker.baseline").exists()

    @pytest.mark.parametrize("text", ["", "x", "0", "99", "9" * 30, "#", "-1", "١"])
    def test_a_tag_that_names_nobody_is_no_baseline(self, browser, sweep, base, text):
        lifecycle.set_experiment_tag(sweep, "tracker.baseline", text)

        assert browser.get(url(base)).status_code == 200

    def test_a_deleted_one_is_none(self, browser, sweep, base):
        other = make.candidate(sweep, params={"lr": "0.2"})
        browser.post(url(base, "baseline/"))
        lifecycle.delete_candidate(base)

        assert facts(Page(browser.get(url(other))))["lr"] == "0.2"


class TestProgress:
    def test_says_how_far_it_is(self, browser, sweep):
        running = make.candidate(
            sweep, params={"total_steps": "400"}, points=curve("loss", [2.0] * 11)
        )

        page = Page(browser.get(url(running)))

        assert "at step 100 of 400" in page.main.text
        assert page.root.one("progress").attributes["value"] == "25"

    def test_offers_to_log_a_total(self, browser, sweep):
        running = make.candidate(sweep, points=curve("loss", [2.0, 1.0]))

        page = Page(browser.get(url(running)))

        assert "at step 10." in page.main.text
        assert page.link("Log a total") == "/p/vision/recipe/#progress"

    @pytest.mark.parametrize("total", ["5", "-1", "many", "1e9", "9" * 40, ""])
    def test_believes_no_total_that_the_steps_contradict(self, browser, sweep, total):
        running = make.candidate(
            sweep, params={"epochs": total}, points=curve("loss", [2.0, 1.0])
        )

        assert not Page(browser.get(url(running))).root.all("progress")
