"""Files through MLflow's own client, at every tracking URI."""

import time
from urllib.parse import quote

import pytest
import requests
from mlflow.exceptions import MlflowException

NAMES = [
    "plain.txt",
    "with space.txt",
    "plus+sign.txt",
    "100%.txt",
    "grüße-文字.txt",
    "colon:.txt",
    "empty",
]


def artifact_url(client, run, path):
    """Where the client sends a file of a run, for what the client would not send."""
    root = client.get_run(run).info.artifact_uri.removeprefix("mlflow-artifacts:")
    return f"{client.tracking_uri}/api/2.0/mlflow-artifacts/artifacts{root}/{path}"


@pytest.mark.parametrize("folder", ["", "a/b"])
def test_keeps_files_of_every_name(client, run, tmp_path, folder):
    for name in NAMES:
        (tmp_path / name).write_text("" if name == "empty" else f"this is {name}")
        client.log_artifact(run, str(tmp_path / name), folder or None)

    listed = client.list_artifacts(run, folder or None)
    assert sorted(file.path.rpartition("/")[2] for file in listed) == sorted(NAMES)
    for name in NAMES:
        path = f"{folder}/{name}" if folder else name
        fetched = client.download_artifacts(run, path, str(tmp_path))
        with open(fetched) as file:
            assert file.read() == ("" if name == "empty" else f"this is {name}")


@pytest.mark.parametrize("name", ["question?.txt", "per%20cent.txt", "a&b=c.txt"])
def test_keeps_names_that_other_clients_can_send(client, run, name):
    """MLflow's own writes these into the address as they are, where they mean other things."""
    url = artifact_url(client, run, quote(name))

    requests.put(url, data=b"content", timeout=30)

    root = artifact_url(client, run, "").replace("/artifacts/", "/artifacts?path=", 1)
    [listed] = requests.get(root.rstrip("/"), timeout=30).json()["files"]
    assert listed["path"] == name
    assert requests.get(url, timeout=30).content == b"content"


def test_says_how_large_a_file_is(client, run, tmp_path):
    (tmp_path / "five").write_text("12345")

    client.log_artifact(run, str(tmp_path / "five"))

    [listed] = client.list_artifacts(run)
    assert (listed.path, listed.is_dir, listed.file_size) == ("five", False, 5)
    assert client.list_artifacts(run, "five") == []  # a file is no folder


def test_fails_at_once_for_a_file_that_is_not_there(client, run, tmp_path):
    began = time.monotonic()

    with pytest.raises(MlflowException):
        client.download_artifacts(run, "missing/file.txt", str(tmp_path))

    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "path",
    [
        "../up.txt",
        "a/../../up.txt",
        "%2e%2e/up.txt",
        "%252e%252e/up.txt",
        "a/%2e%2e%2fup.txt",
        "sharp%23.txt",
        "a//../up.txt",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_refuses_a_path_that_leaves_the_run(client, run, path, method):
    request = requests.Request(method, "http://nowhere", data=b"x").prepare()
    request.url = artifact_url(client, run, path)  # as it is, with its dots

    answer = requests.Session().send(request, timeout=30)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_serves_nothing_that_a_browser_would_run(client, run):
    url = artifact_url(client, run, quote("page.html"))
    requests.put(url, data=b"<script>alert(1)</script>", timeout=30)

    answer = requests.get(url, timeout=30)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_removes_a_folder_with_all_that_is_in_it(client, run, tmp_path):
    (tmp_path / "file").write_text("x")
    client.log_artifact(run, str(tmp_path / "file"), "folder/deep")

    answer = requests.delete(artifact_url(client, run, "folder"), timeout=30)

    assert answer.status_code == 200
    assert client.list_artifacts(run) == []
