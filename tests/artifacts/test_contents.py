"""Recognising what bytes are, hostile ones included."""

import io
import json
import struct
import tracemalloc
import zlib

import pytest
from PIL import Image

from artifacts import contents
from artifacts.contents import Kind


def recognised(name, data):
    found = contents.recognise(name, data, is_whole=True)
    return found.kind, found.content_type


def image(format="PNG", size=(400, 300), mode="RGB", **how):
    made = io.BytesIO()
    Image.new(mode, size).save(made, format, **how)
    return made.getvalue()


def png_header(width, height):
    """A PNG that claims these dimensions, and ends after its header."""

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + pixels + chunk(b"IEND", b"")


def picture(data):
    return contents.picture(io.BytesIO(data), len(data))


@pytest.mark.parametrize(
    "name, data, kind, content_type",
    [
        ("a.txt", image(), Kind.IMAGE, "image/png"),
        ("a.png", image("JPEG"), Kind.IMAGE, "image/jpeg"),
        ("a", image("GIF"), Kind.IMAGE, "image/gif"),
        ("a", image("WEBP"), Kind.IMAGE, "image/webp"),
        ("a.png", b"no image", Kind.TEXT, "text/plain"),
        ("a.png", b"<svg onload=alert(1)>", Kind.TEXT, "image/svg+xml"),
        ("a", b'<?xml version="1.0"?>\n<svg/>', Kind.TEXT, "image/svg+xml"),
        ("a.png", b" \n<!DOCTYPE html><script>", Kind.TEXT, "text/html"),
        ("a.csv", b"a,b\n1,2\n", Kind.TABLE, "text/csv"),
        ("a.tsv", b"a\tb\n1\t2\n", Kind.TABLE, "text/tab-separated-values"),
        ("a.json", b"{}", Kind.JSON, "application/json"),
        ("a", b' {"a": 1}', Kind.JSON, "application/json"),
        ("a.ipynb", b"{}", Kind.JSON, "application/json"),
        ("MLmodel", b"flavors: {}", Kind.MODEL, "application/yaml"),
        ("conda.yaml", b"a: 1", Kind.TEXT, "application/yaml"),
        ("README.md", b"# Hello", Kind.TEXT, "text/markdown"),
        ("train.py", b"import os", Kind.TEXT, "text/x-python"),
        ("model.pkl", b"\x80\x04\x95.", Kind.OTHER, "application/x-pickle"),
        ("a.bin", b"\x00\x01\x02", Kind.OTHER, "application/octet-stream"),
        ("a.txt", b"text\x00more", Kind.OTHER, "application/octet-stream"),
        ("a.csv", b"\x1f\x8b\x08", Kind.ARCHIVE, "application/gzip"),
        ("a", b"%PDF-1.7", Kind.OTHER, "application/pdf"),
        ("empty", b"", Kind.TEXT, "text/plain"),
    ],
)
def test_recognises_by_content(name, data, kind, content_type):
    assert recognised(name, data) == (kind, content_type)


@pytest.mark.parametrize("start", [b"BMW", b"ID3", b"BZh", b"PAR1", b"OggS", b"RIFF"])
def test_takes_no_word_for_a_signature(start):
    assert recognised("a.txt", start + b" is a word\n")[0] == Kind.TEXT


@pytest.mark.parametrize(
    "data, encoding, text",
    [
        ("naïve – ключ 🙂".encode(), "utf-8", "naïve – ключ 🙂"),
        ("naïve".encode("latin-1"), "cp1252", "naïve"),
        ("€ – “".encode("cp1252"), "cp1252", "€ – “"),
        (b"\xff\xfe" + "ключ".encode("utf-16-le"), "utf-16", "ключ"),
        (b"\xfe\xff" + "ключ".encode("utf-16-be"), "utf-16", "ключ"),
        (b"\xef\xbb\xbfabc", "utf-8-sig", "abc"),
        (b"\x1b[31mred\x1b[0m\tlog\r\n", "utf-8", "\x1b[31mred\x1b[0m\tlog\r\n"),
        (b"\x81\x8d", "cp1252", "��"),
    ],
)
def test_reads_text_in_its_encoding(data, encoding, text):
    assert contents.encoding_of(data, is_whole=True) == encoding
    assert contents.text(data, encoding, is_whole=True) == text


