"""What MLflow keeps in its own ways: logged models, pictures over steps, figures."""

import io
import json

import pytest
from PIL import Image

from artifacts import ingest, inspection, paths
from tests import make
from tests.dashboard.candidate_page import url
from tests.dashboard.compare_page import compare
from tests.dashboard.reading import HOSTILE, Page, is_harmless
from tracker import lifecycle

MLMODEL = """\
flavors:
  python_function: {env: conda.yaml}
  sklearn: {code: null}
mlflow_version: 3.17.2
signature:
  inputs: '[{"name": "<b>a</b>", "type": "double", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
"""


pytestmark = pytest.mark.usefixtures("storage")


def put(owner, path, data):
    data = data if isinstance(data, bytes) else data.encode()
    kept = ingest.receive(paths.Place(owner, path), [data], size_bytes=len(data))
    inspection.inspect(inspection.claim(kept.pk))


def with_model(sweep, size="1"):
    candidate = make.candidate(sweep)
    model = make.logged_model(sweep, name="clf", source_run_id=candidate.eid)
    put(model, "MLmodel", MLMODEL)
    put(model, "input_example.json", "{}")
    put(model, "weights/size.txt", size)
    return candidate, model


def test_are_folders_among_the_files(browser, sweep):
    candidate, model = with_model(sweep)

    answer = browser.get(url(candidate, "artifacts/"))

    [link] = [
        one
        for one in Page(answer).main.all("a")
        if one.attributes["href"] == url(candidate, f"models/{model.eid}/")
    ]
    assert link.text.startswith("clf model, 3")


def test_say_what_they_take_give_and_how_to_load_them(browser, sweep):
    candidate, model = with_model(sweep)

    answer = browser.get(url(candidate, f"models/{model.eid}/"))
    page = Page(answer)

    panel = page.root.one("section", class_="model")
    assert "python_function" in panel.text
    assert "sklearn" in panel.text
    rows = [row.text for row in panel.one("tbody").all("tr")]
    assert rows == ["input <b>a</b> double optional", "output unnamed int64 [-1]"]
    assert f"models:/{model.eid}" in panel.text
    assert page.link("input_example.json").endswith(f"{model.eid}/input_example.json")
    is_harmless(page)


def test_files_are_shown_and_downloaded(browser, sweep):
    candidate, model = with_model(sweep, "77 trees")

    page = Page(browser.get(url(candidate, f"models/{model.eid}/weights/size.txt")))
    raw = browser.get(page.link("Download"))

    assert "77 trees" in page.main.text
    assert b"".join(raw.streaming_content) == b"77 trees"


def test_of_others_and_deleted_ones_are_not_there(browser, vision, sweep):
    candidate, model = with_model(sweep)
    _, other = with_model(sweep)

    for eid in (other.eid, "m-nothing", "m-%00"):
        for part in ("models/{}/", "models/{}/MLmodel", "raw-model/{}/MLmodel"):
            assert browser.get(url(candidate, part.format(eid))).status_code == 404

    lifecycle.delete_candidate(candidate)
    assert browser.get(url(candidate, f"models/{model.eid}/")).status_code == 410


def test_are_compared_by_name_and_path(browser, sweep):
    (a, _), (b, _) = with_model(sweep, "10\n"), with_model(sweep, "20\n")

    page = compare(browser, a, b, tab="artifacts", path="models:/clf/weights/size.txt")
    listed = compare(browser, a, b, tab="artifacts").main.text

    assert "models:/clf/weights/size.txt" in listed
    assert "10" in page.root.one("section", class_="file").text
    assert "20" in page.root.one("section", class_="file").text


def test_the_newest_of_a_name_is_compared(browser, sweep):
    (a, _), (b, _) = with_model(sweep, "old\n"), with_model(sweep, "else\n")
    newer = make.logged_model(sweep, name="clf", source_run_id=a.eid)
    put(newer, "weights/size.txt", "fresh\n")

    page = compare(browser, a, b, tab="artifacts", path="models:/clf/weights/size.txt")

    shown = page.root.one("section", class_="file").text
    assert "fresh" in shown
    assert "old" not in shown


def test_a_figure_is_data_for_our_own_plotly(browser, sweep):
    candidate = make.candidate(sweep)
    figure = {"data": [{"type": "scatter", "y": [1], "name": HOSTILE}], "layout": {}}
    put(candidate, "figure.json", json.dumps(figure))
    put(candidate, "plain.json", json.dumps({"data": [1], "layout": {}}))

    answer = browser.get(url(candidate, "artifacts/figure.json"))
    page = Page(answer)

    assert page.root.all("div", class_="figure")
    assert HOSTILE.encode() not in answer.content
    assert (
        "'unsafe-inline'" in answer["Content-Security-Policy"].partition("style-src")[2]
    )
    is_harmless(page)
    plain = browser.get(url(candidate, "artifacts/plain.json"))
    assert b"data-figure" not in plain.content
    assert "'unsafe-inline'" not in plain["Content-Security-Policy"]


