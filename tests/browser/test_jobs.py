"""A job in a real browser: its bar moves, and its outcome comes without a reload."""

import pytest
from playwright.sync_api import expect

from artifacts import ingest, inspection
from artifacts.paths import Place
from tests import make
from tests.browser.conftest import overflow
from tracker.models import Job

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def job(vision):
    return Job.objects.create(
        kind="tests.count",
        title="Delete 5 000 candidates",
        state="running",
        project=vision,
        done=1200,
        total=5000,
    )


def test_the_bar_moves_and_the_outcome_comes_by_itself(job, open_page, is_accessible):
    page = open_page(f"/jobs/{job.pk}/")
    expect(page.locator("progress")).to_have_attribute("value", "1200")
    is_accessible(page)

    Job.objects.filter(pk=job.pk).update(done=4000)
    expect(page.locator("progress")).to_have_attribute("value", "4000")
    Job.objects.filter(pk=job.pk).update(state="done", outcome="All are in the trash.")

    expect(page.locator(".job .notice")).to_have_text("All are in the trash.")
    assert overflow(page) <= 0


@pytest.fixture
def waiting(vision, storage):
    """An image that no worker has looked at yet."""
    candidate = make.candidate(make.experiment(vision, "sweep"))
    data = make.picture()
    return ingest.receive(Place(candidate, "plot.png"), [data], size_bytes=len(data))


def test_a_file_shows_what_the_worker_found_without_a_reload(waiting, open_page):
    page = open_page(f"/p/vision/c/{waiting.candidate.iid}/artifacts/plot.png")
    expect(page.locator(".file-body")).to_contain_text("still looking at this file")
    page.evaluate("window.stays = true")

    inspection.inspect(inspection.claim(waiting.pk))

    expect(page.locator(".file-body img")).to_be_visible(timeout=15_000)
    expect(page.locator(".file-body")).to_contain_text("40 × 30 px")
    assert page.evaluate("window.stays")
