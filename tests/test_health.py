"""The probes of load balancers."""

import pytest
from django.core.files.storage import FileSystemStorage
from django.db.migrations.recorder import MigrationRecorder

from tracker import health

pytestmark = pytest.mark.django_db

ALL_WELL = {"database": "ok", "migrations": "ok", "queue": "ok", "storage": "ok"}


def test_is_alive(browser):
    assert browser.get("/livez").content == b"ok"


def test_is_ready_when_every_part_works(browser):
    answer = browser.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, ALL_WELL)


def test_is_not_ready_with_a_storage_that_takes_no_file(browser, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(health, "default_storage", FileSystemStorage(tmp_path / "file"))

    answer = browser.get("/readyz")

    assert (answer.status_code, answer.json()) == (
        503,
        ALL_WELL | {"storage": "failing"},
    )
    assert "not a folder" not in answer.content.decode()


def test_is_not_ready_before_its_migrations_ran(browser):
    MigrationRecorder.Migration.objects.filter(app="artifacts").delete()

    assert browser.get("/readyz").json() == ALL_WELL | {"migrations": "failing"}