def png(colour):
    out = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(out, "PNG")
    return out.getvalue()


def test_pictures_over_steps_are_one_path_and_are_compared_step_by_step(browser, sweep):
    a, b = make.candidates(sweep, 2)
    for candidate in (a, b):
        for step in (0, 10):
            put(
                candidate,
                f"images/val~mask+step+{step}+timestamp+{step}{candidate.iid}+ab.png",
                png((step, candidate.iid, 0)),
            )

    last = compare(browser, a, b, tab="artifacts", path="images:/val/mask")
    first = Page(browser.get("/p/vision/compare/" + last.link("Earlier")))

    listed = [one.text for one in last.root.one("nav", class_="filetree").all("li")]
    assert listed == ["images:/val/mask"]
    for page, step in ((last, 10), (first, 0)):
        sources = [
            one.attributes["src"]
            for one in page.root.one("section", class_="file").all("img")
        ]
        assert len(sources) == 2
        assert all(
            f"%2Bstep%2B{step}%2B" in s or f"+step+{step}+" in s for s in sources
        )


def test_a_picture_of_a_key_has_its_steps_beside_it(browser, sweep):
    candidate = make.candidate(sweep)
    for step in (0, 10, 20):
        put(candidate, f"images/m+step+{step}+timestamp+1{step}+ab.png", png("red"))

    page = Page(
        browser.get(url(candidate, "artifacts/images/m+step+10+timestamp+110+ab.png"))
    )

    slider = page.root.one("input", type="range")
    assert (slider.attributes["max"], slider.attributes["value"]) == ("2", "1")


def plotly_page(figure, rest=""):
    """As Plotly's `write_html` does, for a library that it would fetch."""
    parts = (
        json.dumps("some-id"),
        json.dumps(figure["data"]),
        json.dumps(figure["layout"]),
    )
    return (
        '<html><head></head><body><script src="https://cdn.plot.ly/plotly-3.js"></script>'
        f'<div id="some-id"></div><script>{rest} Plotly.newPlot( {", ".join(parts)},'
        ' {"responsive": true} )</script></body></html>'
    )


def drawn(answer):
    [data] = [
        one
        for one in Page(answer).root.all("script")
        if one.attributes.get("id") == "figure"
    ]
    return json.loads(data.exact)


@pytest.mark.parametrize("many", [1, 60_000], ids=["short", "long"])
def test_a_figure_in_a_page_is_drawn_without_running_it(browser, sweep, many):
    candidate = make.candidate(sweep)
    figure = {
        "data": [{"type": "scatter", "y": [1.25] * many}],
        "layout": {"title": {"text": "t"}},
    }
    put(candidate, "figure.html", plotly_page(figure, "Plotly.newPlot(x)"))

    answer = browser.get(url(candidate, "artifacts/figure.html"))

    assert drawn(answer) == figure
    assert not Page(answer).root.all("iframe")


def test_a_long_figure_is_drawn_whole(browser, sweep):
    candidate = make.candidate(sweep)
    figure = {"data": [{"type": "scatter", "y": [1.25] * 60_000}], "layout": {}}
    put(candidate, "figure.json", json.dumps(figure))

    assert drawn(browser.get(url(candidate, "artifacts/figure.json"))) == figure


def test_a_page_that_carries_plotly_itself_is_drawn_from_its_end(browser, sweep):
    candidate = make.candidate(sweep)
    figure = {"data": [{"type": "bar", "y": [1, 2]}], "layout": {}}
    library = f"/* plotly.js */ {'x' * 4_800_000}"
    put(candidate, "figure.html", plotly_page(figure, library))

    assert drawn(browser.get(url(candidate, "artifacts/figure.html"))) == figure


def test_a_figure_of_megabytes_is_drawn_when_asked_for(browser, sweep):
    candidate = make.candidate(sweep)
    figure = {"data": [{"type": "scatter", "y": [1.25] * 400_000}], "layout": {}}
    put(candidate, "figure.json", json.dumps(figure))

    address = url(candidate, "artifacts/figure.json")

    answer = browser.get(address)

    assert len(answer.content) < 100_000
    page = Page(answer)
    [ask] = [a for a in page.root.all("a") if a.text == "Draw it"]
    assert drawn(browser.get(f"{address}{ask.attributes['href']}")) == figure


# ---------------------------------------------------------------- Vega

