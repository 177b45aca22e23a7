"""The probes of load balancers."""

import resource

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


def test_leaves_nothing_on_a_disk_without_room(monkeypatch, tmp_path):
    monkeypatch.setattr(health, "default_storage", FileSystemStorage(tmp_path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            health.storage()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert list(tmp_path.iterdir()) == []


def test_is_not_ready_before_its_migrations_ran(browser):
    MigrationRecorder.Migration.objects.filter(app="artifacts").delete()

    assert browser.get("/readyz").json() == ALL_WELL | {"migrations": "failing"}
