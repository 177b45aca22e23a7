"""Downloading: ranges, validators, and headers under which nothing can run."""

import email.message
from urllib.parse import unquote

import pytest

from artifacts import downloads
from artifacts.models import Artifact
from tests import make
from tests.artifacts.conftest import Door, body, read, root
from tests.artifacts.test_upload import INVALID, UNKNOWN, logged_model, refusal

TEN = b"0123456789"


@pytest.fixture
def path(door, candidate):
    """A file of ten bytes."""
    path = f"{root(candidate)}/ten.txt"
    door.put(path, TEN)
    return path


def test_names_the_file_and_runs_nothing(door, path):
    answer = door.get(path)

    assert body(answer) == TEN
    assert answer["Content-Type"] == "text/plain"
    assert answer["Content-Length"] == "10"
    assert answer["Content-Disposition"] == "attachment; filename=ten.txt"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"].startswith("private")
    assert answer["ETag"] == f'"{Artifact.objects.get().sha256}"'
    assert answer["Last-Modified"].endswith("GMT")


def test_answers_head_without_a_body(door, path):
    answer = door.head(path)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Content-Length"] == "10"
    assert answer["ETag"] == door.get(path)["ETag"]
    assert door.head(f"{path}.not").status_code == 404


@pytest.mark.parametrize(
    "asked, expected, span",
    [
        ("bytes=0-0", b"0", "0-0"),
        ("bytes=2-4", b"234", "2-4"),
        ("bytes=7-", b"789", "7-9"),
        ("bytes=-3", b"789", "7-9"),
        ("bytes=-99", TEN, "0-9"),
        ("bytes=5-99", b"56789", "5-9"),
        ("bytes=0-99999999999999999999999", TEN, "0-9"),
        ("bytes= 1-2 ", b"12", "1-2"),
    ],
)
def test_answers_one_range(door, path, asked, expected, span):
    answer = door.get(path, range=asked)

    assert answer.status_code == 206
    assert body(answer) == expected
    assert answer["Content-Range"] == f"bytes {span}/10"
    assert answer["Content-Length"] == str(len(expected))


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=10-",
        "bytes=99-100",
        "bytes=5-2",
        "bytes=-0",
        "bytes=-",
        "bytes=abc",
        "bytes=1-x",
        "bytes=١-٢",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_refuses_a_range_that_is_none(door, path, asked):
    answer = door.get(path, range=asked)

    assert refusal(answer) == (416, "INVALID_PARAMETER_VALUE")
    assert answer["Content-Range"] == "bytes */10"


@pytest.mark.parametrize(
    "asked", ["items=0-1", "bytes=0-1,3-4", "bytes=" + ",".join(["0-1"] * 20), "x"]
)
def test_answers_several_ranges_with_the_whole(door, path, asked):
    answer = door.get(path, range=asked)

    assert (answer.status_code, body(answer)) == (200, TEN)


def test_refuses_any_range_of_an_empty_file(door, candidate):
    door.put(f"{root(candidate)}/empty", b"")

    assert door.get(f"{root(candidate)}/empty", range="bytes=0-").status_code == 416


def test_resumes_only_the_same_content(door, path):
    whole = door.get(path)
    etag, modified = whole["ETag"], whole["Last-Modified"]

    for same in (etag, modified):
        answer = door.get(path, range="bytes=1-2", if_range=same)
        assert (answer.status_code, body(answer)) == (206, b"12")
    for other in ('"another"', f"W/{etag}", "Sat, 01 Jan 2000 00:00:00 GMT", "x"):
        answer = door.get(path, range="bytes=1-2", if_range=other)
        assert (answer.status_code, body(answer)) == (200, TEN)


def test_sends_nothing_that_the_client_has(door, path):
    whole = door.get(path)

    by_tag = door.get(path, if_none_match=whole["ETag"])
    by_date = door.get(path, if_modified_since=whole["Last-Modified"])
    by_both = door.get(path, if_none_match=whole["ETag"], range="bytes=0-1")

    for answer in (by_tag, by_date, by_both):
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer["ETag"] == whole["ETag"]
    door.put(path, b"changed")
    assert body(door.get(path, if_none_match=whole["ETag"])) == b"changed"