def test_drops_a_character_that_is_cut_in_two():
    head = "aé".encode()[:-1]

    assert contents.encoding_of(head, is_whole=False) == "utf-8"
    assert contents.text(head, "utf-8", is_whole=False) == "a"
    assert contents.encoding_of(head, is_whole=True) == "cp1252"


# ---------------------------------------------------------------- tables


def test_reads_the_corner_of_a_table():
    wide = ",".join(f"c{n}" for n in range(60))
    text = wide + "\n" + (wide + "\n") * 300

    found = contents.table(text, ",", rows=200, is_whole=True)

    assert (len(found.header), len(found.rows), found.is_cut) == (50, 200, True)


def test_drops_a_row_that_is_cut_in_two():
    found = contents.table("a,b\n1,2\n3,4\n5", ",", rows=200, is_whole=False)

    assert (found.rows, found.is_cut) == ([["1", "2"], ["3", "4"]], True)


@pytest.mark.parametrize(
    "name, text, delimiter",
    [
        ("a.csv", "a,b\n1;1,2", ","),
        ("a.csv", "a;b\n1,5;2", ";"),
        ("a.csv", "a\tb", "\t"),
        ("a.csv", "a|b|c", "|"),
        ("a.csv", "one column", ","),
        ("a.tsv", "a,b", "\t"),
    ],
)
def test_finds_the_delimiter(name, text, delimiter):
    assert contents.delimiter_of(name, text) == delimiter


def test_leaves_formulas_as_the_text_they_are():
    text = 'name,value\n=HYPERLINK("http://x"),+1\n@SUM(A1),-2\n'

    found = contents.table(text, ",", rows=200, is_whole=True)

    assert found.rows == [['=HYPERLINK("http://x")', "+1"], ["@SUM(A1)", "-2"]]


@pytest.mark.parametrize(
    "text, rows",
    [
        ("a,b\n1,2\n3,4\n", 2),
        ("a,b\n1,2\n3,4", 2),
        ('a,b\n"one\ntwo",2\n\n\n3,4\n', 2),
        ("a,b\r\n1,2\r\n", 1),
        ("a,b\n", 0),
        ("", 0),
    ],
)
def test_counts_rows_and_not_lines(text, rows):
    assert contents.count_rows(io.BytesIO(text.encode()), "utf-8", ",") == rows


def test_gives_up_on_a_field_without_end():
    text = '"' + "x" * 200_000

    assert contents.table(text, ",", rows=200, is_whole=True) is None
    assert contents.count_rows(io.BytesIO(text.encode()), "utf-8", ",") is None
    assert contents.table_facts("a.csv", text, is_whole=True) is None


# ---------------------------------------------------------------- JSON and MLmodel


@pytest.mark.parametrize(
    "value, shape, looks_like",
    [
        ({"data": [], "layout": {}}, "dict", "plotly"),
        (
            {"$schema": "https://vega.github.io/schema/vega-lite/v5.json"},
            "dict",
            "vega",
        ),
        ({"columns": ["a"], "data": [[1]]}, "dict", "table"),
        ({"cells": [], "nbformat": 4}, "dict", "notebook"),
        ({"a": 1}, "dict", ""),
    ],
)
def test_tells_well_known_documents(value, shape, looks_like):
    facts = contents.json_facts(json.dumps(value))

    said = {"shape": shape, "entries": len(value), "looks_like": looks_like}
    assert facts.items() >= said.items()


@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, '{"a":' * 100_000, "1" * 5000, "{'a': 1}", "// x\n{}"]
)
def test_refuses_what_is_no_json(text):
    with pytest.raises(ValueError):
        contents.json_facts(text)


MLMODEL = """\
artifact_path: model
flavors:
  python_function: {loader_module: mlflow.sklearn}
  sklearn: {pickled_model: model.pkl}
mlflow_version: 3.17.2
model_id: m-0f3c
run_id: 4bc7
model_size_bytes: 1234
signature:
  inputs: '[{"name": "x", "type": "double"}]'
  outputs: '[{"type": "long"}]'
  params: null
utc_time_created: '2026-01-01 00:00:00'
"""


