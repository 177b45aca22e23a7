"""Which paths are refused, and that the others come back as they were."""

import pytest

from artifacts import paths
from artifacts.models import Artifact
from tests.artifacts.conftest import PROXY, body, root
from tracker.errors import Invalid

# As they stand in an address, after the owner's root.
ESCAPES = [
    "../x",
    "../../../../etc/passwd",
    "a/../../x",
    "a/..",
    "./x",
    "a/./x",
    "a//x",
    "/x",
    "//etc/passwd",
    "%2e%2e/x",
    "%2e%2e%2fx",
    "..%2fx",
    ".%2e/x",
    "%2E%2E/x",
    "%252e%252e/x",
    "%252e%252e%252fx",
    "..%252fx",
    "%25252e%25252e%25252fx",
    "%2fetc%2fpasswd",
    "%252fetc%252fpasswd",
    "..;/x",
    "..;a=b/x",
    "%2e%2e;/x",
    "..%5cx",
    "..%255cx",
    "a%5cb",
    "%5cetc",
    "C:/x",
    "C:%5cx",
    "c:",
    "C%3A%2Fx",
    "C%253A%252Fx",
    "file:/etc/passwd",
    "file:///etc/passwd",
    "file%3A%2F%2F%2Fetc",
    "a%00b",
    "a%2500b",
    "%00",
    "a%0ab",
    "a%0d%0ab",
    "a%09b",
    "a%1bb",
    "a%7fb",
    "a%c2%85b",
    "a%23b",
    "%" + "25" * 12 + "41",
    "%" + "25" * 5000,
    "x" * 256,
    "%C3%A9" * 128,
    "/".join(["a"] * 65),
    "/".join(["x" * 200] * 6),
]


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_refuses_every_way_out(door, candidate, folder, method, escape):
    answer = door.raw(method, f"{PROXY}/{root(candidate)}/{escape}", b"data")

    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert not Artifact.objects.exists()
    assert not folder.exists()


@pytest.mark.parametrize("escape", ESCAPES)
def test_lists_no_way_out(door, candidate, escape):
    address = f"{PROXY}?path={root(candidate)}/{escape.replace(';', '%3B')}"

    answer = door.raw("GET", address)

    # A query is decoded with “�” where an address is refused: then it is an unknown folder.
    assert answer.status_code == 400 or answer.json() == {}


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize(
    "address",
    [
        "/get-artifact?run_id={eid}&path={path}",
        "/api/2.0/mlflow/artifacts/list?run_id={eid}&path={path}",
        "/ajax-api/2.0/mlflow/upload-artifact?run_uuid={eid}&path={path}",
    ],
)
def test_refuses_them_in_a_query_too(door, candidate, folder, address, escape):
    path = escape.replace(";", "%3B")
    method = "POST" if "upload" in address else "GET"

    answer = door.raw(method, address.format(eid=candidate.eid, path=path), b"data")

    if "�" in str(answer.wsgi_request.GET):
        return  # not an address: the characters are gone before anyone can mistake them
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert not folder.exists()


@pytest.mark.parametrize("decoration", ["../", "%2e%2e/", "%252e%252e/", "/", "a//"])
def test_refuses_them_before_the_owner(door, candidate, decoration):
    address = f"{PROXY}/{decoration}{root(candidate)}/a.txt"

    assert door.raw("PUT", address, b"data").status_code == 400


NAMES = [
    "a b.txt",
    " leading and trailing ",
    "what?.txt",
    "100%.txt",
    "dog%step%100%timestamp%100",
    "dog+step+20+timestamp+100+uuid.png",
    "a%20b.txt",
    "50%25.txt",
    "step:1/a:b.txt",
    "ключ/图像/é.png",
    "e\u0301.txt",
    "emoji 🙂.png",
    "a&b=c;d.txt",
    "quote'\"<>.txt",
    "...",
    "..a",
    "a..b",
    "a.",
    "~",
    "$HOME/`id`",
    "*",
    "[x]{y}",
    "x" * 255,
    "é" * 127,
    "/".join(["a"] * 64),
    "CON",
    ".drafts/x",
    "-rf",
]


@pytest.mark.parametrize("name", NAMES)
def test_keeps_every_other_name(door, candidate, name):
    path = f"{root(candidate)}/{name}"

    assert door.put(path, name.encode()).status_code == 200

    assert Artifact.objects.get().path == name
    assert body(door.get(path)) == name.encode()
    folder, _, last = path.rpartition("/")
    assert [file for file in door.list(folder) if not file["is_dir"]] == [
        {"path": last, "is_dir": False, "file_size": len(name.encode())}
    ]
    assert door.delete(path).status_code == 200
    assert door.get(path).status_code == 404


@pytest.mark.parametrize("name", ["%ff", "a%fe%ffb", "%c0%ae%c0%ae/x", "%ed%a0%80"])
def test_keeps_bytes_that_are_no_text_by_their_escapes(door, candidate, name):
    address = f"{PROXY}/{root(candidate)}/{name}"

    assert door.raw("PUT", address, b"data").status_code == 200

    assert Artifact.objects.get().path.lower() == name
    assert body(door.raw("GET", address)) == b"data"


def test_tells_composed_characters_apart(door, candidate):
    door.put(f"{root(candidate)}/\u00e9", b"one")
    door.put(f"{root(candidate)}/e\u0301", b"two")

    assert door.names(root(candidate)) == ["e\u0301", "\u00e9"]
    assert body(door.get(f"{root(candidate)}/\u00e9")) == b"one"


def test_refuses_a_lone_surrogate():
    with pytest.raises(Invalid, match="Unicode"):
        paths.clean("a\ud800b")


def test_quotes_little_of_a_refused_path():
    with pytest.raises(Invalid) as problem:
        paths.clean("x/" * 100_000 + "\x1b")
    assert len(problem.value.message) < 300