@pytest.mark.parametrize(
    "name, expected",
    [
        ("a.txt", "text/plain"),
        ("a.json", "text/plain"),
        ("a.CSV", "text/plain"),
        ("MLmodel", "text/plain"),
        ("MLproject", "text/plain"),
        ("page.html", "text/plain"),
        ("drawing.svg", "text/plain"),
        ("script.js", "text/plain"),
        ("feed.xml", "text/plain"),
        ("notebook.ipynb", "text/plain"),
        ("b.pkl", "application/octet-stream"),
        ("page.xhtml", "application/octet-stream"),
        ("page.mhtml", "application/octet-stream"),
        ("flash.swf", "application/octet-stream"),
        ("noextension", "application/octet-stream"),
        ("c.png", "image/png"),
        ("c.webp", "image/webp"),
        ("d.pdf", "application/pdf"),
    ],
)
def test_sends_only_types_that_cannot_run(door, candidate, name, expected):
    door.put(f"{root(candidate)}/{name}", b"<script>alert(1)</script>")

    for address in (
        door.url(f"{root(candidate)}/{name}"),
        f"/get-artifact?run_id={candidate.eid}&path={name}",
    ):
        answer = door.raw("GET", address)
        assert answer["Content-Type"] == expected
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name",
    [
        "plain.txt",
        "dog+step+20+timestamp+100.png",
        "dog%step%20.png",
        "with space.txt",
        'quote".txt',
        "semi;colon, comma.txt",
        "é – ключ.txt",
        "🙂.png",
    ],
)
def test_says_any_name(name):
    header = downloads.disposition("attachment", name)

    assert header.isascii()
    if name.isascii():
        message = email.message.Message()
        message["Content-Disposition"] = header
        assert message.get_filename() == name
    else:
        assert unquote(header.partition("filename*=UTF-8''")[2]) == name


def test_leaves_plain_names_unquoted():
    """As the reference does, and its tests expect."""
    name = "dog+step+20+timestamp+100"
    assert downloads.disposition("attachment", name) == f"attachment; filename={name}"


def test_knows_folders_and_absent_files(door, candidate):
    door.put(f"{root(candidate)}/a/b.txt", b"1")

    assert refusal(door.get(f"{root(candidate)}/a")) == INVALID
    assert refusal(door.get(root(candidate))) == INVALID
    assert refusal(door.get(f"{root(candidate)}/c")) == UNKNOWN
    assert refusal(door.get("c")) == UNKNOWN


def test_says_when_the_bytes_are_gone(door, path, folder):
    (folder / Artifact.objects.get().blob).unlink()

    assert refusal(door.get(path)) == UNKNOWN


# ---------------------------------------------------------------- the tracking routes


def test_hands_out_by_run(api, door, candidate):
    door.put(f"{root(candidate)}/a/b c.txt", b"1")

    for argument in ("run_id", "run_uuid"):
        answer = door.client.get(
            "/get-artifact", {argument: candidate.eid, "path": "a/b c.txt"}
        )
        assert body(answer) == b"1"

    def asked(**query):
        return refusal(door.client.get("/get-artifact", query))

    assert asked() == INVALID
    assert asked(run_id=candidate.eid) == INVALID
    assert asked(path="a/b c.txt") == INVALID
    assert asked(run_id=candidate.eid, path="a") == INVALID
    assert asked(run_id=candidate.eid, path="x") == UNKNOWN
    assert asked(run_id="0" * 32, path="x") == UNKNOWN


def test_hands_out_by_run_below_every_tracking_uri(candidate, vision):
    for prefix in (
        "",
        "/p/default",
        f"/api/v4/projects/{candidate.project_id}/ml/mlflow",
    ):
        door = Door(prefix)
        door.put(f"{root(candidate)}/a.txt", prefix.encode())
        query = {"run_id": candidate.eid, "path": "a.txt"}
        assert body(door.client.get(f"{prefix}/get-artifact", query)) == prefix.encode()
    other = door.client.get("/p/vision/get-artifact", query)
    assert refusal(other) == UNKNOWN


def test_hands_out_by_model(door, experiment):
    model = logged_model(experiment)
    door.put(f"{root(model)}/sub/MLmodel", b"flavors: {}")
    address = f"/ajax-api/2.0/mlflow/logged-models/{model.eid}/artifacts/files"

    answer = door.client.get(address, {"artifact_file_path": "sub/MLmodel"})

    assert body(answer) == b"flavors: {}"
    assert refusal(door.client.get(address)) == (400, "BAD_REQUEST")
    assert refusal(door.client.get(address, {"artifact_file_path": "x"})) == UNKNOWN
    only_there = address.replace("/ajax-api", "/api")
    assert refusal(door.client.get(only_there)) == (404, "ENDPOINT_NOT_FOUND")


def test_takes_small_files_from_a_browser(door, candidate):
    address = "/ajax-api/2.0/mlflow/upload-artifact"

    def upload(data=b"data", **query):
        return door.client.generic(
            "POST", address, data, "text/plain", query_params=query
        )

    query = {"run_uuid": candidate.eid, "path": "a/b.txt"}
    assert (upload(**query).status_code, upload(**query).content) == (200, b"")
    assert body(door.get(f"{root(candidate)}/a/b.txt")) == b"data"
    assert upload(run_id=candidate.eid, path="c.txt").status_code == 200

    for wrong, says in [
        (upload(path="x"), "run_uuid"),
        (upload(run_uuid=candidate.eid), "path"),
        (upload(b"", **query), "data"),
        (upload(b"x" * (10 * 1024**2 + 1), **query), "too large"),
        (upload(run_uuid=candidate.eid, path="../x"), "Invalid path"),
    ]:
        assert refusal(wrong) == INVALID
        assert says in wrong.json()["message"]
    assert refusal(upload(run_uuid="0" * 32, path="x")) == UNKNOWN