def test_reads_what_a_model_says():
    assert contents.model_facts(MLMODEL) == {
        "flavors": ["python_function", "sklearn"],
        "mlflow_version": "3.17.2",
        "model_id": "m-0f3c",
        "run_id": "4bc7",
        "model_size_bytes": "1234",
        "utc_time_created": "2026-01-01 00:00:00",
        "signature": {
            "inputs": '[{"name": "x", "type": "double"}]',
            "outputs": '[{"type": "long"}]',
        },
    }


def bomb():
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    return "\n".join([*lines, "flavors: *a29"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list",
        "a: [",
        "!!python/object/apply:os.system ['touch /tmp/harmed']",
        "a: !!python/name:os.system",
        "a: " + "[" * 10_000,
        "x: &x [*x]\n" * 2 + bomb(),
        "a: \x00",
        "a: 2026-99-99",
    ],
)
def test_survives_a_hostile_model(text):
    with pytest.raises(ValueError):
        contents.model_facts(text)


def test_keeps_little_of_a_large_model():
    text = (
        "run_id: "
        + "x" * 100_000
        + "\nflavors: {"
        + "".join(f"f{n}: 1, " for n in range(1000))
    )

    facts = contents.model_facts(text + "}")

    assert (len(facts["run_id"]), len(facts["flavors"])) == (500, 50)


# ---------------------------------------------------------------- images


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_makes_a_small_picture_of_a_large_one(format):
    facts, thumbnail = picture(image(format, (1000, 500)))

    assert facts == {"width": 1000, "height": 500, "thumbnail_bytes": len(thumbnail)}
    with Image.open(io.BytesIO(thumbnail)) as small:
        assert (small.format, small.size) == ("WEBP", (320, 160))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_makes_thumbnails_of_every_kind_of_pixel(mode):
    facts, thumbnail = picture(image("PNG", (400, 400), mode))

    assert thumbnail, facts


def test_shows_the_range_of_a_picture_with_more_than_eight_bits():
    made = io.BytesIO()
    deep = Image.new("I;16", (400, 400), 1000)
    deep.paste(3000, (0, 0, 200, 400))
    deep.save(made, "PNG")

    _, thumbnail = picture(made.getvalue())

    with Image.open(io.BytesIO(thumbnail)) as small:
        left, right = (
            small.convert("L").getpixel((10, 10)),
            small.convert("L").getpixel((300, 10)),
        )
    assert left > 245 and right < 10


def test_turns_a_photo_as_the_camera_says():
    made = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (800, 400)).save(made, "JPEG", exif=exif)

    _, thumbnail = picture(made.getvalue())

    with Image.open(io.BytesIO(thumbnail)) as small:
        assert small.size == (160, 320)


def test_leaves_a_small_image_as_it_is():
    assert picture(image(size=(32, 32))) == ({"width": 32, "height": 32}, None)


def test_decodes_no_huge_image():
    tracemalloc.start()

    facts, thumbnail = picture(png_header(10_000, 9_000))

    assert (facts, thumbnail) == (
        {"width": 10_000, "height": 9_000, "too_large": True},
        None,
    )
    facts, thumbnail = picture(png_header(60_000, 60_000))
    assert (list(facts), thumbnail) == (["unreadable"], None)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [
        png_header(4000, 4000),
        image()[:200],
        image("JPEG")[:300],
        image("GIF")[:20],
        image("WEBP")[:40],
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 100,
        b"GIF89a" + b"\xff" * 100,
        b"\xff\xd8\xff" + b"\x00" * 100,
        b"",
    ],
)
def test_says_that_a_broken_image_cannot_be_read(data):
    facts, thumbnail = picture(data)

    assert facts["unreadable"] and thumbnail is None
    assert "<" not in facts["unreadable"]  # no object's name, and so no path of ours


def test_opens_only_the_formats_that_pages_show():
    """Fewer parsers for a stranger's bytes."""
    assert "unreadable" in picture(image("TIFF"))[0]
    assert "unreadable" in picture(image("BMP"))[0]
