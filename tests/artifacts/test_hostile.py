"""A folder of hostile files: each is stored as it is, named for what it is, and harms nobody.

All go through ingestion in a process of its own with little memory to spare: a bomb that
goes off ends the process, and the test with it.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import textwrap
import zipfile
import zlib
from pathlib import Path

import pytest
from django.db import connection

from artifacts import archives, inspection
from tests.artifacts.test_contents import image, png_header

# One process makes the folder, and looks at it, for all of them.
pytestmark = pytest.mark.xdist_group("hostile files")

MEGABYTE = 1024**2
# What a process may take beside what it has when it begins.
ROOM_BYTES = 400 * MEGABYTE
SECONDS = 60


def tarred(*entries, form=""):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=f"w:{form}") as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def entry(name, kind=tarfile.REGTYPE, link=""):
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def zipped(entries):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


def zip_with_a_million_entries():
    """One stored file, named a million times by the list."""
    local = zipped([("a", b"1")])
    line = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", *(20, 3, 20, 0), *[0] * 4, 0, 1, 1, 1,
                       *[0] * 4, 0, 0) + b"a"  # fmt: skip
    count = 1_000_000
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(line) * count, len(local), 0
    )
    return local + line * count + end


def zip_that_lies():
    """Its list says the file has four gigabytes; there are two bytes."""
    data = bytearray(zipped([("small", b"ab")]))
    at = data.index(b"PK\1\2")
    data[at + 24 : at + 28] = b"\xfe\xff\xff\xff"
    return bytes(data)


def tar_that_lies():
    """A header of names that claims gigabytes."""
    header = entry("x", tarfile.XHDTYPE)
    header.size = 8 * 1024**3
    return header.tobuf(tarfile.GNU_FORMAT) + bytes(10 * MEGABYTE)


def quine(depth):
    """A zip in a zip in a zip."""
    data = zipped([("bottom", bytes(MEGABYTE))])
    for _ in range(depth):
        data = zipped([("inside.zip", data)])
    return data


def png_bomb():
    """60,000 by 60,000 pixels of one colour, in a few kilobytes that say so truly."""

    def chunk(name, body):
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    size = 60_000
    head = struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0)
    rows = zlib.compressobj(9)
    line = bytes(1 + size // 8)
    body = b"".join(rows.compress(line) for _ in range(size)) + rows.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )  # fmt: skip


class Malice:
    """Runs when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def yaml_bomb():
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    for n in range(1, 12):
        lines.append(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]")
    return "\n".join(lines).encode()


def lzma_that_wants_memory():
    made = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2,
                               "preset": 0}])  # fmt: skip
    data = bytearray(made.compress(b"x" * 100) + made.flush())
    at = 12  # the block header: size, flags, filter id, size of properties, dictionary
    data[at + 4] = 39  # close to the most there is: four gigabytes
    end = at + (data[at] + 1) * 4 - 4
    data[end : end + 4] = struct.pack("<I", zlib.crc32(bytes(data[at:end])))
    return bytes(data)


