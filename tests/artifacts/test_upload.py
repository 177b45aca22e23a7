"""Uploading and deleting through the door."""

import hashlib

import pytest
from django.test import RequestFactory
from django.utils import timezone

from artifacts import bodies, disk, ingest
from artifacts.models import Artifact, DiscardedBlob
from artifacts.tasks import inspect
from tests import make
from tests.artifacts.conftest import Door, body, root
from tracker import lifecycle, wakeups
from tracker.errors import Full, Unavailable
from tracker.models import LoggedModel


def refusal(answer):
    return answer.status_code, answer.json()["error_code"]


INVALID = (400, "INVALID_PARAMETER_VALUE")
UNKNOWN = (404, "RESOURCE_DOES_NOT_EXIST")


def stored(folder):
    """The files that lie in the storage."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def logged_model(experiment, **fields):
    model = LoggedModel.objects.create(
        project=experiment.project,
        experiment=experiment,
        name="clf",
        created_ms=1,
        updated_ms=1,
        **fields,
    )
    model.artifact_uri = (
        f"mlflow-artifacts:/{experiment.iid}/models/{model.eid}/artifacts"
    )
    model.save()
    return model


def test_keeps_what_it_was_given(door, candidate, folder):
    answer = door.put(f"{root(candidate)}/plots/loss.png", b"not an image")

    assert (answer.status_code, answer.content) == (200, b"")
    artifact = Artifact.objects.get()
    assert (artifact.candidate, artifact.path) == (candidate, "plots/loss.png")
    assert artifact.size_bytes == 12
    assert artifact.sha256 == hashlib.sha256(b"not an image").hexdigest()
    assert artifact.state == Artifact.State.PENDING
    assert body(door.get(f"{root(candidate)}/plots/loss.png")) == b"not an image"
    assert stored(folder) == [folder / artifact.blob]
    assert not DiscardedBlob.objects.exists()


def test_keeps_an_empty_file(door, candidate):
    door.put(f"{root(candidate)}/empty.txt", b"")

    assert Artifact.objects.get().size_bytes == 0
    answer = door.get(f"{root(candidate)}/empty.txt")
    assert (answer.status_code, answer["Content-Length"], body(answer)) == (
        200,
        "0",
        b"",
    )


def test_keeps_an_empty_chunked_file(door, candidate):
    path = f"{root(candidate)}/empty.txt"

    answer = door.put_as_it_comes(path, b"", transfer_encoding="chunked")

    assert answer.status_code == 200
    assert Artifact.objects.get().size_bytes == 0


def test_keeps_files_of_a_logged_model(door, experiment):
    model = logged_model(experiment)

    door.put(f"{root(model)}/MLmodel", b"flavors: {}")

    assert model.artifacts.get().path == "MLmodel"
    assert door.names(root(model)) == ["MLmodel"]


def test_keeps_files_that_belong_to_nothing_but_the_project(door, candidate):
    door.put("dir/b.pkl", b"1")
    door.put("a.txt", b"22")
    door.put(f"{root(candidate)}/c.txt", b"333")

    assert door.list("") == [
        {"path": "a.txt", "is_dir": False, "file_size": 2},
        {"path": "dir", "is_dir": True},
    ]
    assert body(door.get("dir/b.pkl")) == b"1"


def test_finds_the_owner_by_its_id_alone(door, candidate):
    door.put(f"any/where/{candidate.eid}/artifacts/a.txt", b"1")

    assert candidate.artifacts.get().path == "a.txt"
    assert door.names(root(candidate)) == ["a.txt"]


def test_replaces_a_file_and_discards_the_old_bytes(door, candidate, folder):
    path = f"{root(candidate)}/a.txt"
    door.put(path, b"old")
    old = Artifact.objects.get()
    Artifact.objects.update(state="ready", facts={"kind": "text"}, attempts=2)

    door.put(path, b"newer")

    new = Artifact.objects.get()
    assert (new.pk, new.size_bytes, new.state, new.facts) == (old.pk, 5, "pending", {})
    assert new.blob != old.blob
    assert [row.blob for row in DiscardedBlob.objects.all()] == [old.blob]
    assert body(door.get(path)) == b"newer"


def test_tells_a_worker_once_the_row_is_there(
    door, candidate, monkeypatch, django_capture_on_commit_callbacks
):
    told = []
    monkeypatch.setattr(
        wakeups.current_app, "send_task", lambda *call, **how: told.append(call)
    )

    with django_capture_on_commit_callbacks(execute=True):
        door.put(f"{root(candidate)}/a.txt", b"1")

    assert told == [(inspect.name, (Artifact.objects.get().pk,))]


def test_does_without_a_queue(
    door, candidate, monkeypatch, django_capture_on_commit_callbacks
):
    tries = []

    def away(task, arguments, **how):
        tries.append(arguments)
        raise ConnectionError

    monkeypatch.setattr(wakeups.current_app, "send_task", away)
    monkeypatch.setattr(wakeups, "_silent_until", 0.0)

    with django_capture_on_commit_callbacks(execute=True):
        first = door.put(f"{root(candidate)}/a.txt", b"1")
        second = door.put(f"{root(candidate)}/b.txt", b"1")

    assert (first.status_code, second.status_code) == (200, 200)
    # Asking costs seconds when the queue is away.
    assert len(tries) == 1


# ---------------------------------------------------------------- refusals


def test_refuses_a_chunked_body(door, candidate):
    path = f"{root(candidate)}/a.txt"

    answer = door.put_as_it_comes(path, b"data", transfer_encoding="chunked")

    assert refusal(answer) == (411, "INVALID_PARAMETER_VALUE")
    assert not Artifact.objects.exists()


def test_refuses_a_body_that_breaks_off(door, candidate, folder):
    path = f"{root(candidate)}/a.txt"
    door.put(path, b"old")

    answer = door.put_as_it_comes(path, b"only this", content_length="100")

    assert refusal(answer) == INVALID
    assert body(door.get(path)) == b"old"
    assert len(stored(folder)) == 1


def test_refuses_what_is_too_large(door, candidate, settings, folder):
    settings.MAX_ARTIFACT_BYTES = 10

    answer = door.put(f"{root(candidate)}/a.txt", b"eleven bytes")

    assert refusal(answer) == (413, "RESOURCE_EXHAUSTED")
    assert stored(folder) == []


def test_refuses_a_deleted_run(door, candidate, experiment):
    door.put(f"{root(candidate)}/a.txt", b"1")
    candidate.deleted_at = timezone.now()
    candidate.save()
    model = logged_model(experiment, deleted_at=timezone.now())

    assert refusal(door.put(f"{root(candidate)}/b.txt", b"1")) == INVALID
    assert refusal(door.delete(f"{root(candidate)}/a.txt")) == INVALID
    assert refusal(door.put(f"{root(model)}/b.txt", b"1")) == INVALID
    assert body(door.get(f"{root(candidate)}/a.txt")) == b"1"


@pytest.mark.parametrize(
    "first, second",
    [("a", "a/b"), ("a", "a/b/c/d"), ("a/b", "a"), ("a/b/c", "a/b"), ("a/b/c", "a")],
)
def test_refuses_a_file_where_a_folder_is_and_the_reverse(
    door, candidate, first, second
):
    door.put(f"{root(candidate)}/{first}", b"1")

    assert refusal(door.put(f"{root(candidate)}/{second}", b"2")) == INVALID
    assert [row.path for row in Artifact.objects.all()] == [first]


def test_takes_names_that_only_begin_alike(door, candidate):
    for path in ("a", "ab", "a-b/c", "a0/c", "A/c", "a%/c", "a_/c"):
        answer = door.put(f"{root(candidate)}/{path}", b"1")
        assert answer.status_code == 200, path


def test_refuses_a_file_without_a_name(door, candidate):
    for path in (root(candidate), f"{root(candidate)}/", f"{root(candidate)}/a/", ""):
        assert refusal(door.put(path, b"1")) == INVALID


@pytest.mark.parametrize("owner", ["0" * 32, "m-" + "0" * 32])
def test_knows_no_unknown_owner(door, owner):
    path = f"0/{owner}/artifacts/a.txt"

    assert refusal(door.put(path, b"1")) == UNKNOWN
    assert refusal(door.get(path)) == UNKNOWN
    assert refusal(door.delete(path)) == UNKNOWN
    assert door.list(f"0/{owner}/artifacts") == []


def test_keeps_projects_apart(door, candidate, vision):
    theirs = make.candidate(make.experiment(vision))
    Door("/p/vision").put(f"{root(theirs)}/a.txt", b"1")

    assert refusal(door.get(f"{root(theirs)}/a.txt")) == UNKNOWN
    assert refusal(door.put(f"{root(theirs)}/b.txt", b"1")) == UNKNOWN
    assert refusal(door.delete(f"{root(theirs)}/a.txt")) == UNKNOWN
    assert door.list(root(theirs)) == []
    assert Door("/p/vision").names(root(theirs)) == ["a.txt"]


def test_asks_to_come_again_when_too_many_upload(door, candidate, monkeypatch):
    busy = bodies.threading.BoundedSemaphore(1)
    monkeypatch.setattr(bodies, "slots", busy)

    with busy:
        answer = door.put(f"{root(candidate)}/a.txt", b"1")

    assert refusal(answer) == (503, "TEMPORARILY_UNAVAILABLE")
    assert answer["Retry-After"] == "1"
    assert door.put(f"{root(candidate)}/a.txt", b"1").status_code == 200


def test_refuses_a_length_that_is_no_number():
    request = RequestFactory().put("/", b"1")
    for length in ("-1", "1e3", "٣", " 1"):
        request.META["CONTENT_LENGTH"] = length
        with pytest.raises(bodies.Invalid), bodies.opened(request, max_bytes=10):
            pass


def test_says_that_the_storage_is_full(door, candidate, folder, monkeypatch):
    path = f"{root(candidate)}/a.txt"
    door.put(path, b"old")

    def no_room(draft, piece):
        raise Full("The storage has no room left for this file.")

    with monkeypatch.context() as full:
        full.setattr(disk.DiskDraft, "write", no_room)
        answer = door.put(path, b"new")

    assert refusal(answer) == (507, "RESOURCE_EXHAUSTED")
    assert body(door.get(path)) == b"old"
    assert len(stored(folder)) == 1
    assert door.put(path, b"new").status_code == 200


def test_keeps_a_project_within_its_quota(door, candidate, folder, settings):
    settings.PROJECT_QUOTA_BYTES = 10
    assert door.put(f"{root(candidate)}/a.txt", b"123456").status_code == 200

    answer = door.put(f"{root(candidate)}/b.txt", b"12345")

    assert refusal(answer) == (507, "RESOURCE_EXHAUSTED")
    assert "keeps 6 bytes of files, and may keep 10" in answer.json()["message"]
    assert len(stored(folder)) == 1
    assert door.put(f"{root(candidate)}/b.txt", b"1234").status_code == 200


def test_leaves_the_bytes_to_the_sweep_when_the_row_fails(door, candidate, monkeypatch):
    """A kill between keeping the bytes and committing the row: here, an exception."""

    def killed(*args, **fields):
        raise Unavailable("killed")

    with monkeypatch.context() as kill:
        kill.setattr(ingest, "commit", killed)
        door.put(f"{root(candidate)}/a.txt", b"1")

    assert not Artifact.objects.exists()
    assert DiscardedBlob.objects.count() == 1


def test_starts_again_when_the_sweep_may_have_been_quicker(
    door, candidate, monkeypatch
):
    monkeypatch.setattr(ingest, "ADOPT_WITHIN", -ingest.ADOPT_WITHIN)

    answer = door.put(f"{root(candidate)}/a.txt", b"1")

    assert refusal(answer) == (503, "TEMPORARILY_UNAVAILABLE")
    assert not Artifact.objects.exists()
    assert DiscardedBlob.objects.count() == 1


# ---------------------------------------------------------------- deleting


def test_deletes_a_file_or_a_tree(door, candidate):
    for path in ("a/b/c.txt", "a/d.txt", "a.txt", "ab/e.txt"):
        door.put(f"{root(candidate)}/{path}", b"1")

    file = door.delete(f"{root(candidate)}/a.txt")
    tree = door.delete(f"{root(candidate)}/a")
    nothing = door.delete(f"{root(candidate)}/a")

    assert [one.status_code for one in (file, tree, nothing)] == [200, 200, 200]
    assert file.json() == {}
    assert door.names(root(candidate)) == ["ab"]
    assert Artifact.objects.litter().count() == 3


def test_deletes_all_of_a_run_but_never_all_of_a_project(door, candidate):
    door.put(f"{root(candidate)}/a.txt", b"1")
    door.put("b.txt", b"1")

    assert refusal(door.delete("")) == INVALID
    assert door.delete(root(candidate)).status_code == 200

    assert [row.path for row in Artifact.objects.exclude(project=None)] == ["b.txt"]


def test_can_upload_again_after_deleting(door, candidate):
    path = f"{root(candidate)}/a.txt"
    for content in (b"1", b"22", b"333"):
        door.put(path, content)
        door.delete(path)
    door.put(path, b"last")

    assert body(door.get(path)) == b"last"
    assert Artifact.objects.litter().count() == 3


def test_leaves_files_to_the_sweep_when_their_owner_is_purged(door, candidate, vision):
    door.put(f"{root(candidate)}/a.txt", b"1")
    door.put("loose.txt", b"1")
    candidate.delete()

    assert Artifact.objects.litter().count() == 1

    lifecycle.default_project().delete()

    assert Artifact.objects.litter().count() == 2
