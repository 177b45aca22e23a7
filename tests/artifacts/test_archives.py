"""What archives, notebooks, sounds and films say about themselves."""

import io
import json
import struct
import tarfile
import wave

import pytest

from artifacts import archives, contents, media, notebooks
from tests.artifacts.test_hostile import entry, tarred, zipped


def listed(data, content_type):
    return archives.archive_facts(io.BytesIO(data), content_type)


@pytest.mark.parametrize(
    ("form", "content_type"),
    [
        ("", "application/x-tar"),
        ("gz", "application/gzip"),
        ("bz2", "application/x-bzip2"),
        ("xz", "application/x-xz"),
    ],
)
def test_lists_a_tar_however_it_is_compressed(form, content_type):
    data = tarred(
        (entry("model/MLmodel"), b"flavors"),
        (entry("empty"), b""),
        (entry("model/weights"), bytes(300_000)),
        (entry("a" * 150 + "/" + "é" * 90), b"1"),  # names of more than a header
        form=form,
    )

    facts = listed(data, content_type)

    assert facts["listing"][:3] == [
        ["model/MLmodel", 7],
        ["empty", 0],
        ["model/weights", 300_000],
    ]
    assert (facts["entries"], facts["unpacked_bytes"]) == (4, 300_008)
    assert facts["entries_are_all"]
    assert facts["format"] == (form or "tar")


def test_lists_a_zip():
    facts = listed(zipped([("a/b.txt", b"12345"), ("c", b"")]), "application/zip")

    assert facts["listing"] == [["a/b.txt", 5], ["c", 0]]
    assert (facts["entries"], facts["unpacked_bytes"]) == (2, 5)


def test_keeps_the_first_names_and_counts_the_rest(monkeypatch):
    monkeypatch.setattr(archives, "MAX_LISTED", 2)
    many = tarred(*((entry(f"f{n}"), b"1") for n in range(5)))

    facts = listed(many, "application/x-tar")

    assert (len(facts["listing"]), facts["entries"]) == (2, 5)
    assert facts["entries_are_all"]


def test_a_single_compressed_file_is_no_archive():
    import gzip

    assert listed(gzip.compress(b"one line\n" * 1000), "application/gzip") == {
        "format": "gz",
        "is_single": True,
    }


def test_a_tar_that_ends_early_is_listed_as_far_as_it_goes():
    data = tarred((entry("a"), bytes(1000)), (entry("b"), bytes(100_000)))

    facts = listed(data[:20_000], "application/x-tar")

    assert facts["listing"][0] == ["a", 1000]
    assert not facts["entries_are_all"]


def test_tells_the_outline_of_a_notebook():
    notebook = {
        "nbformat": 4,
        "metadata": {"kernelspec": {"language": "python"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# Title #\n", "text\n", "## Part"]},
            {"cell_type": "code", "source": "x = 1\n```\n# no heading"},
            {"cell_type": "markdown", "source": "```\n# code\n```\n### Deep"},
        ],
    }

    facts = notebooks.notebook_facts(notebook)
    text = notebooks.as_markdown(json.loads(json.dumps(notebook)))

    assert facts == {
        "cells": 3,
        "code_cells": 1,
        "language": "python",
        "outline": [[1, "Title"], [2, "Part"], [3, "Deep"]],
    }
    assert "````python\nx = 1\n```\n# no heading\n````" in text


def sound(seconds=3, rate=8000):
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(4 * rate * seconds))
    return made.getvalue()


def webm(milliseconds):
    scale = bytes.fromhex("2AD7B184") + (1_000_000).to_bytes(4)
    duration = bytes.fromhex("448988") + struct.pack(">d", milliseconds)
    info = bytes.fromhex("1549A966") + bytes([0x80 | len(scale + duration)])
    segment = bytes.fromhex("18538067") + b"\x01" + b"\xff" * 7
    return bytes.fromhex("1A45DFA380") + segment + info + scale + duration


def mp4(seconds):
    def atom(name, body):
        return struct.pack(">I4s", 8 + len(body), name) + body

    mvhd = struct.pack(">5I", 0, 0, 0, 1000, int(seconds * 1000)) + bytes(80)
    return atom(b"ftyp", b"isom" + bytes(4)) + atom(b"moov", atom(b"mvhd", mvhd))


def avi(frames, all_frames=None):
    def chunk(name, body):
        return struct.pack("<4sI", name, len(body)) + body

    # 40 milliseconds each.
    header = chunk(b"avih", struct.pack("<14I", 40_000, 0, 0, 0, frames, *[0] * 9))
    if all_frames:
        header += chunk(
            b"LIST", b"odml" + chunk(b"dmlh", struct.pack("<I", all_frames))
        )
    films = chunk(b"LIST", b"hdrl" + header) + chunk(b"LIST", b"movi")
    return chunk(b"RIFF", b"AVI " + films)


def aac(frames, size=207):
    """Of 1024 samples each, at 48 kHz."""
    header = 0xFFF1_4C80_0000_FC | size << 13
    return (header.to_bytes(7) + bytes(size - 7)) * frames


@pytest.mark.parametrize(
    ("data", "content_type", "seconds"),
    [
        (sound(), "audio/wav", 3.0),
        (webm(12_500), "video/webm", 12.5),
        (mp4(7.5), "video/mp4", 7.5),
        (avi(250), "video/x-msvideo", 10.0),
        (avi(250, all_frames=750), "video/x-msvideo", 30.0),
        (aac(100), "audio/aac", 2.133),
        (aac(21_000), "audio/aac", 448.0),  # more than is read
    ],
)
def test_tells_how_long_it_lasts(data, content_type, seconds):
    assert media.media_facts(io.BytesIO(data), content_type)["seconds"] == seconds


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (sound(), "audio/wav"),
        (avi(1), "video/x-msvideo"),
        (aac(2), "audio/aac"),
        (aac(1), "audio/aac"),
        (aac(1) + b"and then others", "application/octet-stream"),
        ("ÿñ is how old texts begin".encode("cp1252"), "text/plain"),
        (b"FORM\0\0\0\x2eAIFFCOMM", "audio/aiff"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "image/avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic"),
    ],
)
def test_knows_it_without_a_name(data, content_type):
    assert contents.recognise("x", data, is_whole=True).content_type == content_type


def test_finds_nothing_in_a_film_of_which_the_header_is_missing():
    cut = avi(250)[:40]

    assert media.media_facts(io.BytesIO(cut), "video/x-msvideo").keys() == {
        "unreadable"
    }
    assert media.media_facts(io.BytesIO(b"\xff\xf1"), "audio/aac") == {}


def test_says_nothing_of_films_that_were_written_while_they_were_made():
    assert media.media_facts(io.BytesIO(mp4(0)), "video/mp4") == {}


def test_tells_a_film_in_ogg_from_a_sound():
    head = b"OggS\x00\x02" + bytes(22) + b"\x80theora"

    recognised = contents.recognise("film.ogv", head, is_whole=True)

    assert recognised == (contents.Kind.VIDEO, "video/ogg", "")


def test_tars_are_read_without_being_kept():
    """tarfile remembers each entry; over a hostile archive that fills the memory."""
    kept = []
    file = archives.Guarded(
        io.BytesIO(tarred(*((entry(f"{n}"), b"") for n in range(9))))
    )
    original = tarfile.TarFile.next

    def next_and_look(self):
        found = original(self)
        kept.append(len(self.members))
        return found

    tarfile.TarFile.next = next_and_look
    try:
        assert len(list(archives.tarred(file))) == 9
    finally:
        tarfile.TarFile.next = original
    assert max(kept) <= 2
