"""Checking rows against bytes: planted damage is found, and repaired where that is safe."""

import io
import os
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from artifacts import checking, ingest, inspection, storage
from artifacts import tasks as artifact_tasks
from artifacts.checking import Problem
from artifacts.models import Artifact, DiscardedBlob
from artifacts.paths import Place
from tests.artifacts.test_contents import image
from tracker import jobs, tasks
from tracker.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["disk", "s3"])
def blobs(request, monkeypatch):
    if request.param == "s3":
        request.getfixturevalue("bucket")
    # Objects of a bucket cannot be made to look old.
    monkeypatch.setattr(checking, "STRAY_AFTER", timedelta(0))
    return storage.blobs()


def upload(candidate, path, content):
    made = ingest.receive(Place(candidate, path), [content], size_bytes=len(content))
    inspection.inspect(inspection.claim(made.pk))
    made.refresh_from_db()
    return made


def keep(blobs, blob, content):
    with blobs.draft(blob, len(content)) as draft:
        draft.write(content)
        draft.keep()


def overwrite(blobs, artifact, content):
    blobs.remove(artifact.blob)
    keep(blobs, artifact.blob, content)


def found(**how):
    return {
        (finding.problem, finding.name or finding.blob)
        for finding in checking.check(**({"checksums": True} | how))
    }


def command(*flags):
    """What it says, and its exit code."""
    out = io.StringIO()
    try:
        call_command("check_artifacts", *flags, stdout=out)
    except SystemExit as end:
        return out.getvalue(), end.code
    return out.getvalue(), 0


@pytest.fixture
def planted(blobs, candidate):
    """One of everything that can be wrong, among files with which all is well."""
    name = f"default #{candidate.iid}"
    whole = upload(candidate, "whole.txt", b"whole")
    for path in ("missing", "short", "damaged"):
        artifact = upload(candidate, path, b"12345")
        content = {"missing": None, "short": b"123", "damaged": b"54321"}[path]
        if content is None:
            blobs.remove(artifact.blob)
        else:
            overwrite(blobs, artifact, content)
    picture = upload(candidate, "plot.png", image(size=(900, 900)))
    blobs.remove(picture.thumbnail_blob)
    back = upload(candidate, "back", b"12345")
    Artifact.objects.filter(pk=back.pk).update(
        state="failed", problem=inspection.MISSING
    )
    project = candidate.project_id
    keep(blobs, f"{project}/0stray", b"1")
    keep(blobs, f"{project}/zstray", b"22")
    keep(blobs, f"{project}/discarded", b"333")
    DiscardedBlob.objects.create(blob=f"{project}/discarded")
    upload(candidate, "deleted", b"1")
    Artifact.objects.filter(name="deleted").throw_away()
    return {
        (Problem.MISSING, f"{name} missing"),
        (Problem.SIZE, f"{name} short"),
        (Problem.CHECKSUM, f"{name} damaged"),
        (Problem.THUMBNAIL, f"{name} plot.png"),
        (Problem.BACK, f"{name} back"),
        (Problem.STRAY, f"{project}/0stray"),
        (Problem.STRAY, f"{project}/zstray"),
    }, whole


def test_finds_what_is_wrong_and_nothing_else(planted):
    expected, _ = planted

    assert found() == expected
    by_bytes_alone = {Problem.CHECKSUM, Problem.BACK}
    assert found(checksums=False) == {
        one for one in expected if one[0] not in by_bytes_alone
    }


def test_repairs_what_is_safe_and_says_the_rest(planted, blobs):
    expected, whole = planted

    said, code = command()
    assert (code, "Run it with --repair" in said) == (1, True)
    assert found() == expected  # looking changes nothing

    said, code = command("--repair")
    assert code == 1  # three files are lost for good
    states = dict(Artifact.objects.exclude(project=None).values_list("name", "state"))
    assert states == {
        "whole.txt": "ready",
        **dict.fromkeys(("missing", "short", "damaged"), "failed"),
        **dict.fromkeys(("plot.png", "back"), "pending"),
    }
    assert Artifact.objects.get(name="missing").problem == inspection.MISSING
    inspection.inspect_waiting(10)
    DiscardedBlob.objects.update(discarded_at=timezone.now() - timedelta(hours=2))
    inspection.remove_discarded(10)
    lost = {Problem.MISSING, Problem.SIZE, Problem.CHECKSUM}
    assert found() == {one for one in expected if one[0] in lost}
    assert storage.head(whole.blob, 5) == b"whole"


def test_the_report_is_for_people(blobs, candidate):
    upload(candidate, "a.txt", b"12345")
    lost = upload(candidate, "plots/b.txt", b"1234567")
    assert command() == (
        "Checked 2 files, 12 bytes: names, sizes and checksums.\nAll is well.\n",
        0,
    )

    blobs.remove(lost.blob)

    said, code = command("--quick")
    assert code == 1
    assert said == (
        "Checked 2 files, 12 bytes: names and sizes.\n"
        "\n1 missing: the row is there, its bytes are not (7 bytes)\n"
        f"  default #{candidate.iid} plots/b.txt\n"
        "Run it with --repair to do what is safe.\n"
    )


def test_repairing_all_there_is_ends_well(blobs, candidate):
    keep(blobs, "7/stray", b"1")

    said, code = command("--repair")

    assert code == 0
    assert "1 stray: the sweep removes them in an hour" in said


def test_leaves_young_strays_to_their_uploads(folder, candidate):
    blobs = storage.blobs()
    keep(blobs, "7/young", b"1")
    keep(blobs, "7/old", b"1")
    yesterday = time.time() - 25 * 3600
    os.utime(folder / "7/old", (yesterday, yesterday))

    assert found() == {(Problem.STRAY, "7/old")}


def test_a_link_out_of_the_storage_is_not_followed(folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"1")
    folder.mkdir()
    (folder / "7").symlink_to(outside)

    assert [one.blob for one in storage.blobs().walk()] == ["7"]


def test_walks_in_the_order_of_the_bytes_from_anywhere(blobs):
    names = sorted(
        f"{project}/{name}"
        for project in (1, 10, 2)
        for name in ("b", "a", "a.thumbnail")
    )
    for name in names:
        keep(blobs, name, b"1")

    assert [one.blob for one in blobs.walk()] == names
    for place, name in enumerate(names):
        assert [one.blob for one in blobs.walk(name)] == names[place + 1 :]


def test_a_file_that_is_deleted_meanwhile_is_nothing_wrong(blobs, candidate):
    artifact = upload(candidate, "a.txt", b"1")
    rows = checking.rows("")
    row = next(rows)
    Artifact.objects.filter(pk=artifact.pk).throw_away()

    assert list(checking.compared(row, [], checksums=False)) == []


def test_the_nightly_check_tells_in_rounds(blobs, candidate, monkeypatch):
    monkeypatch.setattr(jobs, "ROUND_SECONDS", 0)
    lost = [upload(candidate, f"{n}.txt", b"1") for n in range(3)]
    keep(blobs, "0/stray", b"1")
    blobs.remove(lost[1].blob)

    artifact_tasks.check()
    artifact_tasks.check()
    job = Job.objects.get()
    rounds = 0
    while not job.is_finished:
        tasks.do(job.pk)
        job.refresh_from_db()
        rounds += 1

    assert rounds == 4
    assert job.result["found"]["missing"] == [1, [f"default #{candidate.iid} 1.txt"]]
    assert job.result["found"]["stray"] == [1, ["0/stray"]]
    assert job.outcome.startswith("Of 3 files: ")
