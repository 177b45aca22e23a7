"""Comparing: the set in the address, whom it shows, what it costs."""

import json

import pytest

from tests import make
from tests.dashboard.compare_page import (
    PATH,
    compare,
    curve,
    differences,
    notices,
    numbers_of,
)
from tests.dashboard.figures import texts
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import lifecycle


class TestTheSet:
    def test_is_named_by_numbers_and_ranges(self, browser, sweep):
        a, b, c, d = make.candidates(sweep, 4)

        page = Page(browser.get(PATH, {"c": [f"{a.iid}-{c.iid}", str(d.iid)]}))

        assert page.root.one("h1").text == "Compare 4 candidates"
        assert page.title == "Compare 4 candidates · sweep · vision"

    def test_each_can_be_removed(self, browser, sweep):
        a, b, c = make.candidates(sweep, 3)
        page = compare(browser, a, b, c)

        fewer = Page(browser.get(PATH + page.link(f"Remove #{b.iid}")))

        chips = [chip.text for chip in fewer.root.all("span", class_="chip")]
        assert [chip.split()[0] for chip in chips] == [f"#{a.iid}", f"#{c.iid}"]

    def test_says_what_is_not_there_and_shows_the_rest(self, browser, vision, sweep):
        a, b, gone = make.candidates(sweep, 3)
        lifecycle.delete_candidate(gone)
        make.candidate(make.experiment(make.project("other")))

        response = browser.get(PATH, {"c": f"{numbers_of(a, b, gone)},4711,x"})

        assert response.status_code == 200
        assert notices(Page(response)) == [
            "“x” is no candidate's number.",
            f"Deleted, so left out: #{gone.iid}.",
            "Not in this project: #4711.",
        ]

    def test_takes_two_hundred(self, browser, sweep):
        made = make.candidates(sweep, 202)

        page = Page(browser.get(PATH, {"c": f"{made[0].iid}-{made[-1].iid}"}))

        assert page.root.one("h1").text == "Compare 200 candidates"
        assert "More than 200" in notices(page)[0]

    @pytest.mark.parametrize("many", [0, 1])
    def test_offers_recent_ones_where_there_are_too_few(self, browser, sweep, many):
        a, b = make.candidates(sweep, 2)

        response = browser.get(PATH, {"c": numbers_of(*[a][:many])})

        page = Page(response)
        assert response.status_code == 200
        offered = {
            box.attributes["value"] for box in page.root.all("input", type="checkbox")
        }
        assert offered == {str(x.iid) for x in [a, b][many:]}
        assert page.values("c")[:many] == [str(a.iid)][:many]

    def test_points_to_the_first_run_where_there_is_nothing(self, browser, vision):
        page = Page(browser.get(PATH))

        assert page.link("Log the first one") == "/p/vision/start/"

    def test_a_stranger_to_the_project_gets_404(self, browser):
        assert browser.get("/p/none/compare/?c=1,2").status_code == 404


def test_hostile_names_stay_text(browser, vision):
    sweep = make.experiment(vision, HOSTILE)
    made = []
    for number in range(2):
        candidate = make.candidate(
            sweep,
            name=HOSTILE,
            params={"<b>p</b>": HOSTILE + str(number)},
            tags={HOSTILE: str(number)},
            points=curve("loss", [1.0, 2.0 + number]),
        )
        candidate.metrics.update(key=HOSTILE)
        made.append(candidate)
    sweep.keys.filter(kind="m").update(key=HOSTILE)

    for tab in ("", "curves", "parallel", "scatter"):
        for more in ({}, {"table": "1"}, {"flip": "1"}):
            assert is_harmless(compare(browser, *made, tab=tab, **more))
    assert is_harmless(compare(browser, made[0]))
    for chart in ("lines", "parallel", "scatter"):
        answer = browser.get(
            PATH + "chart.json", {"c": numbers_of(*made), "chart": chart, "m": HOSTILE}
        )
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/json"
        assert not [
            t for t in texts(json.loads(answer.content)["figure"]) if "<img" in t
        ]


@pytest.mark.parametrize(
    "query",
    [
        {"tab": "nonsense"},
        {"b": "999"},
        {"m": "none"},
        {"m": "\0"},
        {"x": "q", "y": "q", "sm": "q"},
        {"axes": ["p:\0", "q", "p:"], "tab": "parallel"},
        {"sx": "\0", "sy": "m:\0", "sc": "::", "tab": "scatter"},
        {"f": "\0"},
        {"flip": "7", "diff": "7", "l": "x", "r": "x"},
    ],
)
def test_bad_queries_do_not_break_it(browser, sweep, query):
    made = make.candidates(sweep, 2, metrics={"acc": 1.0}, params={"lr": "1"})

    for path in (PATH, PATH + "chart.json"):
        response = browser.get(
            path, {"c": numbers_of(*made), "chart": "scatter", **query}
        )
        assert response.status_code in (200, 404 if path != PATH else 200)


@pytest.mark.parametrize("tab", ["", "curves", "parallel", "scatter"])
def test_bears_candidates_without_anything(browser, sweep, tab):
    made = make.candidates(sweep, 2)

    assert browser.get(PATH, {"c": numbers_of(*made), "tab": tab}).status_code == 200
    for chart in ("parallel", "scatter"):
        answer = browser.get(
            PATH + "chart.json", {"c": numbers_of(*made), "chart": chart}
        )
        assert answer.status_code in (200, 404)


def test_compares_across_experiments(browser, vision, sweep):
    a = make.candidate(sweep, metrics={"acc": 0.1})
    b = make.candidate(make.experiment(vision), metrics={"acc": 0.2})

    page = compare(browser, a, b)

    assert page.title == "Compare 2 candidates · vision"
    assert differences(page)["acc"][0] == "0.1000"


@pytest.mark.parametrize(
    "tab, most", [("", 14), ("curves", 7), ("parallel", 5), ("scatter", 8)]
)
def test_costs_the_same_for_three_or_thirty(
    browser, sweep, django_assert_max_num_queries, tab, most
):
    made = [
        make.candidate(
            sweep,
            params={"lr": str(n), "m": "ab"[n % 2]},
            points=curve("acc", [0.1, n / 40]),
        )
        for n in range(30)
    ]
    compare(browser, *made[:3])

    for some in (made[:3], made):
        with django_assert_max_num_queries(most):
            compare(browser, *some, tab=tab)


def test_needs_no_script_to_remove_add_or_choose(browser, sweep):
    made = make.candidates(sweep, 3, metrics={"acc": 1.0})

    page = compare(browser, *made[:2])

    # Every form is a plain GET with a button of its own.
    for form in page.main.all("form"):
        assert form.attributes.get("method", "get") == "get"
        assert form.all("button", type="submit") or form.all("input", type="search")
