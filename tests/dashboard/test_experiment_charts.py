"""An experiment's Charts tab: what the address names is drawn, and says what it leaves out."""

import re
from itertools import product
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from django.conf import settings

from artifacts import ingest, paths
from dashboard.charts import pictures
from dashboard.charts.chart_specs import KINDS
from tests import make
from tests.dashboard.figures import numbers, texts, valid
from tests.dashboard.reading import HOSTILE, Page
from tracker import lifecycle, recording

START = 1_700_000_000_000
CSV = b"fpr,tpr\n0,0\n0.1,0.7\n1,1\n"


def put(candidate, path, data=CSV):
    ingest.receive(paths.Place(candidate, path), [data], size_bytes=len(data))


def curve(key, values):
    return [
        recording.Point(key, value, START + 1000 * n, n)
        for n, value in enumerate(values)
    ]


@pytest.fixture
def candidates(sweep):
    """Four configurations with three seeds each, and a single value beside the curves."""
    return [
        make.candidate(
            sweep,
            name=f"{model}-{lr}-{seed}",
            params={
                "lr": str(lr),
                "model": model,
                "seed": str(seed),
                "data_seed": str(n),
                "split_seed": str(7 * n % 18),
            },
            points=[
                *curve("val/acc", [0.1, 0.5 + seed / 10, 0.6 + seed / 10 + lr]),
                *curve("val/loss", [2.0, 1.0, 0.5]),
                *curve("size", [float(seed)]),
            ],
        )
        for n, (model, lr, seed) in enumerate(
            product(("r50", "r101"), (0.01, 0.1, 0.2), range(3))
        )
    ]


def url(experiment, part=""):
    return f"/p/{experiment.project.slug}/experiments/{experiment.iid}/charts/{part}"


def chart(browser, sweep, spec, **query):
    return browser.get(url(sweep, "chart.json"), {"ch": spec, **query}).json()


SPECS = {
    "line": "line!val/acc",
    "band": "band!val/acc",
    "env": "env!val/acc",
    "bar": "bar!val/acc",
    "box": "box!val/acc!model",
    "scatter": "scatter!p:lr!m:val/acc!p:model",
    "contour": "contour!data_seed!split_seed!val/acc",
    "heat": "heat!model!lr!val/acc",
    "parallel": "parallel!p:lr!p:model!m:val/acc",
    "history": "history!val/acc",
    "pareto": "pareto!val/acc!val/loss!size",
    "roc": "roc!eval/roc.csv",
    "pr": "pr!eval/pr.csv",
}


def test_every_kind_but_pictures_is_tested_below():
    assert {*SPECS, "images"} == set(KINDS)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
class TestEveryKind:
    @pytest.fixture(autouse=True)
    def files(self, storage, candidates):
        put(candidates[-1], "eval/roc.csv")
        put(candidates[-1], "eval/pr.csv", b"recall,precision\n0,1\n0.5,0.9\n1,0.4\n")

    def test_is_drawn_with_a_note_and_a_table(self, browser, sweep, spec):
        found = chart(browser, sweep, spec)

        assert "empty" not in found
        valid(found["figure"])
        assert found["notes"]
        assert any("candidate" in note or "group" in note or "curves" in note
                   for note in found["notes"])  # fmt: skip
        assert found["table"][0]["rows"]
        assert all(
            len(row) == len(table["columns"])
            for table in found["table"]
            for row in table["rows"]
        )

    def test_is_a_picture_without_a_script(self, browser, sweep, spec):
        for theme in ("light", "dark"):
            answer = browser.get(url(sweep, "chart.svg"), {"ch": spec, "theme": theme})

            assert answer["Content-Type"].startswith("image/svg+xml")
            root = ElementTree.fromstring(answer.content)
            shapes = [
                e.tag.rpartition("}")[2]
                for e in root.iter()
                if e.tag.endswith(("path", "rect", "circle"))
            ]
            assert len(shapes) > 2
            assert b"script" not in answer.content
            assert b"NaN" not in answer.content
            assert b"--" not in answer.content

    def test_is_numbers_as_csv(self, browser, sweep, spec):
        answer = browser.get(url(sweep, "chart.csv"), {"ch": spec})

        lines = answer.getvalue().decode().splitlines()
        assert len(lines) > 1
        assert answer["Content-Disposition"].startswith("attachment")

    def test_answers_304_to_who_has_it(self, browser, sweep, spec):
        first = browser.get(url(sweep, "chart.json"), {"ch": spec})

        again = browser.get(
            url(sweep, "chart.json"),
            {"ch": spec},
            headers={"If-None-Match": first["ETag"]},
        )

        assert again.status_code == 304


