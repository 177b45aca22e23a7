"""Bytes through the server as people run it: cut, slow, large and simultaneous.

What the web server does with bodies cannot be seen through Django's test client.
"""

import hashlib
import os
import random
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import pytest
import requests

from tests.artifacts.conftest import PROXY
from tests.artifacts.test_paths import NAMES
from tests.live import Server

MEGABYTE = 1024**2

pytestmark = pytest.mark.xdist_group("artifact server")

MAKE_CANDIDATES = """
from tracker import lifecycle
experiment = lifecycle.default_project().experiments.get(iid=0)
for _ in range(100):
    print(lifecycle.create_candidate(experiment).artifact_uri)
"""

WAIT_UNTIL_READY = """
import time
from artifacts.models import Artifact
end = time.monotonic() + 100
while time.monotonic() < end:
    states = set(Artifact.objects.filter(candidate__eid="{eid}").values_list("state", flat=True))
    if states == {{"ready"}}:
        break
    time.sleep(0.2)
print(sorted(states))
"""


class Files:
    """A candidate's files on the server, through its real port."""

    def __init__(self, server, artifact_uri):
        self.server = server
        self.root = artifact_uri.removeprefix("mlflow-artifacts:")
        self.eid = self.root.split("/")[2]
        self.session = requests.Session()

    def address(self, name=""):
        return f"{PROXY}{self.root}/{quote(name)}"

    def put(self, name, data, **more):
        url = self.server.url + self.address(name)
        return self.session.put(url, data=data, timeout=60, **more)

    def get(self, name, **more):
        return self.session.get(
            self.server.url + self.address(name), timeout=60, **more
        )

    def names(self, folder=""):
        path = f"{self.root[1:]}/{folder}".removesuffix("/")
        url = self.server.url + PROXY
        answer = self.session.get(url, params={"path": path}, timeout=60)
        return [file["path"] for file in answer.json().get("files", [])]

    def open(self, head, body=b""):
        """A raw connection that has sent this much of a PUT."""
        raw = socket.create_connection(("127.0.0.1", self.server.port), timeout=30)
        raw.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        return raw

    def litter(self):
        drafts = Path(self.server.folder, "artifacts", ".drafts")
        return list(drafts.glob("*"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {}
    if os.environ.get("TRACKER_TEST_DATABASE") == "postgresql":
        settings["TRACKER_DATABASE_URL"] = new_database()
    server = Server(tmp_path_factory.mktemp("bytes") / "data", **settings).start()
    yield server
    server.stop()


def new_database():
    from tests.postgresql import server_url

    url, name = server_url(), f"artifact_server_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    return url.replace("/postgres?", f"/{name}?")


def ask(server, code):
    done = server.manage("shell", "-v", "0", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def artifact_uris(server):
    """One for each test: the server is theirs together."""
    return ask(server, MAKE_CANDIDATES).splitlines()


@pytest.fixture
def files(server, artifact_uris):
    files = Files(server, artifact_uris.pop())
    yield files
    files.session.close()


def noise(size, seed=0):
    return random.Random(seed).randbytes(size)


# ---------------------------------------------------------------- names


def test_keeps_every_name_to_the_byte(files):
    for name in NAMES:
        assert files.put(name, name.encode()).status_code == 200, name

    for name in NAMES:
        assert files.get(name).content == name.encode()
        folder, _, last = name.rpartition("/")
        assert last in files.names(folder)


@pytest.mark.parametrize(
    "escape",
    ["../x", "%2e%2e/x", "..%2fx", "%252e%252e/x", "a%5cb", "a%00b", "%2fx", "a%0ab"],
)
def test_refuses_ways_out_as_they_arrive(files, escape):
    head = f"PUT {files.address()}{escape} HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 4"

    with files.open(head, b"data") as raw:
        answer = raw.recv(1000)

    assert answer.split()[1] == b"400", answer
    assert files.names() == []


# ---------------------------------------------------------------- broken bodies

REST = "Host: 127.0.0.1"
CUTS = {
    "short": (f"{REST}\nContent-Length: 3000000", noise(1_000_000)),
    "nothing": (f"{REST}\nContent-Length: 3000000", b""),
    "one byte missing": (f"{REST}\nContent-Length: 1000", noise(999)),
    "no chunk": (f"{REST}\nTransfer-Encoding: chunked", b""),
    "half a chunk": (f"{REST}\nTransfer-Encoding: chunked", b"ff\r\nabc"),
    "no last chunk": (f"{REST}\nTransfer-Encoding: chunked", b"3\r\nabc\r\n"),
}


@pytest.mark.parametrize("ending", ["closed", "half closed", "reset"])
@pytest.mark.parametrize("cut", CUTS)
def test_keeps_nothing_of_a_body_that_breaks_off(files, cut, ending):
    files.put("old", b"old content")
    headers, body = CUTS[cut]
    for name in ("old", "new"):
        raw = files.open(f"PUT {files.address(name)} HTTP/1.1\n{headers}", body)
        time.sleep(0.05)
        if ending == "half closed":
            raw.shutdown(socket.SHUT_WR)
            answer = raw.recv(1000)
            assert not answer or answer.split()[1] in (b"400", b"411", b"503"), answer
        if ending == "reset":
            option = struct.pack("ii", 1, 0)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        raw.close()

    eventually(lambda: files.litter() == [])
    assert files.get("old").content == b"old content"
    assert files.names() == ["old"]
    assert files.get("new").status_code == 404


def eventually(is_true, seconds=10):
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_takes_an_empty_file_as_the_client_sends_it(files, tmp_path):
    """requests sends a body of unknown length, in chunks, of which there are none."""
    (tmp_path / "empty").touch()
    with open(tmp_path / "empty", "rb") as empty:
        answer = files.put("empty", empty)

    assert answer.request.headers.get("Transfer-Encoding") == "chunked"
    assert answer.status_code == 200
    assert files.get("empty").content == b""


def test_refuses_a_chunked_file(files):
    answer = files.put("a", iter([b"one", b"two"]))

    assert answer.status_code == 411
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert files.names() == []


def test_waits_for_a_client_that_asks_first(files):
    head = (
        f"PUT {files.address('a')} HTTP/1.1\n{REST}\n"
        "Content-Length: 4\nExpect: 100-continue"
    )
    with files.open(head) as raw:
        assert raw.recv(1000).startswith(b"HTTP/1.1 100")
        raw.sendall(b"data")
        assert raw.recv(1000).startswith(b"HTTP/1.1 200")


def test_answers_a_refusal_while_a_large_body_is_still_coming(files):
    """Not with a reset, which a client takes for a reason to try again for minutes."""
    for _ in range(3):
        answer = files.put("a//b", bytes(50 * MEGABYTE))
        assert answer.status_code == 400


# ---------------------------------------------------------------- many at once


def test_keeps_one_of_many_writers_whole(files):
    contents = [noise(2 * MEGABYTE + n, seed=n) for n in range(8)]
    digests = {hashlib.sha256(content).hexdigest() for content in contents}
    files.put("same", contents[0])
    seen = set()
    writing = threading.Event()

    def read():
        with requests.Session() as session:
            while not writing.is_set():
                answer = session.get(
                    files.server.url + files.address("same"), timeout=60
                )
                assert answer.status_code == 200
                seen.add(hashlib.sha256(answer.content).hexdigest())
                assert answer.headers["ETag"].strip('"') in digests

    def write(content):
        return requests.put(
            files.server.url + files.address("same"), data=content, timeout=60
        ).status_code

    with ThreadPoolExecutor(10) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        statuses = list(pool.map(write, contents * 2))
        writing.set()
        for reader in readers:
            reader.result()

    assert statuses == [200] * 16
    assert seen <= digests
    assert files.names() == ["same"]


def test_makes_a_file_or_a_folder_of_a_name(files):
    def write(path):
        url = files.server.url + files.address(path)
        return requests.put(url, data=b"data", timeout=60).status_code

    for attempt in range(5):
        paths = [f"{attempt}", f"{attempt}/b", f"{attempt}/b/c", f"{attempt}/d/e"] * 2
        with ThreadPoolExecutor(8) as pool:
            statuses = set(pool.map(write, paths))

        assert statuses == {200, 400}
        folder, file = files.names(f"{attempt}"), files.get(f"{attempt}")
        assert bool(folder) != (file.status_code == 200)
        assert not (files.get(f"{attempt}/b").ok and files.get(f"{attempt}/b/c").ok)


def test_serves_others_while_uploads_stall(files):
    head = f"PUT {files.address('stalled')} HTTP/1.1\n{REST}\nContent-Length: 1000"
    stalled = [files.open(head, b"one byte") for _ in range(60)]
    try:
        started = time.monotonic()
        assert files.put("other", b"data").status_code == 200
        assert files.get("other").content == b"data"
        assert files.names() == ["other"]
        assert time.monotonic() - started < 3
    finally:
        for raw in stalled:
            raw.close()
    assert files.names() == ["other"]


def test_serves_others_while_downloads_are_not_read(files):
    files.put("large", bytes(20 * MEGABYTE))
    head = f"GET {files.address('large')} HTTP/1.1\n{REST}"
    unread = [files.open(head) for _ in range(30)]
    try:
        time.sleep(0.5)
        started = time.monotonic()
        assert files.put("other", b"data").status_code == 200
        assert files.get("other").content == b"data"
        assert sorted(files.names()) == ["large", "other"]
        assert time.monotonic() - started < 5
    finally:
        for raw in unread:
            raw.close()


# ---------------------------------------------------------------- large ones


class Memory:
    """The most that any process of the server grows by, while in the block."""

    def __init__(self, server):
        self.processes = server.processes()
        self.growth = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def __enter__(self):
        self.before = {p: p.memory_info().rss for p in self.processes}
        self.thread.start()
        return self

    def __exit__(self, *problem):
        self.stopped.set()
        self.thread.join()

    def watch(self):
        while not self.stopped.wait(0.02):
            for process, before in self.before.items():
                try:
                    grown = process.memory_info().rss - before
                except psutil.NoSuchProcess:
                    continue
                self.growth = max(self.growth, grown)


def test_holds_no_file_in_memory(files, tmp_path):
    size = 300 * MEGABYTE
    large = tmp_path / "large"
    digest = hashlib.sha256()
    with open(large, "wb") as file:
        for n in range(300):
            piece = noise(MEGABYTE, seed=n)
            digest.update(piece)
            file.write(piece)
    files.put("first", b"one request, so that all is loaded")

    with Memory(files.server) as memory, open(large, "rb") as file:
        assert files.put("large", file).status_code == 200
        received = hashlib.sha256()
        with files.get("large", stream=True) as answer:
            assert answer.headers["Content-Length"] == str(size)
            for piece in answer.iter_content(MEGABYTE):
                received.update(piece)

    assert received.digest() == digest.digest()
    assert memory.growth < 48 * MEGABYTE
    tail = files.get("large", headers={"Range": f"bytes={size - 5}-"})
    assert (tail.status_code, len(tail.content)) == (206, 5)


# ---------------------------------------------------------------- afterwards


def test_looks_into_files_soon_after_their_upload(files):
    files.put("a.csv", b"a,b\n1,2\n")
    files.put("b.txt", b"text")

    assert ask(files.server, WAIT_UNTIL_READY.format(eid=files.eid)) == "['ready']"
