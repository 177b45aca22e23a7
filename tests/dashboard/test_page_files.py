"""What pages show in tables, as CSV and JSON with the address of the page."""

import csv
import io
import json

import pytest

from artifacts import ingest
from artifacts.paths import Place
from tests import make
from tests.dashboard.reading import Page
from tracker import registry


def lines(answer):
    assert answer.status_code == 200, answer
    text = b"".join(answer.streaming_content).decode()
    if answer["Content-Type"] == "application/json":
        return json.loads(text)
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_leaderboard_is_what_the_page_shows(browser, sweep, form):
    for lr, values in (("0.1", (0.90, 0.91, 0.92)), ("0.2", (0.80, 0.81, 0.82))):
        for seed, value in enumerate(values):
            make.candidate(
                sweep, params={"lr": lr, "seed": str(seed)}, metrics={"acc": value}
            )
    url = f"/p/vision/experiments/{sweep.iid}/insights"

    page = Page(browser.get(f"{url}/"))
    links = [a.attributes["href"] for a in page.main.all("a")]
    [link] = [one for one in links if one.endswith(f"insights.{form}")]
    rows = lines(browser.get(link))
    some = lines(browser.get(f"{url}.{form}", {"q": "p:lr = 0.2"}))

    assert [row["configuration"] for row in rows] == ["lr 0.1", "lr 0.2"]
    assert [float(row["mean"]) for row in rows] == pytest.approx([0.91, 0.81])
    assert [row["verdict"].partition(" ")[0] for row in rows] == ["leader", "worse"]
    assert rows[0]["candidates"] == "1 2 3"
    assert [row["place"] for row in some] == ["1"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_changed_is_a_file_too(browser, sweep, form):
    a = make.candidate(sweep, params={"lr": "0.1"}, metrics={"acc": 0.5})
    b = make.candidate(sweep, params={"lr": "=1+1"}, metrics={"acc": 0.75})

    rows = lines(browser.get(f"/p/vision/explain.{form}?a={a.iid}&b={b.iid}"))

    found = {(row["kind"], row["key"]): (row["before"], row["after"]) for row in rows}
    guarded = "'=1+1" if form == "csv" else "=1+1"
    assert found[("Metrics", "acc")] == ("0.5000", "0.7500")
    assert found[("Parameters", "lr")] == ("0.1", guarded)


def test_one_candidate_leads_to_choosing_the_other(browser, sweep):
    a = make.candidate(sweep)

    answer = browser.get(f"/p/vision/explain.csv?a={a.iid}&b=999")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/p/vision/compare/?c=1")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_files_are_listed_with_their_folders(browser, sweep, storage, form):
    one = make.candidate(sweep)
    for path in ("plots/a.png", "b.txt"):
        ingest.receive(Place(one, path), [b"hello"], size_bytes=5)
    url = f"/p/vision/c/{one.iid}/artifacts.{form}"

    rows, some = lines(browser.get(url)), lines(browser.get(f"{url}?f=.png"))

    assert [row["path"] for row in rows] == ["b.txt", "plots/a.png"]
    assert str(rows[0]["size_bytes"]) == "5"
    assert [row["path"] for row in some] == ["plots/a.png"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_versions_of_a_model_name_their_aliases(browser, vision, sweep, form):
    one = make.candidate(sweep)
    model = make.registered_model(vision, "detector")
    _, newest = (make.version(model, run_id=one.eid) for _ in range(2))
    registry.set_alias(newest, "champion")

    rows = lines(browser.get(f"/p/vision/models/detector/versions.{form}"))

    assert [(str(row["version"]), row["aliases"]) for row in rows] == [
        ("2", "champion"),
        ("1", ""),
    ]
    assert str(rows[0]["candidate"]) == str(one.iid)


def test_models_are_a_table_as_well(browser, vision):
    model = make.registered_model(vision, "=cmd()")
    registry.set_alias(make.version(model), "champion")

    [row] = lines(browser.get("/p/vision/models.csv"))

    assert (row["name"], row["versions"], row["aliases"]) == (
        "'=cmd()",
        "1",
        "champion=1",
    )
