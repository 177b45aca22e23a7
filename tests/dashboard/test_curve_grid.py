"""The Metrics tab as curves: pinned first, by prefix, each asked for when it is seen."""

import pytest

from dashboard.candidate import curve_grid
from dashboard.charts import pins
from tests import make
from tests.dashboard.candidate_page import curve, url
from tests.dashboard.reading import HOSTILE, Page, is_harmless


@pytest.fixture
def candidate(vision):
    points = [
        point
        for key in ("train/loss", "val/loss", "val/acc", "lr", HOSTILE)
        for point in curve(key, [0.5, 0.4])
    ]
    return make.candidate(
        make.experiment(vision, "sweep"), points=[*points, *curve("once", [1.0])]
    )


def grid(browser, candidate, **query):
    return Page(browser.get(url(candidate, "metrics/"), {"as": "grid", **query}))


def groups(page):
    return [
        (part.one("h3").text, [one.text for one in part.all("h4")])
        for part in page.root.all("details", class_="curves")
    ]


def test_shows_every_curve_by_its_prefix(browser, candidate):
    page = grid(browser, candidate)

    assert groups(page) == [
        ("without prefix", sorted(["lr", HOSTILE])),
        ("train/", ["train/loss"]),
        ("val/", ["val/acc", "val/loss"]),
    ]  # fmt: skip
    assert all(f.attributes["data-chart"] for f in page.root.all("figure"))
    assert page.root.all("svg", class_="still")
    assert "1 metric logged once is in the table" in page.main.text
    is_harmless(page)


def test_pins_come_first_here_and_on_the_charts_tab(browser, candidate):
    browser.post(url(candidate, "pin/"), {"m": "val/acc"})

    assert groups(grid(browser, candidate))[0] == ("Pinned", ["val/acc"])
    charts = Page(
        browser.get(f"/p/vision/experiments/{candidate.experiment.iid}/charts/")
    )
    first = charts.root.all("figure")[0]
    assert first.one("h2").text.startswith("val/acc")

    browser.post(url(candidate, "pin/"), {"m": "val/acc"})
    assert groups(grid(browser, candidate))[0][0] != "Pinned"


def test_pins_what_there_is_and_not_without_end(browser, candidate, monkeypatch):
    browser.post(url(candidate, "pin/"), {"m": "nothing"})
    assert pins.of(candidate.experiment) == []

    monkeypatch.setattr(pins, "MOST", 1)
    browser.post(url(candidate, "pin/"), {"m": "lr"})
    browser.post(url(candidate, "pin/"), {"m": "val/acc"})
    assert pins.of(candidate.experiment) == ["lr"]


@pytest.mark.parametrize("text", ["", "{", '"x"', "[1]", "null"])
def test_a_tag_that_is_no_list_pins_nothing(text):
    assert pins.read(text) == []


def test_is_filtered_and_says_what_it_leaves_out(browser, candidate, monkeypatch):
    monkeypatch.setattr(curve_grid, "MAX_CURVES", 1)

    page = grid(browser, candidate, f="loss")

    assert groups(page) == [("train/", ["train/loss"])]
    assert "1 more curves are not shown" in page.main.text
    assert "No curves among them" in grid(browser, candidate, f="once").main.text


def test_says_how_many_seeds_there_are(browser, vision):
    sweep = make.experiment(vision, "seeds")
    alike = [
        make.candidate(sweep, params={"lr": "1", "seed": str(n)}) for n in range(3)
    ]
    other = make.candidate(sweep, params={"lr": "2", "seed": "0"})

    page = Page(browser.get(url(alike[1])))

    assert page.link("one of 3 seeds").endswith(f"?c={alike[0].iid}-{alike[2].iid}")
    assert "one of" not in Page(browser.get(url(other))).main.all("header")[0].text


def test_costs_the_same_for_many(browser, vision, django_assert_max_num_queries):
    sweep = make.experiment(vision, "sweep")
    few, many = (
        make.candidate(
            sweep, points=[p for n in range(size) for p in curve(f"m{n}", [1, 2])]
        )
        for size in (2, 60)
    )

    for candidate in (few, many):
        with django_assert_max_num_queries(16):
            grid(browser, candidate)
