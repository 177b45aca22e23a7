"""Checks of the whole that need a browser; docs/CONTRIBUTING.md lists them all."""

import pytest
from playwright.sync_api import expect

from artifacts.models import Artifact
from tests import make
from tests.browser.conftest import draw
from tests.browser.samples import put
from tracker import jobs, recording, registry
from tracker.models import Alias, Candidate, Status, Tag

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

POINTS = (
    40_000  # a million in `make bench`; here as many as are condensed in the same way
)


@pytest.fixture
def sweep(vision):
    return make.experiment(vision, "sweep")


def test_a_single_spike_is_seen_in_the_chart_that_opens(sweep, open_page):
    one = make.candidate(sweep)
    for start in range(0, POINTS, 10_000):
        recording.log_batch(
            one,
            metrics=[
                recording.Point(
                    "loss", 9.0 if step == 23_456 else 1.0, 1000 + step, step
                )
                for step in range(start, start + 10_000)
            ],
        )
    page = open_page(f"/p/vision/c/{one.iid}/")
    draw(page)

    drawn = page.evaluate(
        "[...document.querySelector('#curve .live').data].flatMap((trace) =>"
        " [...(trace.y._inputArray || trace.y)].map(Number))"
    )

    assert max(drawn) == 9.0
    assert len(drawn) < POINTS / 4


def test_a_page_with_very_many_metrics_asks_for_six_charts_at_most(sweep, open_page):
    for n in range(2):
        points = [
            recording.Point(f"m{key:02}", n + step / 10, 1000 + step, step)
            for key in range(60)
            for step in range(3)
        ]
        make.candidate(sweep, points=points)
    page = open_page("/projects/")
    asked = []
    page.on(
        "request",
        lambda one: asked.append(one.url) if "chart.json" in one.url else None,
    )

    page.goto(f"/p/vision/experiments/{sweep.iid}/charts/")
    page.locator(".js-plotly-plot").first.wait_for()
    page.wait_for_load_state("networkidle")

    assert 1 <= len(asked) <= 6


def test_a_file_of_fifty_megabytes_is_opened_with_few_bytes(
    sweep,
    open_page,
    storage,
):
    one = make.candidate(sweep)
    rows = b"".join(
        b'{"step": %d, "loss": %.9f},\n' % (n, 1 / n) for n in range(1, 5000)
    )
    put(one, "large.json", b"[" + rows * (50_000_000 // len(rows)) + b"null]")
    page = open_page(f"/p/vision/c/{one.iid}/artifacts/")
    got = []
    page.on("response", lambda one: got.append(one))

    page.get_by_role("link", name="large.json").first.click()
    page.wait_for_load_state("networkidle")

    sizes = {
        each.url: each.request.sizes()["responseBodySize"]
        for each in got
        if "/static/" not in each.url
    }
    assert sizes
    assert sum(sizes.values()) < 300_000, sizes


def test_deletes_1204_by_a_query_and_undo_brings_all_of_each_back(
    sweep, open_page, storage
):
    first = make.candidate(sweep, metrics={"acc": 0.5}, tags={"team": "red"})
    put(first, "model/weights.bin", b"weights")
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
    page = open_page(f"/p/vision/experiments/{sweep.iid}/?q=status+%3D+finished")

    page.get_by_label("Select this page").check()
    page.get_by_label("All 1\u202f204 matching").check()
    page.locator(".selbar").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Delete 1\u202f204 candidates")
    dialog.get_by_role("button", name="Delete 1\u202f204").click()
    expect(page.locator("h1")).to_have_text("Delete 1204 candidates")
    work()

    expect(page.get_by_text("1,204 candidates are in the trash.")).to_be_visible()
    assert list(Candidate.objects.alive()) == [kept]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undo: Delete 1204 candidates")).to_be_visible()
    work()
    expect(page.get_by_text("It is undone.")).to_be_visible()
    assert Candidate.objects.alive().count() == 1205
    assert kept_of_all() == before
    page.goto(f"/p/vision/c/{first.iid}/artifacts/model/weights.bin")
    expect(page.locator("main")).to_contain_text("weights.bin")


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
