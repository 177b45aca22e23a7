"""What a page can show of a file: a head, as text, and a sentence where there is nothing."""

import json

import pytest

from artifacts import disk, previews, storage, tasks
from artifacts.models import Artifact
from tests.artifacts.conftest import root
from tests.artifacts.test_contents import image, png_header
from tracker.errors import Unavailable


@pytest.fixture
def shown(door, candidate):
    def shown(name, data, *, is_looked_at=True):
        door.put(f"{root(candidate)}/{name}", data)
        artifact = Artifact.objects.get(folder="", name=name)
        if is_looked_at:
            tasks.inspect(artifact.pk)
            artifact.refresh_from_db()
        return previews.preview(artifact)

    return shown


@pytest.mark.parametrize("is_looked_at", [True, False])
def test_shows_text(shown, is_looked_at):
    found = shown("a.log", "naïve\n".encode("latin-1"), is_looked_at=is_looked_at)

    assert (found.kind, found.content, found.truncated) == ("text", "naïve\n", False)


def test_shows_the_head_of_a_long_text(shown, monkeypatch):
    read = []
    head = storage.head
    monkeypatch.setattr(
        storage, "head", lambda blob, size: (read.append(size), head(blob, size))[1]
    )

    found = shown("a.log", b"x" * 1_000_000, is_looked_at=False)

    assert (len(found.content), found.truncated) == (256 * 1024, True)
    assert read == [256 * 1024]


def test_shows_a_table(shown):
    found = shown("a.csv", b"a,b\n1,<script>\n" * 300)

    assert (found.kind, found.truncated) == ("table", True)
    assert found.content.header == ["a", "b"]
    assert len(found.content.rows) == 200
    assert found.content.rows[0] == ["1", "<script>"]


def test_shows_a_table_that_is_none_as_text(shown):
    assert shown("a.csv", b'"' + b"x" * 200_000).kind == "text"


def test_shows_json_with_a_line_for_each_value(shown):
    found = shown("a.json", b'{"b":[1,NaN],"a":"\xc3\xa9"}')

    assert found.kind == "json"
    assert found.content == json.dumps(
        {"b": [1, float("nan")], "a": "é"}, indent=2
    ).replace("\\u00e9", "é")


def test_never_writes_deep_json_out_whole(shown):
    deep = b"[" * 500 + b"1," * 100_000 + b"1" + b"]" * 500

    found = shown("a.json", deep)

    assert (found.kind, len(found.content), found.truncated) == (
        "json",
        256 * 1024,
        True,
    )


@pytest.mark.parametrize(
    "data", [b"{", b'{"a": "' + b"x" * 300_000 + b'"}', b"[" * 100_000]
)
def test_shows_other_json_as_text(shown, data):
    found = shown("a.json", data)

    assert found.kind == "text"
    assert found.truncated == (len(data) > 256 * 1024)


def test_shows_images(shown):
    large = shown("a.png", image(size=(900, 600)))
    small = shown("b.png", image(size=(30, 20)))

    assert large == previews.Preview("image", previews.Picture(900, 600, True))
    assert small == previews.Preview("image", previews.Picture(30, 20, False))


@pytest.mark.parametrize(
    "name, data, reason",
    [
        ("a.png", png_header(60_000, 60_000), "cannot be read"),
        ("a.png", png_header(9_000, 9_000), "9000 × 9000"),
        ("a.png", image()[:100], "cannot be read"),
        ("a.bin", b"\x00\x01", "cannot be shown"),
        ("a.txt", b"", "empty"),
    ],
)
def test_says_why_there_is_nothing_to_show(shown, name, data, reason):
    found = shown(name, data)

    assert (found.kind, found.content) == ("none", None)
    assert reason in found.reason


def test_shows_markup_as_text(shown):
    found = shown("a.svg", b"<svg onload=alert(1)>")

    assert (found.kind, found.content) == ("text", "<svg onload=alert(1)>")


def test_waits_for_an_image_to_be_looked_at(shown):
    assert "in a moment" in shown("a.png", image(), is_looked_at=False).reason


def test_says_when_the_bytes_cannot_be_read(shown, candidate, folder, monkeypatch):
    shown("a.txt", b"data")
    artifact = Artifact.objects.get()

    def away(*args):
        raise Unavailable("away")

    with monkeypatch.context() as outage:
        outage.setattr(disk.Disk, "open", away)
        assert "cannot be read now" in previews.preview(artifact).reason
    (folder / artifact.blob).unlink()
    assert "missing" in previews.preview(artifact).reason
