"""Checks of the whole that need a browser; docs/CONTRIBUTING.md lists them all."""

import pytest

from tests import make
from tests.browser.conftest import draw
from tests.browser.test_candidate import put
from tracker import recording

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
