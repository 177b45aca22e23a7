"""The operators' health page, and its figures as JSON."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from artifacts import tasks as artifact_tasks
from artifacts.models import Artifact
from tests import make
from tests.dashboard.reading import Page
from tests.dashboard.test_artifacts import put
from tracker import jobs, tasks
from tracker.models import Job, Worker

pytestmark = pytest.mark.usefixtures("storage")

PAGE = "/admin/health/"


@pytest.fixture
def candidate(vision):
    return make.candidate(make.experiment(vision, "sweep"))


def test_shows_what_waits_failed_and_is_stored(browser, candidate):
    put(candidate, "a.txt", b"12345")
    put(candidate, "b.txt", b"1", is_inspected=False)
    put(candidate, "c.txt", b"1")
    Artifact.objects.filter(name="c.txt").update(state="failed", problem="No <luck>.")
    Job.objects.create(
        kind="x", title="Export", state="failed", problem="The bucket is gone.",
        finished_at=timezone.now(),
    )  # fmt: skip

    page = Page(browser.get(PAGE))

    text = page.main.text
    assert "No worker has been seen lately" in text
    assert "No <luck>." in text and "The bucket is gone." in text
    assert "Export" in text
    [share] = [row for row in page.main.all("tr") if "vision" in row.text][-1:]
    assert "3" in share.text
    assert "7 bytes" in text or "7 B" in text


def test_a_worker_is_seen_by_its_rounds(browser, db):
    tasks.sweep()

    facts = browser.get("/admin/health.json").json()
    assert facts["worker_is_well"] is True
    assert facts["queues"][0]["waiting"] == 0

    Worker.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    assert browser.get("/admin/health.json").json()["worker_is_well"] is False


def test_says_when_work_waits_too_long(browser, candidate):
    artifact = put(candidate, "a.txt", is_inspected=False)
    Artifact.objects.filter(pk=artifact.pk).update(
        uploaded_at=timezone.now() - timedelta(minutes=6)
    )

    assert "waits for more than five minutes" in Page(browser.get(PAGE)).main.text


def test_tries_again_what_failed(browser, candidate):
    put(candidate, "c.txt", b"1")
    Artifact.objects.update(state="failed")
    Job.objects.create(kind="x", title="Export", state="failed")

    for what in ("files", "jobs"):
        assert browser.post(PAGE, {"do": what})["Location"] == PAGE

    assert Artifact.objects.get().state == "pending"
    assert Job.objects.get().state == "pending"


def test_checks_the_files_when_told_to(browser, candidate):
    put(candidate, "a.txt", b"12345")

    browser.post(PAGE, {"do": "check"})
    jobs.run_waiting(5)

    assert (
        "All is well: 1 file is where the rows say."
        in Page(browser.get(PAGE)).main.text
    )
    browser.post(PAGE, {"do": "nonsense"})
    assert "nothing of that name" in Page(browser.get(PAGE)).main.text
    artifact_tasks.sweep()


@pytest.mark.parametrize("files", [1, 12])
def test_costs_the_same_whatever_there_is(
    browser, candidate, files, django_assert_max_num_queries
):
    for number in range(files):
        put(candidate, f"{number}.txt", b"1", is_inspected=False)
    browser.get("/")

    with django_assert_max_num_queries(16):
        browser.get(PAGE)


def test_is_for_operators_alone(owner, settings):
    settings.MODE = "team"
    client = Client()
    assert client.get(PAGE).status_code in (302, 403, 404)
    client.force_login(owner)

    assert client.get(PAGE).status_code in (403, 404)
    assert client.get("/admin/health.json").status_code in (403, 404)
    assert client.post(PAGE, {"do": "jobs"}).status_code in (403, 404)