def test_a_surface_over_few_values_is_a_table_of_means(browser, sweep, candidates):
    found = chart(browser, sweep, "contour!lr!data_seed!val/acc")

    (cells,) = found["figure"]["data"]
    assert cells["type"] == "heatmap"
    assert cells["x"] == ["0.01", "0.1", "0.2"]
    assert [cells["y"][0], cells["y"][-1]] == ["0 to 2.12", "14.9 to 17"]
    assert sum(map(sum, cells["customdata"])) == len(candidates)
    assert "a surface needs 5 values of lr" in found["notes"]


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_kind_without_data_says_what_is_missing(browser, sweep, spec):
    make.candidate(sweep, params={"a": "b"})

    for part in ("chart.json", "chart.svg", "chart.csv"):
        assert browser.get(url(sweep, part), {"ch": spec}).status_code == 200

    found = chart(browser, sweep, spec)
    assert len(found["empty"]) > 20
    assert found["empty"].endswith(".")


def test_the_mean_of_a_group_does_not_move_when_others_are_hidden(
    browser, sweep, candidates
):
    def mean(**query):
        figure = chart(browser, sweep, "band!val/acc", group="p:model", **query)
        lines = [t for t in figure["figure"]["data"] if t["hoverinfo"] == "none"]
        return [numbers(line["y"]) for line in lines]

    assert mean() == mean(hide="1,2,3") == mean(show="10") == mean(show="200")


@pytest.mark.parametrize("kind", ["band", "env"])
def test_what_is_drawn_of_many_lies_over_their_steps(browser, sweep, candidates, kind):
    found = chart(browser, sweep, f"{kind}!val/acc")

    places = {x for trace in found["figure"]["data"] for x in numbers(trace["x"])}
    assert (min(places), max(places)) == (0, 2)


def test_groups_are_configurations_without_their_seeds(browser, sweep, candidates):
    found = chart(browser, sweep, "band!val/acc")

    names = [entry["name"] for entry in found["legend"]]
    assert len(names) == 6
    assert all(name.endswith("(n=3)") for name in names)
    assert not any("seed" in name for name in names)


def test_draws_the_first_by_the_sort_and_says_so(browser, sweep, candidates):
    found = chart(browser, sweep, "line!val/acc", sort="-m:val/acc.max")

    assert len(found["legend"]) == 10
    assert found["notes"][0] == "10 of 18 candidates"


def test_draws_only_what_matches(browser, sweep, candidates):
    found = chart(browser, sweep, "box!val/acc!model", q='params.model = "r50"')

    assert [row[0] for row in found["table"][0]["rows"]] == ["r50"]


def test_ranks_by_correlation_with_ties(browser, sweep):
    # Spearman's rho of these by hand: ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4.
    for x, y in ((1, 1.0), (2, 3.0), (2, 2.0), (3, 4.0)):
        make.candidate(sweep, params={"x": str(x)}, metrics={"y": y})

    notes = chart(browser, sweep, "scatter!p:x!m:y")["notes"]

    assert any("0.95, n=4" in note for note in notes)


