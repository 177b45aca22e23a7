"""A database that takes no changes: whoever writes is told so, and reading goes on."""

from functools import partial

import pytest
from django.db import OperationalError, connection, transaction

from tests import make
from tracker.database.sqlite3.base import DatabaseWrapper, Lane


def while_read_only(ask):
    """What is answered meanwhile. A part of the transaction, since PostgreSQL wants
    nothing more to do with one in which a statement was refused."""
    on_sqlite = connection.vendor == "sqlite"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "PRAGMA query_only = 1" if on_sqlite else "SET TRANSACTION READ ONLY"
        )
        answer = ask()
        if on_sqlite:
            cursor.execute("PRAGMA query_only = 0")
        transaction.set_rollback(True)
    return answer


def test_tells_whoever_changes_something(api, browser, experiment):
    run = make.candidate(experiment, metrics={"m": 1.0})
    browser.raise_request_exception = False
    page = f"/p/{experiment.project.slug}/c/{run.iid}/"
    browser.get(page)  # the first visit makes an account
    point = {"run_id": run.eid, "key": "m", "value": 2, "timestamp": 1, "step": 1}

    answers = [
        while_read_only(partial(api.post, call, **message))
        for call, message in (
            ("runs/create", {"experiment_id": str(experiment.iid)}),
            ("runs/log-metric", point),
            ("runs/set-tag", {"run_id": run.eid, "key": "a", "value": "b"}),
        )
    ]
    shown = while_read_only(partial(browser.get, page))
    refused = while_read_only(
        partial(browser.post, f"{page}rename/", {"name": "other"})
    )

    for status, body in answers:
        assert (status, body["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        assert "takes no changes" in body["message"]
    assert shown.status_code == 200
    assert (refused.status_code, refused["Retry-After"]) == (503, "1")
    assert b"takes no changes" in refused.content
    assert api.post("runs/log-metric", **point) == (200, {})


def test_opens_a_file_again_that_was_read_only(tmp_path, db):
    file = str(tmp_path / "db")
    settings = {**connection.settings_dict, "NAME": file, "CONN_MAX_AGE": None}
    opened = DatabaseWrapper({**settings, "OPTIONS": {}}, "other")
    with opened.cursor() as cursor:
        cursor.execute("CREATE TABLE one (number int)")
        cursor.execute("PRAGMA query_only = 1")
        with pytest.raises(OperationalError, match="readonly"):
            cursor.execute("INSERT INTO one VALUES (1)")

    opened.close_if_unusable_or_obsolete()  # as at the end of each request

    with opened.cursor() as cursor:
        cursor.execute("INSERT INTO one VALUES (1)")
    opened.close()


def test_takes_a_lane_that_cannot_be_opened_for_a_database_away(tmp_path):
    with pytest.raises(OperationalError):
        Lane().enter(str(tmp_path / "nowhere" / "db"), timeout=1)
