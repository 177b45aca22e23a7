"""Looking into files: what is found, once, whatever happens to the worker."""

from datetime import timedelta

import pytest
from django.utils import timezone

from artifacts import disk, inspection, storage, tasks
from artifacts.models import Artifact, DiscardedBlob
from tests.artifacts.conftest import body, root
from tests.artifacts.test_contents import MLMODEL, image, png_header
from tests.artifacts.test_upload import stored
from tracker.errors import Unavailable

State = Artifact.State


class Killed(BaseException):
    """What `kill -9` is to the code after it: nothing catches it."""


@pytest.fixture
def upload(door, candidate):
    def upload(name, data):
        door.put(f"{root(candidate)}/{name}", data)
        return Artifact.objects.get(folder="", name=name)

    return upload


def looked_at(artifact):
    tasks.inspect(artifact.pk)
    artifact.refresh_from_db()
    return artifact


def forget_lease(artifact):
    Artifact.objects.filter(pk=artifact.pk).update(
        claimed_until=timezone.now() - timedelta(seconds=1)
    )


@pytest.mark.parametrize(
    "name, data, content_type, facts",
    [
        (
            "log.txt",
            b"one\ntwo\n",
            "text/plain",
            {"kind": "text", "encoding": "utf-8", "lines": 2},
        ),
        (
            "a.csv",
            b'a,b\n1,2\n3,"4\n5"\n',
            "text/csv",
            {
                "kind": "table",
                "encoding": "utf-8",
                "lines": 4,
                "delimiter": ",",
                "column_count": 2,
                "columns": ["a", "b"],
                "rows": 2,
                "rows_are_exact": True,
            },
        ),
        (
            "a.json",
            b'{"data": [], "layout": {}}',
            "application/json",
            {
                "kind": "json",
                "encoding": "utf-8",
                "lines": 1,
                "shape": "dict",
                "entries": 2,
                "looks_like": "plotly",
            },
        ),
        (
            "broken.json",
            b'{"a": ',
            "text/plain",
            {"kind": "text", "encoding": "utf-8", "lines": 1},
        ),
        (
            "small.png",
            image(size=(30, 20)),
            "image/png",
            {"kind": "image", "width": 30, "height": 20},
        ),
        ("model.pkl", b"\x80\x04.", "application/x-pickle", {"kind": "other"}),
        (
            "empty",
            b"",
            "text/plain",
            {"kind": "text", "encoding": "utf-8", "lines": 0},
        ),
    ],
)
def test_records_what_a_file_is(upload, name, data, content_type, facts):
    artifact = looked_at(upload(name, data))

    assert (artifact.state, artifact.problem) == (State.READY, "")
    assert artifact.content_type == content_type
    assert artifact.facts == facts
    assert (artifact.claimed_by, artifact.claimed_until) == ("", None)


def test_records_what_a_model_says(upload):
    artifact = looked_at(upload("MLmodel", MLMODEL.encode()))

    assert artifact.facts["flavors"] == ["python_function", "sklearn"]
    broken = looked_at(upload("MLmodel", b"{"))
    assert (broken.state, "unreadable" in broken.facts) == (State.READY, True)


def test_keeps_a_thumbnail_beside_the_image(upload, folder):
    artifact = looked_at(upload("big.png", image(size=(900, 900))))

    assert artifact.facts["thumbnail_bytes"] > 0
    kept = folder / artifact.thumbnail_blob
    assert kept.stat().st_size == artifact.facts["thumbnail_bytes"]


def test_is_ready_with_an_image_that_nobody_can_read(upload):
    for name, data in [
        ("huge.png", png_header(60_000, 60_000)),
        ("cut.png", image()[:100]),
    ]:
        artifact = looked_at(upload(name, data))
        assert (artifact.state, artifact.content_type) == (State.READY, "image/png")
        assert artifact.facts["unreadable"]


def test_estimates_the_rows_of_a_very_long_table(upload, monkeypatch):
    monkeypatch.setattr(inspection.contents, "MAX_COUNTED_BYTES", 10)

    facts = looked_at(upload("a.csv", b"a,b\n1,2\n3,4\n")).facts

    assert (facts["rows"], facts["rows_are_exact"]) == (2, False)


def test_reads_no_very_long_json(upload, monkeypatch):
    monkeypatch.setattr(inspection.contents, "MAX_JSON_BYTES", 10)

    assert looked_at(upload("a.json", b'{"a": "long enough"}')).facts["shape"] == (
        "unknown"
    )


