"""Checks of the whole that a page can answer; docs/CONTRIBUTING.md lists them all."""

import json
import re

import pytest

from artifacts import ingest
from artifacts.paths import Place
from tests import make
from tests.dashboard.reading import Page
from tracker import recording

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


def put(candidate, path, data=b"weights"):
    ingest.receive(Place(candidate, path), [data], size_bytes=len(data))


# ---------------------------------------------------------------- moved, and still found


def test_a_moved_candidate_is_found_at_all_its_old_addresses(
    browser, api, vision, sweep, storage
):
    one = make.candidate(sweep, name="first", metrics={"acc": 0.5})
    put(one, "model/MLmodel", b"flavors: {}\n")
    make.version(
        make.registered_model(vision, "net"), f"runs:/{one.eid}/model", run_id=one.eid
    )
    other = make.experiment(vision, "other")
    address = f"/p/vision/c/{one.iid}/"

    browser.post(f"{address}move/", {"to": other.iid})

    one.refresh_from_db()
    assert one.experiment == other
    for old in (
        f"/r/{one.eid}/",
        f"/p/vision/-/ml/experiments/{sweep.iid}",
        address,
        f"{address}artifacts/model/MLmodel",
    ):
        answer = browser.get(old, follow=True)
        assert answer.status_code == 200, old
    assert "first" in browser.get(f"/r/{one.eid}/", follow=True).content.decode()
    version = Page(browser.get("/p/vision/models/net/1/"))
    assert address in [link.attributes["href"] for link in version.root.all("a")]


# ---------------------------------------------------------------- hostile names


def test_a_metric_with_markup_and_a_file_like_a_formula_do_no_harm(
    browser, sweep, url, storage
):
    one = make.candidate(
        sweep,
        name="=cmd()",
        points=[recording.Point(HOSTILE, n / 2, 1000 + n, n) for n in range(3)],
    )
    put(one, "=cmd()", b"a")

    for page in (
        url,
        f"{url}charts/",
        f"/p/vision/c/{one.iid}/",
        f"/p/vision/c/{one.iid}/metrics/",
        f"/p/vision/c/{one.iid}/artifacts/",
        f"/p/vision/compare/?c={one.iid}",
    ):
        text = browser.get(page).content.decode()
        assert "<img src=x" not in text, page
    figure = browser.get(f"{url}charts/chart.json", {"ch": f"line!{HOSTILE}"}).json()
    assert "<img" not in json.dumps(figure["figure"])
    cells = browser.get(url[:-1] + ".csv").getvalue().decode("utf-8-sig")
    assert "'=cmd()" in cells
    assert not re.search(r"(^|,)=cmd", cells, re.M)
    history = browser.get(f"/p/vision/c/{one.iid}/metrics.csv", {"m": HOSTILE})
    assert not re.search(rb"(^|,)[=+@]", history.getvalue(), re.M)
