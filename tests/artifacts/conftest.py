"""A storage of each test's own, and the door to it."""

import json
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from django.core.files.storage import storages
from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import Client

from tests import make
from tests.live import free_port
from tracker import environment

PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """Where the bytes lie: a folder of the test's own."""
    place = tmp_path / "artifacts"
    use_storage(
        settings,
        "django.core.files.storage.FileSystemStorage",
        {"location": str(place)},
    )
    return place


def use_storage(settings, backend, options):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": backend, "OPTIONS": options},
    }


@pytest.fixture
def candidate(experiment):
    return make.candidate(experiment)


@pytest.fixture(scope="session")
def s3():
    """The address of an S3 server: a process of its own, which keeps objects in memory."""
    address = f"http://127.0.0.1:{free_port()}"
    program = Path(sys.executable).with_name("moto_server")
    port = address.rpartition(":")[2]
    server = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", port],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def wait_for(address, server):
    deadline = time.monotonic() + 60
    while True:
        try:
            return urlopen(address, timeout=5).close()
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture
def bucket(s3, settings, monkeypatch):
    """The storage is an empty bucket; this is boto3's client for it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    described = environment.storage("s3://tracker/some/prefix", s3)
    use_storage(settings, described["BACKEND"], described["OPTIONS"])
    client = storages["default"].connection.meta.client
    client.create_bucket(Bucket="tracker")
    yield client
    urlopen(Request(f"{s3}/moto-api/reset", method="POST")).close()
    client.close()


class Door:
    """The artifact proxy, as MLflow's client uses it: paths as they are, encoded once."""

    def __init__(self, prefix: str = ""):
        self.client = Client()
        self.root = prefix + PROXY

    def url(self, path):
        return f"{self.root}/{quote(path, safe='/')}"

    def put(self, path, data=b"", **headers):
        return self.raw("PUT", self.url(path), data, **headers)

    def get(self, path, **headers):
        return self.raw("GET", self.url(path), **headers)

    def head(self, path, **headers):
        return self.raw("HEAD", self.url(path), **headers)

    def delete(self, path):
        return self.raw("DELETE", self.url(path))

    def put_as_it_comes(self, path, data, **headers):
        """A body that ends where it ends, whatever the headers say."""
        return self.client.generic(
            "PUT", self.url(path), headers=headers, **{"wsgi.input": BytesIO(data)}
        )

    def raw(self, method, url, data=b"", **headers):
        """Any address, as it is."""
        return read(
            self.client.generic(
                method, url, data, "application/octet-stream", headers=headers
            )
        )

    def list(self, path):
        answer = self.client.get(self.root, {"path": path})
        assert answer.status_code == 200, answer.content
        return json.loads(answer.content).get("files", [])

    def names(self, path):
        return [file["path"] for file in self.list(path)]


@pytest.fixture
def door(db):
    return Door()


def root(candidate):
    """Where a candidate's files are, as its artifact URI says."""
    return candidate.artifact_uri.removeprefix("mlflow-artifacts:/")


def read(response):
    """Take the bytes of a download, whether or not the test looks at them."""
    if response.streaming:
        response.body = b"".join(response.streaming_content)
        # As Django's client does: the test's transaction is on this connection.
        request_finished.disconnect(close_old_connections)
        response.close()
        request_finished.connect(close_old_connections)
    return response


def body(response):
    return response.body if hasattr(response, "body") else read(response).body