def test_works_in_a_bucket(bucket, upload):
    artifact = looked_at(upload("big.png", image(size=(900, 900))))
    table = looked_at(upload("a.csv", b"a,b\n" + b"1,2\n" * 100_000))

    assert (artifact.facts["width"], artifact.state) == (900, State.READY)
    assert storage.head(artifact.thumbnail_blob, 4) == b"RIFF"
    assert table.facts["rows"] == 100_000


# ---------------------------------------------------------------- damage


def test_notices_that_stored_bytes_have_changed(upload, folder):
    artifact = upload("a.txt", b"data")
    (folder / artifact.blob).write_bytes(b"dada")

    assert looked_at(artifact).state == State.FAILED
    assert "checksum" in artifact.problem


@pytest.mark.parametrize("left", [b"", b"da", None])
def test_notices_that_stored_bytes_are_missing(upload, folder, left):
    artifact = upload("a.txt", b"data")
    (folder / artifact.blob).unlink()
    if left is not None:
        (folder / artifact.blob).write_bytes(left)

    assert looked_at(artifact).state == State.FAILED
    assert "missing" in artifact.problem


def test_waits_for_a_storage_that_is_away(upload, monkeypatch):
    artifact = upload("a.txt", b"data")

    def away(*args):
        raise Unavailable("away")

    with monkeypatch.context() as outage:
        outage.setattr(disk.Disk, "open", away)
        for _ in range(20):
            looked_at(artifact)
            assert artifact.state == State.PENDING
            forget_lease(artifact)

    assert looked_at(artifact).state == State.READY


def test_gives_up_on_a_file_that_it_cannot_look_into(upload, monkeypatch):
    artifact = upload("a.txt", b"data")

    def fails(*args, **named):
        raise RuntimeError("a bug\x00 of ours")

    monkeypatch.setattr(inspection.contents, "recognise", fails)
    states = []
    for _ in range(7):
        states.append(looked_at(artifact).state)
        forget_lease(artifact)

    assert states == [State.PENDING] * 4 + [State.FAILED] * 3
    assert "a bug� of ours" in artifact.problem


def test_pauses_before_another_try(upload, monkeypatch):
    artifact = upload("a.txt", b"data")
    monkeypatch.setattr(inspection, "look", lambda artifact: 1 / 0)

    looked_at(artifact)
    looked_at(artifact)

    assert (artifact.state, artifact.attempts) == (State.PENDING, 1)
    assert artifact.claimed_until > timezone.now()


def test_gives_up_on_a_file_that_kills_its_workers(upload, monkeypatch):
    artifact = upload("a.txt", b"data")

    def kill(*args, **named):
        raise Killed

    monkeypatch.setattr(inspection.contents, "recognise", kill)
    for _ in range(inspection.MAX_ATTEMPTS):
        with pytest.raises(Killed):
            tasks.inspect(artifact.pk)
        forget_lease(artifact)

    assert looked_at(artifact).state == State.FAILED
    assert "broken off" in artifact.problem


# ---------------------------------------------------------------- the lease


def test_does_a_job_once(upload, monkeypatch):
    artifact = upload("big.png", image(size=(900, 900)))
    looks = []
    look = inspection.look
    monkeypatch.setattr(
        inspection, "look", lambda one: (looks.append(one.pk), look(one))[1]
    )

    for _ in range(3):
        tasks.inspect(artifact.pk)
    tasks.sweep()

    assert looks == [artifact.pk]


def test_leaves_a_job_to_its_holder(upload):
    artifact = upload("a.txt", b"data")

    first = inspection.claim(artifact.pk)

    assert first and inspection.claim(artifact.pk) is None
    assert inspection.claim_next() is None
    assert inspection.claim(artifact.pk + 1) is None


def test_takes_up_what_a_dead_worker_left(upload):
    artifact = upload("a.txt", b"data")
    dead = inspection.claim(artifact.pk)
    forget_lease(artifact)

    living = inspection.claim_next()

    assert living and living.claimed_by != dead.claimed_by
    inspection.inspect(dead)  # it was only slow
    artifact.refresh_from_db()
    assert artifact.state == State.PROCESSING
    inspection.inspect(living)
    artifact.refresh_from_db()
    assert artifact.state == State.READY


