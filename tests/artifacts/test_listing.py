"""Listing folders, on the wire and for pages."""

import time

import pytest
from django.utils import timezone

from artifacts import listing
from artifacts.models import Artifact
from tests import make
from tests.artifacts.conftest import root
from tests.artifacts.test_upload import INVALID, UNKNOWN, logged_model, refusal


def files(owner, *paths, size_bytes=1):
    """Rows without bytes."""
    Artifact.objects.bulk_create(
        Artifact(
            project_id=owner.project_id,
            candidate=owner,
            folder=path.rpartition("/")[0],
            name=path.rpartition("/")[2],
            blob=f"{owner.pk}/{path}",
            size_bytes=size_bytes,
            sha256="0" * 64,
            uploaded_at=timezone.now(),
        )
        for path in paths
    )


def test_lists_one_level_by_name(door, candidate):
    files(candidate, "b.txt", "a/x.txt", "a/y/z.txt", "B.txt", "c/d/e.txt")

    assert door.list(root(candidate)) == [
        {"path": "B.txt", "is_dir": False, "file_size": 1},
        {"path": "a", "is_dir": True},
        {"path": "b.txt", "is_dir": False, "file_size": 1},
        {"path": "c", "is_dir": True},
    ]
    assert door.names(f"{root(candidate)}/a") == ["x.txt", "y"]
    assert door.names(f"{root(candidate)}/a/") == ["x.txt", "y"]
    assert door.names(f"{root(candidate)}/c") == ["d"]


def test_lists_a_file_and_what_is_unknown_as_empty(door, candidate):
    """The client takes a path for a folder when its list is not empty."""
    files(candidate, "a/x.txt")

    for path in ("a/x.txt", "unknown", "a/x.txt/y", "A"):
        assert door.list(f"{root(candidate)}/{path}") == []
    answer = door.client.get(door.root, {"path": f"{root(candidate)}/a/x.txt"})
    assert answer.json() == {}


@pytest.mark.parametrize(
    "folder", ["a_b", "a%b", "A", "a", "a'b", "é", "a b", "a[b]", "a*", "a/b_c", "a/B"]
)
def test_takes_no_folder_for_another(door, candidate, folder):
    """Not by case, not by a pattern, not by what comes next in some alphabet."""
    others = [
        "axb/n",
        "AB/n",
        "a-b/n",
        "a.b/n",
        "a0/n",
        "aé/n",
        "E/n",
        "a/bxc/n",
        "Z/n",
    ]
    files(candidate, f"{folder}/in/side.txt", *others)

    assert door.names(f"{root(candidate)}/{folder}") == (
        ["in"] if folder != "a" else ["bxc", "in"]
    )
    found = {one.name: one.files for one in listing.folders(candidate, folder)}
    assert found["in"] == 1


def test_counts_what_is_below(candidate, experiment):
    files(candidate, "a/1", "a/b/2", "a/b/c/3", "d", size_bytes=10)
    files(make.candidate(experiment), "a/1")

    level = listing.folder(candidate)

    assert level.folders == [listing.Folder("a", "a", 3, 30)]
    assert [file.path for file in level.files] == ["d"]
    assert listing.folder(candidate, "a").folders == [listing.Folder("a/b", "b", 2, 20)]
    assert listing.totals(candidate) == (4, 40)
    assert listing.totals(candidate, "a/b") == (2, 20)
    assert listing.totals(candidate, "x") == (0, 0)


def test_finds_files_by_a_part_of_their_path(candidate):
    files(candidate, "plots/Loss.png", "plots/acc.png", "model/MLmodel")

    assert [file.path for file in listing.matching(candidate, "loss")] == [
        "plots/Loss.png"
    ]
    assert len(listing.matching(candidate, "plots/")) == 2
    assert not listing.matching(candidate, "%")


def test_costs_the_same_for_three_or_thirty(door, candidate, django_assert_num_queries):
    door.list("")  # the local owner is made once
    for paths in (["a/1", "b", "c"], [f"{n}/x/y" for n in range(30)]):
        files(candidate, *paths)

        # run, files, folders
        with django_assert_num_queries(3):
            door.list(root(candidate))


def test_lists_many_files_by_their_rows(door, candidate):
    files(candidate, *[f"images/{n}.png" for n in range(20_000)])

    started = time.perf_counter()
    at_root = door.list(root(candidate))
    inside = door.list(f"{root(candidate)}/images")
    seconds = time.perf_counter() - started

    assert at_root == [{"path": "images", "is_dir": True}]
    assert len(inside) == 20_000
    assert seconds < 5  # ten times what it takes on a quiet machine


# ---------------------------------------------------------------- the tracking routes


def test_lists_a_run_by_paths_from_its_root(api, candidate):
    files(candidate, "d/e.txt", "f.txt")

    assert api.get("artifacts/list", run_id=candidate.eid) == (
        200,
        {
            "root_uri": candidate.artifact_uri,
            "files": [
                {"path": "d", "is_dir": True},
                {"path": "f.txt", "is_dir": False, "file_size": 1},
            ],
        },
    )
    status, body = api.get("artifacts/list", run_uuid=candidate.eid, path="d/")
    assert body["files"] == [{"path": "d/e.txt", "is_dir": False, "file_size": 1}]
    for path in ("x", "f.txt"):
        status, body = api.get("artifacts/list", run_id=candidate.eid, path=path)
        assert (status, body) == (200, {"root_uri": candidate.artifact_uri})


def test_refuses_a_list_of_nothing(door, api, candidate):
    def asked(**query):
        return refusal(door.client.get(f"{api.root}artifacts/list", query))

    assert asked() == INVALID
    assert asked(run_id="0" * 32) == UNKNOWN
    assert asked(run_id=candidate.eid, path="..") == INVALID


def test_lists_a_model(api, experiment, door):
    model = logged_model(experiment)
    door.put(f"{root(model)}/sub/MLmodel", b"1")
    route = f"logged-models/{model.eid}/artifacts/directories"

    status, body = api.get(route)

    assert (status, body["files"]) == (200, [{"path": "sub", "is_dir": True}])
    assert body["root_uri"] == model.artifact_uri
    status, body = api.get(route, artifact_directory_path="sub")
    assert [file["path"] for file in body["files"]] == ["sub/MLmodel"]
    unknown = route.replace(model.eid, "m-" + "0" * 32)
    assert api.get(unknown)[0] == 404