@pytest.mark.parametrize(
    "method, address",
    [
        ("POST", "/api/2.0/mlflow-artifacts/mpu/create/0/x/artifacts"),
        ("POST", "/api/2.0/mlflow-artifacts/mpu/complete/0/x/artifacts"),
        ("POST", "/api/2.0/mlflow-artifacts/mpu/abort/0/x/artifacts"),
        ("GET", "/api/2.0/mlflow-artifacts/presigned/0/x/artifacts/a.txt"),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url"),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-download-url"),
    ],
)
def test_offers_no_transfers_past_it(door, method, address):
    assert refusal(door.raw(method, address)) == (501, "NOT_IMPLEMENTED")


# ---------------------------------------------------------------- for pages


@pytest.fixture
def image(door, candidate, folder):
    """A large image whose thumbnail has been made."""
    door.put(f"{root(candidate)}/loss.png", b"png bytes")
    artifact = Artifact.objects.get()
    artifact.state = "ready"
    artifact.content_type = "image/png"
    artifact.facts = {"width": 900, "height": 600, "thumbnail_bytes": 5}
    artifact.save()
    (folder / artifact.thumbnail_blob).write_bytes(b"small")
    return artifact


def test_shows_images_in_place(image, rf):
    answer = read(downloads.content(rf.get("/"), image))
    small = read(downloads.content(rf.get("/"), image, thumbnail=True))

    assert (body(answer), answer["Content-Type"]) == (b"png bytes", "image/png")
    assert (body(small), small["Content-Type"]) == (b"small", "image/webp")
    assert small["Content-Length"] == "5"
    assert answer["ETag"] != small["ETag"]
    for one in (answer, small):
        assert one["Content-Disposition"].startswith("inline")
        assert "sandbox" in one["Content-Security-Policy"]
        assert one["X-Content-Type-Options"] == "nosniff"


def test_shows_an_image_without_a_thumbnail_as_itself(image, rf):
    del image.facts["thumbnail_bytes"]

    assert body(downloads.content(rf.get("/"), image, thumbnail=True)) == b"png bytes"


@pytest.mark.parametrize(
    "change",
    [
        {"state": "pending"},
        {"state": "failed"},
        {"content_type": "image/svg+xml"},
        {"content_type": "text/html"},
        {"facts": {"unreadable": "broken"}},
        {"facts": {"width": 9, "height": 9, "too_large": True}},
    ],
)
def test_shows_nothing_else_in_place(image, rf, change):
    for name, value in change.items():
        setattr(image, name, value)

    answer = downloads.content(rf.get("/"), image, thumbnail=True)

    assert answer["Content-Disposition"].startswith("attachment")
    assert body(answer) == b"png bytes"


# ---------------------------------------------------------------- model versions


@pytest.fixture
def versions(door, candidate):
    """Versions 1 to 5 of a model: a run's folder, a logged model in two ways, a copy of it,
    and one that is elsewhere.
    """
    eid, project = candidate.eid, candidate.project
    model = make.logged_model(candidate.experiment, name="clf", source_run_id=eid)
    door.put(f"{root(candidate)}/tree/MLmodel", b"of the run")
    door.put(f"1/models/{model.eid}/artifacts/MLmodel", b"of the model")
    registered = make.registered_model(project, "churn")
    make.version(registered, f"runs:/{eid}/tree", run_id=eid)
    make.version(registered, f"runs:/{eid}/clf", run_id=eid)
    make.version(registered, f"models:/{model.eid}", model_id=model.eid)
    make.version(registered, "models:/churn/3")
    make.version(registered, "s3://bucket/path")
    return registered


def of_version(door, version, path="MLmodel", **query):
    query = {"name": "churn", "version": version, "path": path} | query
    return door.client.get("/model-versions/get-artifact", query)


def test_hands_out_by_version(door, versions):
    assert body(of_version(door, "1")) == b"of the run"
    for version in "234":
        answer = of_version(door, version)
        assert body(answer) == b"of the model"
        assert answer["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"version": "5"}, UNKNOWN),
        ({"version": "9"}, UNKNOWN),
        ({"name": "nobody"}, UNKNOWN),
        ({"path": "nobody"}, UNKNOWN),
        ({"version": "x"}, INVALID),
        ({"version": ""}, INVALID),
        ({"name": ""}, INVALID),
        ({"path": ""}, INVALID),
        ({"path": "../MLmodel"}, INVALID),
        ({"presigned": "x"}, INVALID),
    ],
)
def test_hands_out_no_other(door, versions, query, expected):
    assert refusal(of_version(door, **{"version": "1"} | query)) == expected


def test_offers_no_way_past_this_server(door, versions):
    assert of_version(door, "1", presigned="true").status_code == 501
    assert door.client.get("/p/vision/model-versions/get-artifact").status_code == 404
