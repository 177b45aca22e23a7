"""The page of a job, and the part that shows how far it is."""

import pytest
from django.test import Client

from tests.dashboard.reading import Page
from tracker.models import Job


@pytest.fixture
def job(owner, vision):
    return Job.objects.create(
        kind="tests.count", title="Count <all>", asked_by=owner, project=vision
    )


@pytest.fixture
def asking(owner, settings):
    """Who asked for it, in team mode."""
    settings.MODE = "team"
    client = Client()
    client.force_login(owner)
    return client


def part(client, job):
    return client.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"})


def change(job, **fields):
    Job.objects.filter(pk=job.pk).update(**fields)


def test_the_part_polls_until_the_job_has_ended(asking, job):
    change(job, state="running", done=1200, total=5000)
    running = Page(part(asking, job)).root
    change(job, state="done", outcome="All are counted.", result={"url": "/x/"})
    done = Page(part(asking, job)).root

    [section] = running.all("section")
    assert section.attributes["hx-get"] == f"/jobs/{job.pk}/"
    bar = running.one("progress")
    assert (bar.attributes["max"], bar.attributes["value"]) == ("5000", "1200")
    assert "of 5" in running.text
    assert "hx-get" not in done.one("section").attributes
    assert "All are counted." in done.text
    assert done.one("a").attributes["href"] == "/x/"


def test_the_page_shows_the_same(asking, job, django_assert_num_queries):
    # session, user, job with its project
    with django_assert_num_queries(3):
        answer = asking.get(f"/jobs/{job.pk}/")

    page = Page(answer)
    assert page.root.one("h1").text == "Count <all>"
    assert "Waiting to begin" in page.main.text
    assert "value" not in page.root.one("progress").attributes


def test_a_failed_one_says_why_and_can_be_tried_again(asking, job):
    change(job, state="failed", problem="The bucket is gone.")

    page = Page(asking.get(f"/jobs/{job.pk}/"))
    assert "The bucket is gone." in page.main.text
    answer = asking.post(f"/jobs/{job.pk}/retry/")

    assert answer["Location"] == f"/jobs/{job.pk}/"
    job.refresh_from_db()
    assert job.state == Job.State.PENDING
    asking.post(f"/jobs/{job.pk}/retry/")  # a second click
    assert "Only a job that has failed" in asking.get(f"/jobs/{job.pk}/").text


def test_others_do_not_learn_of_it(job, reader, settings):
    settings.MODE = "team"
    other, nobody = Client(), Client()
    other.force_login(reader)

    assert other.get(f"/jobs/{job.pk}/").status_code == 404
    assert other.post(f"/jobs/{job.pk}/retry/").status_code == 404
    assert nobody.get(f"/jobs/{job.pk}/")["Location"].startswith("/sign-in/")
    assert nobody.post(f"/jobs/{job.pk}/retry/").status_code == 403