class TestThePage:
    def test_opens_with_at_most_six_charts(self, browser, sweep):
        make.candidate(
            sweep, points=[p for n in range(40) for p in curve(f"m{n}/loss", [1, 2])]
        )

        page = Page(browser.get(url(sweep)))

        assert len(page.root.all("figure")) == 6
        assert len(page.root.one("nav", aria_label="Other metrics").all("a")) == 34

    def test_shows_the_charts_of_the_address_in_their_order(
        self, browser, sweep, candidates
    ):
        page = Page(
            browser.get(url(sweep), {"ch": ["box!val/acc!model", "line!val/loss!log"]})
        )

        titles = [figure.one("h2").text for figure in page.root.all("figure")]
        assert titles[0].startswith("val/acc by model")
        assert titles[1].startswith("val/loss")

    def test_says_what_it_cannot_draw(self, browser, sweep, candidates):
        page = Page(browser.get(url(sweep), {"ch": "pie!a", "show": "many", "x": "y"}))

        assert "“pie” is no kind of chart" in page.main.text
        assert "“show=many”" in page.main.text
        assert page.root.all("figure")

    def test_adds_a_chart_by_a_plain_form(self, browser, sweep, candidates):
        answer = browser.get(
            url(sweep),
            {"ch": "line!val/acc", "kind": "box", "field": ["val/acc", "model"],
             "add": "1"},
        )  # fmt: skip

        assert answer.status_code == 302
        page = Page(browser.get(answer["Location"]))
        assert len(page.root.all("figure")) == 2

    @pytest.mark.parametrize("kind", KINDS)
    def test_offers_the_fields_of_each_kind(self, browser, sweep, candidates, kind):
        page = Page(browser.get(url(sweep), {"new": kind}))

        form = next(
            f for f in page.root.all("form") if "data-add-chart" in f.attributes
        )
        named = [e for e in form.all("select") + form.all("input")
                 if e.attributes.get("name") == "field"]  # fmt: skip
        assert len(named) == len(KINDS[kind].fields)
        chosen = [
            option.attributes["value"]
            for select in form.all("select", name="field")
            for option in select.all("option")
            if "selected" in option.attributes
        ]
        assert len(set(chosen)) == len(chosen)
        if kind == "scatter":
            assert [address[:2] for address in chosen] == ["p:", "m:"]

    def test_tells_the_candidates_apart_beside_the_charts(
        self, browser, sweep, candidates
    ):
        listed, chosen = (
            Page(browser.get(url(sweep), query)).root.one(
                "aside", aria_label="Candidates drawn"
            )
            for query in ({}, {"cols": "m:val/loss.min,p:model,a:start"})
        )

        assert "val/acc max" in listed.text
        assert all(li.one("output").text for li in listed.all("li"))
        assert "val/loss min" in chosen.text
        assert "model" in chosen.all("li")[0].one("p", class_="facts").text

    def test_finds_metrics_by_name(self, browser, sweep, candidates):
        page = Page(browser.get(url(sweep), {"f": "val*los", "ch": "line!size"}))

        assert [f.one("h2").text.split()[0] for f in page.root.all("figure")] == [
            "size",
            "val/loss",
        ]

    def test_lists_who_is_drawn(self, browser, sweep, candidates):
        page = Page(browser.get(url(sweep), {"hide": str(candidates[-1].iid)}))

        listed = page.root.one("aside", aria_label="Candidates drawn").all("li")
        assert len(listed) == 10
        assert listed[0].one("button").attributes["aria-pressed"] == "false"

    def test_of_none_says_how_to_begin(self, browser, sweep):
        assert "No candidates yet" in Page(browser.get(url(sweep))).main.text

    def test_hostile_names_stay_text(self, browser, sweep):
        make.candidate(
            sweep,
            name=HOSTILE,
            params={HOSTILE: HOSTILE, "b": "1"},
            points=curve(HOSTILE, [1.0, 2.0]),
        )
        make.candidate(
            sweep, params={HOSTILE: "x", "b": "2"}, points=curve(HOSTILE, [1])
        )

        html = browser.get(url(sweep), {"q": HOSTILE, "f": HOSTILE, "open": HOSTILE})
        assert "<img src=x" not in html.content.decode()
        for spec in (f"box!{HOSTILE}!{HOSTILE}", f"bar!{HOSTILE}", f"band!{HOSTILE}",
                     f"scatter!p:{HOSTILE}!m:{HOSTILE}"):  # fmt: skip
            found = chart(browser, sweep, spec)
            assert not any("<img" in text for text in texts(found["figure"]))
            svg = browser.get(url(sweep, "chart.svg"), {"ch": spec}).content.decode()
            assert "<img" not in svg

    def test_costs_the_same_for_many(
        self, browser, sweep, django_assert_max_num_queries
    ):
        make.candidates(sweep, 2, points=curve("val/loss", [1, 2]))
        with django_assert_max_num_queries(16):
            browser.get(url(sweep))

        make.candidates(sweep, 30, points=curve("val/loss", [1, 2]))
        for show in ("10", "50", "all"):
            with django_assert_max_num_queries(16):
                browser.get(url(sweep), {"show": show})

    @pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
    def test_a_chart_costs_the_same_for_many(
        self, browser, sweep, django_assert_max_num_queries, spec
    ):
        for _ in range(2):
            make.candidates(sweep, 15, params={"lr": "1", "model": "a", "seed": "1"},
                            points=curve("val/acc", [1, 2]))  # fmt: skip
            with django_assert_max_num_queries(14):
                chart(browser, sweep, spec, show="50")


def changed(experiment):
    return f"/p/{experiment.project.slug}/experiments/{experiment.iid}/changed/"


