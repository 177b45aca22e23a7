"""Checks of the whole that a page can answer; docs/CONTRIBUTING.md lists them all."""

import json
import re

import pytest
from django.conf import settings as product
from django.test import Client

from artifacts import ingest
from artifacts.models import Artifact
from artifacts.paths import Place
from tests import make
from tests.dashboard.reading import Page
from tracker import jobs, recording, registry
from tracker.models import Alias, Candidate, Status, Tag

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def url(sweep):
    return f"/p/vision/experiments/{sweep.iid}/"


def put(candidate, path, data=b"weights"):
    ingest.receive(Place(candidate, path), [data], size_bytes=len(data))


# ---------------------------------------------------------------- one address, two people


@pytest.fixture
def team(settings):
    settings.MODE = "team"
    settings.MIDDLEWARE = [
        one for one in product.MIDDLEWARE if one != "tracker.middleware.local_owner"
    ]


def test_one_address_shows_two_members_the_same(owner, reader, team, sweep, url):
    """Rows, curves, colours and order of a filtered, sorted, grouped chart page."""
    for n in range(9):
        make.candidate(
            sweep,
            name=f"c{n}",
            params={"lr": f"0.{n // 3}", "seed": str(n % 3)},
            points=[
                recording.Point("val/acc", (7 * n % 9 + s + 1) / 100, 1000 + s, s)
                for s in range(4)
            ],
        )
    state = {"q": "lr > 0", "sort": "-m:val/acc.max", "group": "p:lr", "y": "log"}
    seen = []
    for person in (owner, reader):
        client = Client()
        client.force_login(person)
        table = client.get(url[:-1] + ".json", state)
        curves = client.get(url + "charts/chart.json", state | {"ch": "line!val/acc"})
        charts = client.get(url + "charts/", state).content.decode()
        assert (table.status_code, curves.status_code) == (200, 200)
        legend = re.findall(r'data-curve="([^"]+)"', charts)
        seen.append((table.getvalue(), curves.getvalue(), legend))

    first, second = seen
    assert first == second
    assert [row["group"] for row in json.loads(first[0])] == ["lr 0.2", "lr 0.1"]
    assert "log" in json.dumps(json.loads(first[1])["figure"]["layout"])
    assert first[2]


# ---------------------------------------------------------------- many, and back


def test_deletes_1204_by_a_query_and_undo_brings_all_of_each_back(
    browser, sweep, url, storage
):
    first = make.candidate(sweep, metrics={"acc": 0.5}, tags={"team": "red"})
    put(first, "model/weights.bin")
    version = make.version(
        make.registered_model(sweep.project, "net"),
        f"runs:/{first.eid}/model",
        run_id=first.eid,
    )
    registry.set_alias(version, "champion")
    kept = make.candidate(sweep, name="kept")  # which the query does not ask for
    Candidate.objects.bulk_create(
        Candidate(
            project=sweep.project,
            experiment=sweep,
            iid=2 + n,
            eid=f"{n:032x}",
            name=f"c{n}",
            status=Status.FINISHED,
            started_ms=n,
        )
        for n in range(1, 1204)
    )
    Candidate.objects.exclude(pk=kept.pk).update(status=Status.FINISHED, ended_ms=2000)
    Tag.objects.bulk_create(
        Tag(candidate=one, experiment=sweep, key="number", value=str(one.iid))
        for one in Candidate.objects.all()
    )
    before = kept_of_all()
    asked = {"verb": "delete", "all": "1", "q": "status = 'FINISHED'"}

    page = Page(browser.get(url + "act/", asked))
    answer = browser.post(url + "act/", asked)
    work()

    assert re.sub(r"\D", "", page.root.one("h1").text) == "1204"
    assert list(Candidate.objects.alive()) == [kept]
    [form] = [
        f for f in Page(browser.get(answer.url)).root.all("form") if f.text == "Undo"
    ]
    browser.post(form.attributes["action"])
    work()
    assert Candidate.objects.alive().count() == 1205
    assert kept_of_all() == before
    assert Alias.objects.get().version_id == version.pk
    answer = browser.get(f"/p/vision/c/{first.iid}/raw/model/weights.bin")
    assert answer.getvalue() == b"weights"


def work():
    while jobs.run_waiting(5):
        pass


def kept_of_all():
    return {
        "tags": list(
            Tag.objects.order_by("pk").values_list("candidate", "key", "value")
        ),
        "files": list(
            Artifact.objects.order_by("pk").values_list("pk", "folder", "name")
        ),
        "aliases": list(Alias.objects.values_list("alias", "version_id")),
    }


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
