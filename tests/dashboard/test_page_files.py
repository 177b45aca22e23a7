"""What pages show in tables, as CSV and JSON with the address of the page."""

import json

import pytest

from artifacts import ingest
from artifacts.paths import Place
from tests import make
from tests.dashboard.reading import Page, file_link, lines
from tracker import inputs, lifecycle, recording, registry


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


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_search_lists_its_trials(browser, sweep, form):
    parent = make.candidate(sweep, name="study")
    for n in (1, 2):
        make.candidate(
            sweep,
            name=f"trial{n}",
            tags={"mlflow.parentRunId": parent.eid},
            params={"lr": f"0.{n}"},
            metrics={"val/acc": n / 4},
        )
    url = f"/p/vision/experiments/{sweep.iid}/sweep"

    rows = lines(browser.get(file_link(browser, f"{url}/?parent={parent.iid}", form)))

    assert {row["name"]: (row["m:val/acc"], row["p:lr"]) for row in rows} == {
        "trial1": plainly(form, 0.25, 0.1),
        "trial2": plainly(form, 0.5, 0.2),
    }
    assert len(lines(browser.get(f"{url}.{form}?parent=all"))) == 3


def plainly(form, *values):
    """CSV knows no numbers."""
    return tuple(map(repr, values)) if form == "csv" else values


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_tabs_of_a_candidate_are_files(browser, sweep, form):
    one = make.candidate(
        sweep,
        metrics={"system/cpu_utilization_percentage": 12.5, "acc": 0.5},
        tags={"mlflow.source.git.commit": "77ab0e1", "host": "=gpu-07"},
    )
    url = f"/p/vision/c/{one.iid}"

    [use] = lines(browser.get(file_link(browser, f"{url}/system/", form)))
    facts = lines(browser.get(file_link(browser, f"{url}/code/", form)))

    assert use["metric"] == "cpu_utilization_percentage"
    assert float(use["mean"]) == 12.5
    known = {(row["kind"], row["key"]): row["value"] for row in facts}
    assert "77ab0e1" in known["code", "Commit"]
    assert known["reproduce", "No seed"] == "no"


def test_metrics_are_summed_up_in_json(browser, sweep):
    points = [recording.Point("acc", n / 4, 1000 + n, n) for n in range(3)]
    one = make.candidate(sweep, points=points, metrics={"loss": 1.0})
    url = f"/p/vision/c/{one.iid}/metrics.json"

    both, [acc] = lines(browser.get(url)), lines(browser.get(f"{url}?f=AC"))

    assert [row["key"] for row in both] == ["acc", "loss"]
    assert (acc["first"], acc["last"], acc["max_step"], acc["count"]) == (0, 0.5, 2, 3)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_columns_of_a_dataset_are_a_file(browser, sweep, form):
    one = make.candidate(sweep)
    schema = {"mlflow_colspec": [{"name": "age", "type": "long", "required": True}]}
    read = inputs.DatasetInput(
        "people", "d1", "local", "a.csv", schema=json.dumps(schema)
    )
    inputs.log_inputs(one, datasets=[read])
    url = f"/p/vision/c/{one.iid}/data/1/"

    [column] = lines(browser.get(file_link(browser, url, form)))

    assert (column["name"], column["type"]) == ("age", "long")
    assert browser.get(f"/p/vision/c/{one.iid}/data/2.{form}").status_code == 404


@pytest.mark.parametrize("form", ["csv", "json"])
def test_members_are_a_file(browser, reader, vision, form):
    url = "/p/vision/settings/members"

    rows = lines(browser.get(file_link(browser, f"{url}/", form)))

    assert {row["name"]: row["role"] for row in rows}[reader.username] == "Reader"


def test_the_start_page_is_json(browser, sweep):
    one = make.candidate(sweep, name="first", metrics={"acc": 0.5})
    make.finish(one)

    told = browser.get(file_link(browser, "/", "json")).json()

    assert [each["number"] for each in told["recent"]] == [one.iid]
    assert told["recent"][0]["project"] == "vision"
    assert "vision" in [each["slug"] for each in told["projects"]]


def test_a_version_of_a_model_is_json(browser, vision, sweep):
    one = make.candidate(sweep, metrics={"acc": 0.5}, params={"lr": "0.1"})
    model = make.registered_model(vision, "eyes")
    version = make.version(model, f"runs:/{one.eid}/model", run_id=one.eid)
    registry.set_alias(version, "best")

    told = browser.get(file_link(browser, "/p/vision/models/eyes/1/", "json")).json()

    assert (told["model"], told["version"], told["aliases"]) == ("eyes", 1, ["best"])
    assert told["candidate"] == one.iid
    assert (told["metrics"], told["params"]) == ({"acc": 0.5}, {"lr": "0.1"})


def test_the_overview_of_a_project_is_json(browser, vision, sweep):
    one = make.candidate(sweep, name="first", metrics={"acc": 0.5})

    told = browser.get("/p/vision.json").json()

    assert [each["number"] for each in told["recent"]] == [one.iid]
    assert told["recent"][0]["value"] == 0.5
    assert told["experiments"][0]["name"] == "sweep"


def test_a_project_called_like_a_file_keeps_its_address(browser, owner, vision):
    lifecycle.create_project("vision.json", owner=owner, name="Odd")

    answer = browser.get("/p/vision.json")

    assert "Odd" in answer.content.decode()
