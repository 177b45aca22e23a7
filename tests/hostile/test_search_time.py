"""Who asks for too much is stopped, and told; the connection goes on, and writes are left."""

import pytest
from django.db import OperationalError, connection, transaction

from tests import make
from tracker import deadlines, recording
from tracker.search import candidates, table

pytestmark = pytest.mark.django_db
# Hours on either database.
ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
    " SELECT count(*) FROM n"
)


def ask(rows):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ENDLESS.format(rows))
        return cursor.fetchone()[0]


@pytest.fixture(autouse=True)
def impatient(settings, monkeypatch):
    settings.SEARCH_SECONDS = 0.1
    monkeypatch.setattr(deadlines, "LOOK_SECONDS", 0.02)


def endless(*args, **named):
    ask(10**12)


def test_stops_a_search_of_the_api(api, experiment, monkeypatch):
    run = make.candidate(experiment)
    with monkeypatch.context() as patched:
        patched.setattr(candidates, "find", endless)
        status, body = api.post("runs/search", experiment_ids=[str(experiment.iid)])

    assert (status, body["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "TRACKER_SEARCH_SECONDS" in body["message"]
    answer = api.post("runs/search", experiment_ids=[str(experiment.iid)])
    assert [one["info"]["run_id"] for one in answer[1]["runs"]] == [run.eid]


def test_stops_a_page_and_says_so(browser, experiment, monkeypatch):
    make.candidate(experiment)
    address = f"/p/{experiment.project.slug}/experiments/{experiment.iid}/"
    browser.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr(table.Search, "page", endless)
        answer = browser.get(address)

    assert answer.status_code == 503
    assert b"takes too long and was stopped" in answer.content
    assert browser.get(address).status_code == 200


def test_shows_the_table_without_a_filter_that_takes_too_long(
    browser, experiment, monkeypatch
):
    made = make.candidate(experiment, name="shown")
    usual = table.Search.page
    slow = [False, True]  # the one with the filter, then the one without

    def page(search, **asked):
        if slow.pop():
            with search.limited():
                endless()
        return usual(search, **asked)

    monkeypatch.setattr(table.Search, "page", page)
    answer = browser.get(
        f"/p/{experiment.project.slug}/experiments/{experiment.iid}/?q=name+%3D+none"
    )

    assert answer.status_code == 200
    text = answer.content.decode()
    assert "takes too long and was stopped" in text
    assert made.name in text


def test_leaves_a_write_its_time(api, experiment, monkeypatch):
    run = make.candidate(experiment)
    usual = recording.set_tags

    def slow(*args, **named):
        ask(300_000)
        return usual(*args, **named)

    monkeypatch.setattr(recording, "set_tags", slow)
    status, _ = api.post("runs/set-tag", run_id=run.eid, key="a", value="b")

    assert status == 200
    assert run.tags.get(key="a").value == "b"


def test_tells_that_the_database_is_away(browser, experiment, monkeypatch):
    """A page says it as the API does, with the hint when to come again."""
    make.candidate(experiment)

    def away(*args, **named):

        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(table.Search, "page", away)
    browser.raise_request_exception = False

    answer = browser.get(f"/p/{experiment.project.slug}/experiments/{experiment.iid}/")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert b"busy or away" in answer.content
    assert b"server closed" not in answer.content