class TestFollowing:
    """While candidates run, an open page asks whether anything is new."""

    def mark(self, browser, sweep, query=""):
        page = Page(browser.get(url(sweep, query)))
        return page.root.one("div", data_follow=changed(sweep)).attributes

    def asked(self, browser, sweep, version):
        return browser.get(changed(sweep), {"since": version}).status_code

    def test_nothing_comes_until_something_is_new(self, browser, sweep, candidates):
        version = self.mark(browser, sweep)["data-version"]
        before = self.asked(browser, sweep, version)

        recording.log_batch(candidates[0], metrics=curve("val/acc", [0.1, 0.2]))
        make.candidate(sweep)

        assert (before, self.asked(browser, sweep, version)) == (204, 200)

    def test_is_quick_while_something_runs_and_rests_when_asked(
        self, browser, sweep, candidates
    ):
        assert "data-live" in self.mark(browser, sweep)
        page = Page(browser.get(url(sweep, "?x=time")))

        assert page.link("Pause") == "?x=time&live=0"
        assert "data-paused" in self.mark(browser, sweep, "?live=0")

    def test_ends_with_the_experiment(self, browser, sweep, candidates):
        lifecycle.delete_experiment(sweep)

        assert self.asked(browser, sweep, "") == 410


class TestPictures:
    def test_logged_images_are_shown_step_by_step(
        self, browser, sweep, candidates, storage
    ):
        for candidate, step in (
            (candidates[-1], 0),
            (candidates[-1], 9),
            (candidates[-2], 5),
        ):
            image(candidate, step)

        page = Page(browser.get(url(sweep), {"ch": "images!val/seen", "step": "6"}))

        shown = page.root.one("section", class_="chart images wide")
        assert "at step 5" in shown.one("h2").text
        assert len(shown.all("img")) == 2
        assert "step 0" in shown.text  # of the one that has none at 5
        assert "8 without it" in shown.text
        assert page.link("Later").startswith("?ch=images")

    def test_a_file_of_each_candidate(self, browser, sweep, candidates, storage):
        png(candidates[-1], "plots/cm.png")

        page = Page(browser.get(url(sweep), {"ch": "images!plots/cm.png"}))

        assert "1 candidate, 9 without it" in page.main.text

    def test_of_nobody_says_so(self, browser, sweep, candidates):
        page = Page(browser.get(url(sweep), {"ch": "images!nothing"}))

        assert "None of these candidates has a picture" in page.main.text


def image(candidate, step):
    name = f"val~seen+step+{step}+timestamp+{step}+0a1b.png"
    png(candidate, f"images/{name}")


def png(candidate, path):
    import io

    from PIL import Image

    from artifacts import inspection

    data = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(data, "PNG")
    kept = ingest.receive(
        paths.Place(candidate, path), [data.getvalue()], size_bytes=len(data.getvalue())
    )
    inspection.inspect(inspection.claim(kept.pk))


def test_the_colours_of_pictures_are_those_of_the_pages():
    css = Path(settings.BASE_DIR, "static/css/tokens.css").read_text()
    said = dict(
        re.findall(r"(--[a-z0-9-]+): light-dark\((#[0-9a-f]+), #[0-9a-f]+\)", css)
    )
    dark = dict(
        re.findall(r"(--[a-z0-9-]+): light-dark\(#[0-9a-f]+, (#[0-9a-f]+)\)", css)
    )

    assert {k: v[0] for k, v in pictures.TOKENS.items()} == {
        k: said[k] for k in pictures.TOKENS
    }
    assert {k: v[1] for k, v in pictures.TOKENS.items()} == {
        k: dark[k] for k in pictures.TOKENS
    }


def test_a_page_of_groups_opens_with_their_means(browser, sweep, candidates):
    page = Page(browser.get(url(sweep), {"group": "p:model"}))

    specs = [
        parse_qs(urlsplit(each.attributes["data-chart"]).query)["ch"][0]
        for each in page.main.all("figure")
        if "data-chart" in each.attributes
    ]
    assert specs
    assert all(spec.startswith("band!") for spec in specs)
    links = [a.attributes["href"] for a in page.main.all("a") if a.text == "Charts"]
    assert links[0].endswith("?group=p%3Amodel")


def test_groups_by_a_tag_have_its_values(browser, sweep):
    for n, team in enumerate(("red", "red", "blue")):
        points = [recording.Point("acc", n + s, 1000 + s, s) for s in range(3)]
        make.candidate(sweep, points=points, tags={"team": team})

    found = chart(browser, sweep, "band!acc", group="t:team")

    names = [entry["name"] for entry in found["legend"]]
    assert names == ["team red (n=2)", "team blue (n=1)"]
