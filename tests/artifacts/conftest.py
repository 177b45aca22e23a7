"""A storage of each test's own, and the door to it."""

import json
from io import BytesIO
from urllib.parse import quote

import pytest
from django.test import Client

from tests import make

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
        return self.client.generic(
            method, url, data, "application/octet-stream", headers=headers
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


def body(response):
    return b"".join(response.streaming_content)
