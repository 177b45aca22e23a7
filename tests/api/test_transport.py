"""What only a real server shows: bodies without a length, and lengths without a body."""

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.api.words import INVALID

CREATE = "/api/2.0/mlflow/experiments/create"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def connection(live):
    opened = HTTPConnection(urlsplit(live.url).netloc, timeout=30)
    yield opened
    opened.close()


def answer(connection):
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_reads_a_body_that_comes_in_chunks(connection):
    connection.request("POST", CREATE, iter([b'{"name":', b'"chunks"}']), JSON)

    status, body = answer(connection)

    assert (status, list(body)) == (200, ["experiment_id"])


def test_refuses_an_empty_body_in_chunks(connection):
    connection.request("POST", CREATE, iter([]), JSON)

    status, body = answer(connection)

    assert (status, body["error_code"]) == INVALID


def test_stops_reading_chunks_at_the_limit(connection):
    megabyte = b"x" * 1024**2
    connection.request("POST", CREATE, iter([b'{"name":"', *[megabyte] * 9]), JSON)

    status, body = answer(connection)

    assert (status, body["error_code"]) == (413, "RESOURCE_EXHAUSTED")


def test_refuses_a_length_over_the_limit_before_the_body_comes(connection):
    connection.putrequest("POST", CREATE)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(10**11))
    connection.endheaders(b"{")

    status, body = answer(connection)

    assert (status, body["error_code"]) == (413, "RESOURCE_EXHAUSTED")
