"""A job in a real browser: its bar moves, and its outcome comes without a reload."""

import pytest
from playwright.sync_api import expect

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