VEGA_LITE = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "data": {"name": "rows"},
    "datasets": {
        "rows": [{"year": 1931, "yield": 27.0}, {"year": 1932, "site": "<b>"}]
    },
    "layer": [
        {
            "mark": {"type": "bar"},
            "encoding": {
                "x": {"field": "year"},
                "y": {"field": "yield", "aggregate": "mean"},
                "size": {"aggregate": "count"},
            },
        },
        {"mark": "rule", "encoding": {"y": {"datum": 3}}},
    ],
}


def altair_page(spec):
    return (
        "<!DOCTYPE html><html><head><script src='https://cdn.jsdelivr.net/npm/vega@5'>"
        "</script></head><body><div id='vis'></div><script>(function(vegaEmbed) {"
        f"var spec = {json.dumps(spec)};\n vegaEmbed('#vis', spec)"
        "})(vegaEmbed);</script></body></html>"
    )


@pytest.mark.parametrize(
    ("name", "written"),
    [("bars.vl.json", json.dumps), ("bars.html", altair_page)],
    ids=["json", "page"],
)
def test_a_vega_chart_shows_its_rows(browser, sweep, name, written):
    candidate = make.candidate(sweep)
    put(candidate, name, written(VEGA_LITE))

    page = Page(browser.get(url(candidate, f"artifacts/{name}")))

    table = page.main.one("table", class_="tbl sheet")
    assert [th.text for th in table.all("th")] == ["year", "yield", "site"]
    assert [td.text for td in table.all("td")] == [
        "1931",
        "27.0",
        "",
        "1932",
        "",
        "<b>",
    ]
    assert (
        "A Vega-Lite chart (bar: x year, y mean of yield, size count; rule)"
        in page.main.text
    )
    assert [a.text for a in page.root.all("a")].count("Source") == 1


@pytest.mark.parametrize(
    "spec",
    [
        {"data": {"url": "https://example.org/cars.json"}, "mark": "point"},
        {"data": [{"name": "t", "url": "x"}, 3, None], "marks": [{"type": "rect"}]},
        {"data": {"values": "a,b"}, "layer": [[], 1, {"layer": {"layer": [{}]}}]},
        {"data": {"values": []}, "encoding": 3, "mark": {"type": 1}},
    ],
)
def test_a_vega_chart_without_rows_says_so(browser, sweep, spec):
    candidate = make.candidate(sweep)
    schema = {"$schema": "https://vega.github.io/schema/vega/v5.json"}
    put(candidate, "chart.json", json.dumps(schema | spec))

    page = Page(browser.get(url(candidate, "artifacts/chart.json")))

    assert "A Vega chart" in page.main.text
    assert "Tracker does not draw" in page.main.text
    assert (
        "example.org" not in str(spec)
        or "https://example.org/cars.json" in page.main.text
    )


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize(
    "call",
    [
        "",
        "Plotly.newPlot(",
        'Plotly.newPlot("a", [1], {})',
        f"Plotly.newPlot({'[' * 9999}",
    ],
)
def test_a_page_without_a_figure_is_a_page(browser, sweep, call):
    candidate = make.candidate(sweep)
    put(candidate, "figure.html", f"<html><script>{call}</script></html>")

    page = Page(browser.get(url(candidate, "artifacts/figure.html")))

    assert page.root.all("iframe")


class TestSideBySide:
    """What can be looked at is set side by side in a comparison, and read as text too."""

    def look(self, browser, pair, path, **query):
        return compare(browser, *pair, tab="artifacts", path=path, **query)

    def test_pages_stand_in_frames(self, browser, sweep):
        pair = make.candidates(sweep, 2)
        for candidate in pair:
            put(
                candidate,
                "report.html",
                f"<html>{candidate.iid}<script>1</script></html>",
            )

        page = self.look(browser, pair, "report.html")

        frames = [one.attributes for one in page.root.all("iframe")]
        assert [one["sandbox"] for one in frames] == ["", ""]
        assert [one["src"] for one in frames] == [
            url(candidate, "raw/report.html?as=page") for candidate in pair
        ]
        text = self.look(browser, pair, "report.html", view="text")
        assert not text.root.all("iframe")
        assert text.root.all("table")

    def test_figures_are_drawn(self, browser, sweep):
        pair = make.candidates(sweep, 2)
        for candidate in pair:
            figure = {"data": [{"type": "bar", "y": [candidate.iid]}], "layout": {}}
            put(candidate, "bar.html", plotly_page(figure))

        page = self.look(browser, pair, "bar.html")

        assert not page.root.all("iframe")
        for candidate in pair:
            name = f"figure-{candidate.iid}"
            assert page.root.one("div", data_figure=name)
            assert f'"y": [{candidate.iid}]' in page.root.one("script", id=name).exact
