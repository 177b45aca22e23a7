"""Comparing: the set in the address, what differs, the sentence, the charts."""

import json
import math

import pytest

from tests import make
from tests.dashboard.figures import texts, valid
from tests.dashboard.reading import HOSTILE, Element, Page, is_harmless
from tracker import lifecycle, recording
from tracker.models import Dataset, DatasetUse

START = 1_700_000_000_000
PATH = "/p/vision/compare/"


@pytest.fixture
def sweep(vision):
    return make.experiment(vision, "sweep")


def curve(key, values):
    return [
        recording.Point(key, value, START + 1000 * step, step)
        for step, value in enumerate(values)
    ]


def numbers_of(*candidates):
    return ",".join(str(candidate.iid) for candidate in candidates)


def compare(browser, *candidates, **query):
    return Page(browser.get(PATH, {"c": numbers_of(*candidates), **query}))


def differences(page):
    """Cells by key, without the strip."""
    found = {}
    for row in page.root.one("section", class_="diff").one("table").all("tr"):
        cells = [cell for cell in row.children if isinstance(cell, Element)]
        if cells and cells[0].attributes.get("scope") == "row":
            found[cells[0].text] = [cell.text for cell in cells[1:-1]]
    return found


def sentence(page):
    return page.root.all("p", class_="lede mt5")[0].text


def notices(page):
    return [p.text for p in page.main.all("p") if "notice" in p.classes]


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


class TestDifferences:
    def test_come_first_and_fold_what_is_equal(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "0.1", "epochs": "90"})
        b = make.candidate(sweep, params={"lr": "0.2", "epochs": "90"})

        page = compare(browser, a, b)

        assert differences(page)["lr"] == ["0.1", "0.2"]
        assert "epochs" not in differences(page)
        assert "1 equal row folded." in page.main.text
        everything = Page(browser.get(PATH + page.link("Show it")))
        assert differences(everything)["epochs"] == ["90", "90"]

    def test_give_deltas_to_the_baseline_and_name_the_best(self, browser, sweep):
        a = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9212]))
        b = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9312, 0.9]))
        c = make.candidate(sweep, points=curve("val/acc", [0.5, 0.9112]))

        page = compare(browser, a, b, c)

        assert differences(page)["val/acc max"] == [
            "0.9212",
            "best: 0.9312 +0.0100 better than the baseline",
            "0.9112 −0.0100 worse than the baseline",
        ]

    def test_a_loss_is_better_when_it_falls(self, browser, sweep):
        a = make.candidate(sweep, metrics={"loss": 0.5})
        b = make.candidate(sweep, metrics={"loss": 0.25})

        cells = differences(compare(browser, a, b))["loss"]

        assert cells == ["0.5000", "best: 0.2500 −0.2500 better than the baseline"]

    def test_judge_nothing_where_better_is_not_known(self, browser, sweep):
        a = make.candidate(sweep, metrics={"weight": 1.0})
        b = make.candidate(sweep, metrics={"weight": 2.5})

        assert differences(compare(browser, a, b))["weight"] == ["1", "2.500 +1.500"]

    def test_the_baseline_can_be_another_or_none(self, browser, sweep):
        a = make.candidate(sweep, metrics={"acc": 0.5})
        b = make.candidate(sweep, metrics={"acc": 0.75})

        other = differences(compare(browser, a, b, b=b.iid))["acc"]
        none = differences(compare(browser, a, b, b=0))["acc"]

        assert other[0].startswith("0.5000 −0.2500")
        assert none == ["0.5000", "best: 0.7500"]

    def test_say_what_was_never_logged(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "0.1"}, metrics={"acc": math.nan})
        b = make.candidate(sweep, metrics={"loss": 1.0})

        cells = differences(compare(browser, a, b))

        assert cells["lr"] == ["0.1", "– not logged"]
        assert cells["acc"] == ["NaN", "– not logged"]

    def test_tell_commits_and_data_apart(self, browser, sweep):
        a = make.candidate(sweep, tags={"mlflow.source.git.commit": "77ab0e1" * 5})
        b = make.candidate(sweep, tags={"mlflow.source.git.commit": "4f1c2ab" * 5})
        for candidate, digest in ((a, "91ac"), (b, "b20f")):
            dataset = Dataset.objects.create(
                experiment=sweep,
                name="labels",
                digest=digest,
                source_type="x",
                source="",
            )
            DatasetUse.objects.create(candidate=candidate, dataset=dataset)

        cells = differences(compare(browser, a, b))

        assert cells["commit"] == ["77ab0e17", "4f1c2ab4"]
        assert cells["data"] == ["labels 91ac", "labels b20f"]

    def test_turn_where_there_are_many(self, browser, sweep):
        made = [make.candidate(sweep, params={"lr": str(n)}) for n in range(9)]

        page = compare(browser, *made)
        turned_back = compare(browser, *made, flip="0")

        assert len(page.root.one("tbody").all("tr")) == 9
        assert page.headings[1] == "lr"
        assert differences(turned_back)["lr"] == [str(n) for n in range(9)]

    def test_are_filtered_by_name(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "1", "seed": "1"})
        b = make.candidate(sweep, params={"lr": "2", "seed": "2"})

        assert list(differences(compare(browser, a, b, f="SEE"))) == ["seed"]

    def test_fold_long_values(self, browser, sweep):
        a = make.candidate(sweep, params={"prompt": "a" * 500})
        b = make.candidate(sweep, params={"prompt": "b" * 500})

        page = compare(browser, a, b)

        assert [d.one("pre").text for d in page.root.all("details", class_="long")] == [
            "a" * 500,
            "b" * 500,
        ]

    def test_stay_within_bounds(self, browser, sweep):
        made = [
            make.candidate(sweep, params={f"p{n}": f"{n}{m}" for n in range(150)})
            for m in range(2)
        ]

        page = compare(browser, *made)

        assert len(differences(page)) == 100
        assert "50 more; filter by name to find them" in page.main.text


class TestTheSentence:
    def test_counts_what_differs_and_names_the_best(self, browser, sweep):
        a = make.candidate(
            sweep,
            params={"lr": "1", "m": "r50"},
            metrics={"val/acc": 0.9212},
            tags={"mlflow.source.git.commit": "a" * 40},
        )
        b = make.candidate(
            sweep,
            params={"lr": "2", "m": "r101"},
            metrics={"val/acc": 0.9312},
            tags={"mlflow.source.git.commit": "b" * 40},
        )

        assert sentence(compare(browser, a, b)) == (
            f"They differ in 2 parameters and the commit. #{b.iid} has the best val/acc,"
            " 0.0100 above the baseline ."
        )

    def test_knows_repeats(self, browser, sweep):
        a = make.candidate(sweep, params={"lr": "1", "seed": "1"})
        b = make.candidate(sweep, params={"lr": "1", "seed": "2"})

        assert sentence(compare(browser, a, b)) == (
            "They differ only in the seed: these are repeats."
        )

    def test_knows_twins(self, browser, sweep):
        a, b = make.candidates(sweep, 2, params={"lr": "1"})

        assert "the same parameters, code and data" in sentence(compare(browser, a, b))


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
        monkeypatch.setattr("dashboard.sweep.MAX_CANDIDATES", 5)
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