STEPS = ["verify", "picture_facts", "record"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("is_done", [True, False])
def test_records_facts_once_when_killed_at_any_step(
    upload, folder, monkeypatch, step, is_done
):
    artifact = upload("big.png", image(size=(900, 900)))
    whole = getattr(inspection, step)

    def kill(*args, **named):
        if is_done:
            whole(*args, **named)
        raise Killed

    with monkeypatch.context() as death:
        death.setattr(inspection, step, kill)
        with pytest.raises(Killed):
            tasks.inspect(artifact.pk)
    forget_lease(artifact)
    recorded = []
    record = inspection.record
    monkeypatch.setattr(
        inspection, "record", lambda *a, **n: recorded.append(record(*a, **n))
    )
    tasks.sweep()
    tasks.sweep()

    artifact.refresh_from_db()
    assert (artifact.state, artifact.facts["width"]) == (State.READY, 900)
    assert recorded == ([] if (step, is_done) == ("record", True) else [True])
    assert len(stored(folder)) == 2  # the image and one thumbnail


def test_records_nothing_over_a_newer_file(upload, door, candidate):
    artifact = upload("a.txt", b"old\n")
    late = inspection.claim(artifact.pk)
    upload("a.txt", b"newer")

    inspection.inspect(late)

    artifact.refresh_from_db()
    assert (artifact.state, artifact.facts) == (State.PENDING, {})
    assert looked_at(artifact).facts["lines"] == 1


def test_records_nothing_for_a_file_that_is_deleted(upload, door, candidate):
    artifact = upload("a.txt", b"data")
    late = inspection.claim(artifact.pk)
    door.delete(f"{root(candidate)}/a.txt")
    inspection.discard_litter()

    inspection.inspect(late)

    assert not Artifact.objects.exists()


# ---------------------------------------------------------------- the sweep


def test_takes_up_all_that_waits(upload):
    for n in range(5):
        upload(f"{n}.txt", b"data")

    tasks.sweep()

    assert {artifact.state for artifact in Artifact.objects.all()} == {State.READY}


def test_goes_on_later_when_there_is_much(upload, monkeypatch):
    for n in range(3):
        upload(f"{n}.txt", b"data")
    monkeypatch.setattr(tasks, "SWEEP_SECONDS", 0)
    again = []
    monkeypatch.setattr(tasks.sweep, "delay", lambda: again.append(True))

    tasks.sweep()

    assert again == [True]


def age(hours=2):
    DiscardedBlob.objects.update(discarded_at=timezone.now() - timedelta(hours=hours))


def test_removes_bytes_an_hour_after_the_file(upload, door, candidate, folder):
    for name in ("a.txt", "b.png"):
        looked_at(upload(name, image(size=(900, 900))))
    upload("a.txt", b"newer")
    door.delete(f"{root(candidate)}/b.png")

    tasks.sweep()
    before = stored(folder)
    age()
    tasks.sweep()

    assert len(before) == 5  # two images, two thumbnails, and the newer file
    kept = Artifact.objects.get()
    assert stored(folder) == [folder / kept.blob]
    assert not DiscardedBlob.objects.exists()
    assert body(door.get(f"{root(candidate)}/a.txt")) == b"newer"


def test_removes_the_bytes_of_a_purged_owner(upload, candidate, folder):
    for n in range(3):
        upload(f"{n}.txt", b"data")
    candidate.delete()

    tasks.sweep()
    age()
    tasks.sweep()

    assert stored(folder) == []
    assert not Artifact.objects.exists()


def test_never_removes_bytes_that_a_file_has(upload, folder):
    artifact = upload("a.txt", b"data")
    DiscardedBlob.objects.create(blob=artifact.blob)
    age()

    tasks.sweep()

    assert stored(folder) == [folder / artifact.blob]
    assert not DiscardedBlob.objects.exists()


def test_removes_drafts_that_nobody_adds_to(folder, db, monkeypatch):
    tasks.cache.clear()
    monkeypatch.setattr(inspection, "KEEP_DRAFTS", -timedelta(hours=1))
    draft = storage.blobs().draft("1/a", 10).__enter__()
    draft.write(b"data")

    tasks.sweep()

    assert stored(folder) == []
    draft.__exit__(None, None, None)


def test_keeps_its_list_while_the_storage_is_away(upload, door, candidate, monkeypatch):
    upload("a.txt", b"old")
    upload("a.txt", b"new")
    age()

    def away(*args):
        raise Unavailable("away")

    with monkeypatch.context() as outage:
        outage.setattr(disk.Disk, "remove", away)
        tasks.sweep()

    assert DiscardedBlob.objects.count() == 1