def write_all(folder, marker):
    deep = b"[" * 1_000_000
    files = {
        "gzip-bomb.gz": gzip.compress(bytes(300 * MEGABYTE), 1),
        "bzip2-bomb.bz2": bz2.compress(bytes(50 * MEGABYTE)),
        "xz-bomb.xz": lzma.compress(bytes(300 * MEGABYTE), preset=0),
        "xz-memory.xz": lzma_that_wants_memory(),
        "tar-bomb.tar.gz": gzip.compress(
            tarred((entry("zeros"), bytes(300 * MEGABYTE))), 1
        ),
        "million.zip": zip_with_a_million_entries(),
        "lies.zip": zip_that_lies(),
        "lies.tar": tar_that_lies(),
        "lies.tar.gz": gzip.compress(tar_that_lies()),
        "nested.zip": quine(40),
        "slip.zip": zipped([("../../../etc/passwd", b"1"), ("/abs", b"2")]),
        "links.tar": tarred(
            (entry("out", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (entry("hard", tarfile.LNKTYPE, "../../x"), b""),
            (entry("dev", tarfile.CHRTYPE), b""),
            (entry("../slip"), b"1"),
        ),
        "many.tar": tarred(*((entry(f"f{n}"), b"") for n in range(12_000))),
        "cut.zip": zipped([("a", b"1")])[:-10],
        "cut.tar.gz": gzip.compress(tarred((entry("a"), bytes(100_000))))[:60],
        "deep.json": deep,
        "deep-closed.json": deep + b"]" * 1_000_000,
        "deep.ipynb": b'{"nbformat": 4, "cells": ' + b"[" * 100_000,
        "strange.ipynb": json.dumps(
            {
                "nbformat": 4,
                "cells": [1, None, {"source": [1, {}]}, {"source": 7}],
                "metadata": [],
                "extra": "\ud800\0",
            }
        ).encode(),  # fmt: skip
        "huge-number.json": b"1" * 100_000,
        "60000.png": png_bomb(),
        "claims.png": png_header(60_000, 60_000),
        "cut.png": image()[:100],
        "polyglot.png": image() + zipped([("inside.html", b"<script>1</script>")]),
        "polyglot.zip": b"<html><script>alert(1)</script>" + zipped([("a", b"1")]),
        "script.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "entities.svg": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><svg>&a;</svg>',
        "model.pkl": pickle.dumps(Malice(marker)),
        "old.pkl": pickle.dumps(Malice(marker), 0),
        "torch.pt": zipped([("archive/data.pkl", pickle.dumps(Malice(marker)))]),
        "sound.wav": b"RIFF\xff\xff\xff\xffWAVEfmt " + b"\xff" * 1000,
        "film.mp4": b"\xff\xff\xff\xffftypisom" + b"\xff" * 1000,
        "film.webm": b"\x1aE\xdf\xa3" + b"\x01" + b"\xff" * 1000,
        "tune.mp3": b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\xff\xfb" * 5000,
        "nul.txt": b"text" + bytes(100),
        "wide.csv": b"," * 2 * MEGABYTE,
        "quotes.csv": b'"' + b"a" * MEGABYTE,
        "bidi.txt": "\u202egnp.exe".encode(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    for number, bomb in enumerate(
        [yaml_bomb(), b"!!python/object/apply:os.system ['touch %s']"
         % os.fsencode(marker), b"a: " + b"[" * 100_000]
    ):  # fmt: skip
        (folder / f"yaml-{number}").mkdir()
        (folder / f"yaml-{number}" / "MLmodel").write_bytes(bomb)


# What runs in the process of its own: uploads by the verb, the worker's own inspection.
DRIVER = textwrap.dedent("""
    import json, resource, sys, time
    from pathlib import Path
    import django
    django.setup()
    from django.core.management import call_command
    call_command("migrate", verbosity=0)
    from artifacts import ingest, inspection, previews
    from artifacts.models import Artifact
    from artifacts.paths import Place
    from tests import make
    candidate = make.candidate(make.experiment(make.project("hostile")))
    folder, room = Path(sys.argv[1]), int(sys.argv[2])
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + room
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    told = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(folder))
        pieces = iter(lambda file=path.open("rb"): file.read(65536), b"")
        made = ingest.receive(
            Place(candidate, name), pieces, size_bytes=path.stat().st_size
        )
        began = time.monotonic()
        inspection.inspect(inspection.claim(made.pk))
        seconds = time.monotonic() - began
        made = Artifact.objects.get(pk=made.pk)
        shown = previews.preview(made)
        told[name] = [made.state, made.content_type, made.facts, shown.kind, seconds,
                      made.problem]
    print(json.dumps(told))
""")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What ingestion says of every hostile file, and a marker that no code may touch."""
    if connection.vendor != "sqlite":
        pytest.skip("it has a database of its own, and that is always SQLite")
    home = tmp_path_factory.mktemp("hostile")
    (home / "files").mkdir()
    marker = home / "marker"
    write_all(home / "files", marker)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TRACKER_")
    }
    environment |= {
        "DJANGO_SETTINGS_MODULE": "tracker.settings",
        "TRACKER_DATA_DIR": str(home / "data"),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    run = subprocess.run(
        [sys.executable, "-c", DRIVER, str(home / "files"), str(ROOM_BYTES)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=home,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    answer = json.loads(run.stdout)
    assert not marker.exists()
    assert {path.name for path in home.iterdir()} == {"files", "data"}
    return answer


def test_every_file_is_ready_and_none_takes_long(told):
    unfinished = {name: rest for name, rest in told.items() if rest[0] != "ready"}
    slow = {name: rest[4] for name, rest in told.items() if rest[4] > SECONDS}

    assert not unfinished
    assert not slow
    print({name: round(rest[4], 1) for name, rest in told.items() if rest[4] > 0.5})


@pytest.mark.parametrize(
    ("name", "content_type", "facts"),
    [
        ("gzip-bomb.gz", "application/gzip", {}),
        ("tar-bomb.tar.gz", "application/gzip", {"entries": 1}),
        ("million.zip", "application/zip", {"entries": 0, "entries_are_all": False}),
        ("lies.zip", "application/zip", {"entries": 1}),
        ("lies.tar", "application/x-tar", {"entries": 0, "entries_are_all": False}),
        ("nested.zip", "application/zip", {"entries": 1}),
        ("slip.zip", "application/zip", {"entries": 2}),
        ("links.tar", "application/x-tar", {"entries": 4, "entries_are_all": True}),
        ("many.tar", "application/x-tar", {"entries": archives.MAX_ENTRIES}),
        ("deep.json", "text/plain", {"kind": "text"}),
        ("deep-closed.json", "text/plain", {"kind": "text"}),
        ("strange.ipynb", "application/json", {"cells": 1, "outline": []}),
        ("60000.png", "image/png", {}),
        ("polyglot.png", "image/png", {"width": 400}),
        ("polyglot.zip", "application/octet-stream", {"kind": "other"}),
        ("model.pkl", "application/x-pickle", {"kind": "other"}),
        ("torch.pt", "application/zip", {"entries": 1}),
        ("yaml-1/MLmodel", "application/yaml", {"kind": "model"}),
    ],
)
def test_is_named_for_what_it_is(told, name, content_type, facts):
    _, found, known, *_ = told[name]

    assert found == content_type
    assert {key: known[key] for key in facts} == facts


@pytest.mark.parametrize(
    "name",
    ["60000.png", "claims.png", "cut.png", *(f"yaml-{n}/MLmodel" for n in range(3))],
)
def test_says_why_there_is_no_more(told, name):
    facts = told[name][2]

    assert facts.get("unreadable") or facts.get("too_large"), facts


def test_shows_nothing_that_could_run(told):
    kinds = {rest[3] for rest in told.values()}

    assert kinds <= {
        "none",
        "text",
        "json",
        "table",
        "notebook",
        "image",
        "audio",
        "video",
    }
    assert {told[name][3] for name in ("script.svg", "entities.svg")} == {"text"}
    assert told["polyglot.zip"][3] == "none"


def test_a_parser_that_never_ends_is_ended(candidate, monkeypatch):
    from tests.artifacts.test_checking import upload

    def forever(*arguments):
        while True:
            pass

    monkeypatch.setattr(inspection, "MAX_SECONDS", 0.2)
    monkeypatch.setattr(inspection.archives, "archive_facts", forever)

    artifact = upload(candidate, "endless.zip", zipped([("a", b"1")]))

    assert artifact.state == "failed"
    assert artifact.problem == "It took longer than 0.2 seconds."


def test_a_long_look_keeps_its_lease(candidate, monkeypatch):
    import time

    from tests.artifacts.test_checking import upload

    renewals = []
    monkeypatch.setattr(inspection, "RENEW_SECONDS", 0.05)
    monkeypatch.setattr(inspection, "renew", renewals.append)
    monkeypatch.setattr(
        inspection.archives, "archive_facts", lambda *_: time.sleep(0.3) or {}
    )

    assert upload(candidate, "slow.zip", zipped([("a", b"1")])).state == "ready"
    assert len(renewals) >= 3
