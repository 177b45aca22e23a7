"""Disk and bucket keep the same promises; the bucket is a real server's."""

import hashlib
import io
import random
import tracemalloc
from base64 import b64decode
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ReadTimeoutError

from artifacts import bucket as buckets
from artifacts import disk, storage
from artifacts.blobs import PIECE_BYTES, Missing
from artifacts.models import Artifact
from tests.artifacts.conftest import body, root
from tests.artifacts.test_upload import refusal
from tracker.errors import Full, Unavailable

MEGABYTE = 1024**2


@pytest.fixture(params=["disk", "s3"])
def blobs(request):
    if request.param == "s3":
        request.getfixturevalue("bucket")
    return storage.blobs()


def keep(blobs, blob, *pieces, size_bytes=0):
    with blobs.draft(blob, size_bytes) as draft:
        for piece in pieces:
            draft.write(piece)
        draft.keep()


def read(blobs, blob, start, stop):
    with closing(blobs.open(blob, start, stop)) as pieces:
        return b"".join(pieces)


def noise(size):
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 8 * MEGABYTE, 17 * MEGABYTE + 7])
def test_gives_back_what_it_was_given(blobs, size):
    data = noise(size)
    pieces = [data[at : at + 999_983] for at in range(0, size, 999_983)]

    keep(blobs, "1/a", *pieces, size_bytes=size)

    assert read(blobs, "1/a", 0, size) == data
    assert read(blobs, "1/a", size // 3, size // 2) == data[size // 3 : size // 2]
    with blobs.seekable("1/a") as file:
        assert file.read() == data
        file.seek(-size // 4, io.SEEK_END)
        assert file.read(10) == data[-size // 4 :][:10]


def test_hands_out_small_pieces(blobs):
    keep(blobs, "1/a", noise(3 * MEGABYTE))

    with closing(blobs.open("1/a", 0, 3 * MEGABYTE)) as pieces:
        sizes = [len(piece) for piece in pieces]

    assert sum(sizes) == 3 * MEGABYTE
    assert max(sizes) <= PIECE_BYTES


@pytest.mark.parametrize("size", [10, 20 * MEGABYTE])
def test_shows_nothing_of_a_draft_that_is_not_kept(blobs, size):
    with pytest.raises(ZeroDivisionError), blobs.draft("1/a", size) as draft:
        draft.write(noise(size))
        raise ZeroDivisionError

    with pytest.raises(Missing):
        read(blobs, "1/a", 0, size)
    # Not even as litter: no draft is left that a sweep could find tomorrow.
    assert blobs.remove_drafts(datetime.now(UTC) + timedelta(days=1)) == 0


def test_has_nothing_under_an_unknown_name(blobs):
    for read_it in (
        lambda: blobs.open("1/unknown", 0, 1),
        lambda: blobs.open("1/unknown", 0, 0),
        lambda: blobs.seekable("1/unknown"),
    ):
        with pytest.raises(Missing):
            read_it()


def test_removes_a_blob_once_or_twice(blobs):
    keep(blobs, "1/a", b"data")

    blobs.remove("1/a")
    blobs.remove("1/a")

    with pytest.raises(Missing):
        blobs.open("1/a", 0, 4)


def test_removes_only_drafts_that_nobody_adds_to(blobs):
    now = datetime.now(UTC)
    draft = blobs.draft("1/a", 20 * MEGABYTE).__enter__()
    draft.write(noise(9 * MEGABYTE))

    assert blobs.remove_drafts(now - timedelta(hours=1)) == 0
    # Two seconds: a bucket's clock has whole ones.
    assert blobs.remove_drafts(now + timedelta(seconds=10)) == 1
    assert blobs.remove_drafts(now + timedelta(seconds=10)) == 0
    draft.__exit__(None, None, None)


def test_keeps_names_of_any_project_apart(blobs):
    keep(blobs, "1/a", b"one")
    keep(blobs, "2/a", b"two")

    assert read(blobs, "1/a", 0, 3) == b"one"
    assert read(blobs, "2/a", 0, 3) == b"two"


# ---------------------------------------------------------------- the disk


def test_lets_nobody_else_read_files(folder):
    keep(storage.blobs(), "1/a", b"data")

    assert (folder / "1/a").stat().st_mode & 0o777 == 0o600
    assert (folder / "1").stat().st_mode & 0o777 == 0o700


def test_has_synced_file_and_folder_before_it_returns(folder, monkeypatch):
    synced = []
    fsync = disk.os.fsync
    monkeypatch.setattr(
        disk.os,
        "fsync",
        lambda handle: (synced.append(name_of(handle)), fsync(handle)),
    )

    keep(storage.blobs(), "1/a", b"data")
    first, synced[:] = synced[:], []
    keep(storage.blobs(), "1/b", b"data")

    assert [".drafts/" in name for name in first] == [True, False, False]
    assert first[1:] == [str(folder), str(folder / "1")]
    assert len(synced) == 2


def name_of(handle):
    return disk.os.readlink(f"/proc/self/fd/{handle}")


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT"])
def test_tells_a_full_disk_from_a_broken_one(code, monkeypatch):
    def fails(problem):
        def fsync(handle):
            raise OSError(problem, "it fails")

        monkeypatch.setattr(disk.os, "fsync", fsync)
        keep(storage.blobs(), "1/a", b"data")

    with pytest.raises(Full):
        fails(getattr(disk.errno, code))
    with pytest.raises(Unavailable):
        fails(disk.errno.EIO)


# ---------------------------------------------------------------- the bucket


def test_sends_parts_of_one_size_whatever_the_pieces(bucket, monkeypatch):
    sent = []
    client = storage.blobs().client
    monkeypatch.setattr(client, "upload_part", recorded(client, "upload_part", sent))

    keep(storage.blobs(), "1/a", *[b"x" * 700_001] * 30)

    sizes = [len(given["Body"]) for given in sent]
    assert sizes == [8 * MEGABYTE, 8 * MEGABYTE, 30 * 700_001 - 16 * MEGABYTE]


def test_holds_little_more_than_a_part_in_memory(bucket):
    blobs, piece = storage.blobs(), noise(MEGABYTE)
    keep(blobs, "1/warm", piece)
    tracemalloc.start()
    try:
        keep(blobs, "1/a", *[piece] * 60)
        sending = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        with closing(blobs.open("1/a", 0, 60 * MEGABYTE)) as pieces:
            assert sum(map(len, pieces)) == 60 * MEGABYTE
        receiving = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert sending < 3 * buckets.PART_BYTES
    assert receiving < 12 * MEGABYTE


def test_makes_parts_larger_for_files_that_need_it():
    draft = buckets.Bucket(None, "tracker", "").draft("1/a", 200 * 1024**3)

    assert draft.part_bytes * buckets.MAX_PARTS >= 200 * 1024**3


def test_sends_a_checksum_for_the_server_to_compare(bucket, monkeypatch):
    """S3 refuses what does not match. The tests' server does not look."""
    sent = []
    client = storage.blobs().client
    for call in ("upload_part", "put_object"):
        monkeypatch.setattr(client, call, recorded(client, call, sent))

    keep(storage.blobs(), "1/a", noise(9 * MEGABYTE))
    keep(storage.blobs(), "1/b", b"data")

    assert len(sent) == 3
    for given in sent:
        digest = hashlib.md5(given["Body"]).digest()
        assert b64decode(given["ContentMD5"]) == digest


def recorded(client, name, calls):
    original = getattr(client, name)

    def call(**given):
        calls.append({**given, "Body": bytes(given["Body"])})
        return original(**given)

    return call


def test_notices_when_less_was_kept(bucket, monkeypatch):
    monkeypatch.setattr(buckets.Bucket, "size", lambda self, blob: 5)

    with pytest.raises(Unavailable, match="kept 5 of"):
        keep(storage.blobs(), "1/a", noise(9 * MEGABYTE))


def test_goes_on_where_an_answer_broke_off(bucket, monkeypatch):
    data = noise(3 * MEGABYTE)
    keep(storage.blobs(), "1/a", data)
    asked = []
    original = buckets.Bucket.read

    class BreaksOff:
        def __init__(self, body):
            self.body = body
            self.left = 3

        def read(self, size):
            self.left -= 1
            if not self.left:
                raise ReadTimeoutError(endpoint_url="s3")
            return self.body.read(size)

        def close(self):
            self.body.close()

    def breaking(self, blob, start, stop):
        asked.append(start)
        return BreaksOff(original(self, blob, start, stop))

    monkeypatch.setattr(buckets.Bucket, "read", breaking)

    assert read(storage.blobs(), "1/a", 0, len(data)) == data
    assert asked == [n * 2 * PIECE_BYTES for n in range(6)]


def test_gives_up_on_a_bucket_that_sends_nothing(bucket, monkeypatch):
    keep(storage.blobs(), "1/a", b"data")
    monkeypatch.setattr(
        buckets.Bucket, "read", lambda self, blob, start, stop: io.BytesIO()
    )

    with pytest.raises(Unavailable):
        read(storage.blobs(), "1/a", 0, 4)


def test_says_when_the_bucket_is_away(bucket, candidate, door, monkeypatch):
    bucket.delete_bucket(Bucket="tracker")

    answer = door.put(f"{root(candidate)}/a.txt", b"data")

    assert refusal(answer) == (503, "TEMPORARILY_UNAVAILABLE")
    assert not Artifact.objects.exists()


@pytest.mark.parametrize("size", [0, 5, 9 * MEGABYTE])
def test_serves_the_door(bucket, candidate, door, size):
    data = noise(size)
    path = f"{root(candidate)}/a b/é.bin"

    assert door.put(path, data).status_code == 200

    artifact = Artifact.objects.get()
    assert body(door.get(path)) == data
    assert door.list(f"{root(candidate)}/a b")[0]["file_size"] == size
    if size:
        ranged = door.get(path, range=f"bytes={size - 3}-")
        assert (ranged.status_code, body(ranged)) == (206, data[-3:])
    keys = [o["Key"] for o in bucket.list_objects_v2(Bucket="tracker")["Contents"]]
    assert keys == [f"some/prefix/{artifact.blob}"]


def test_keeps_the_old_content_in_a_bucket_too(bucket, candidate, door):
    path = f"{root(candidate)}/a.bin"
    door.put(path, b"old")

    cut = door.put_as_it_comes(
        path, noise(9 * MEGABYTE), content_length=str(10 * MEGABYTE)
    )

    assert cut.status_code == 400
    assert body(door.get(path)) == b"old"
    assert "Uploads" not in bucket.list_multipart_uploads(Bucket="tracker")
