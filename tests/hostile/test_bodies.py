"""Bodies that are no message, on every route that reads one."""

import gzip
import json

import pytest
from django.test import Client
from msgspec import inspect

from tests import make
from tests.api import test_every_endpoint as urls
from tests.hostile import leaks
from tracker import lifecycle, routes
from tracker.api.endpoint import EndpointView
from tracker.models import Experiment

DEEP = 200_000
DEEPER_THAN_ALLOWED = b"[" * 64 + b"]" * 64  # within an object
IPV = (400, "INVALID_PARAMETER_VALUE")
FINE = (200, None)

# Sent to experiments/create.
BODIES = {
    "truncated": (b'{"name": "a', [IPV]),
    "empty": (b"", [IPV]),
    "blank": (b" \n\t ", [IPV]),
    "list": (b"[]", [IPV]),
    "list of one": (b'[{"name": "a"}]', [IPV]),
    "number": (b"7", [IPV]),
    "true": (b"true", [IPV]),
    "null": (b"null", [IPV]),
    "text": (b'"name"', [IPV]),
    "encoded twice": (json.dumps(json.dumps({"name": "a"})).encode(), [FINE]),
    "encoded thrice": (json.dumps(json.dumps('{"name": "a"}')).encode(), [IPV]),
    "no UTF-8": (b'{"name": "\xff\xfe"}', [IPV]),
    "overlong UTF-8": (b'{"name": "\xc0\xaf"}', [IPV]),
    "surrogate in UTF-8": (b'{"name": "\xed\xa0\x80"}', [IPV]),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), [IPV]),
    "byte order mark": (b'\xef\xbb\xbf{"name": "a"}', [IPV]),
    "trailing comma": (b'{"name": "a",}', [IPV]),
    "comment": (b'{"name": "a" /* b */}', [IPV]),
    "single quotes": (b"{'name': 'a'}", [IPV]),
    "two values": (b'{"name": "a"}{"name": "b"}', [IPV]),
    "nested lists": (b'{"name": ' + b"[" * DEEP + b"]" * DEEP + b"}", [IPV]),
    "nested lists, unknown": (b'{"x": ' + b"[" * DEEP + b"]" * DEEP + b"}", [IPV]),
    "as deep as allowed": (
        b'{"name": "a", "x": ' + DEEPER_THAN_ALLOWED[1:-1] + b"}",
        [FINE],
    ),
    "deeper than allowed": (b'{"name": "a", "x": ' + DEEPER_THAN_ALLOWED + b"}", [IPV]),
    "deep and mixed": (
        b'{"name": "a", "x": ' + b'[{"]": 1, "y":' * 33 + b"0" + b"}]" * 33 + b"}",
        [IPV],
    ),
    "brackets in a text": (
        b'{"name": "a", "x": "' + b"[" * 100 + b'"}',
        [FINE],
    ),
    "nested objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, [IPV]),
    "open lists": (b"[" * DEEP, [IPV]),
    "encoded twice, nested": (json.dumps("[" * DEEP).encode(), [IPV]),
    "same key twice": (b'{"name": "a", "name": "b"}', [FINE]),
    "unknown fields": (b'{"name": "a", "x": {"y": [1]}}', [FINE]),
    "lone surrogate": (rb'{"name": "\ud800"}', [IPV]),
    "lone surrogate in a key": (rb'{"name": "a", "\udfff": 1}', [IPV, FINE]),
    "surrogates the wrong way round": (rb'{"name": "\udc00\ud800"}', [IPV]),
    "NUL": (rb'{"name": "\u0000"}', [IPV]),
    "NUL as it is": (b'{"name": "\0"}', [IPV]),
    "NUL in what is unknown": (rb'{"name": "a", "x": "\u0000"}', [IPV, FINE]),
    "control character": (b'{"name": "a\x01"}', [IPV]),
    "long integer": (b'{"name": ' + b"9" * 5000 + b"}", [IPV]),
    # Nobody reads what is unknown: megabytes of it would take seconds.
    "long integer, unknown": (b'{"name": "a", "x": ' + b"9" * 5000 + b"}", [FINE]),
    "no UTF-8, unknown": (b'{"name": "a", "x": "\xff"}', [IPV]),
    "no JSON, unknown": (b'{"name": "a", "x": [1,}', [IPV]),
    "no list, but a long one": (b'{"name": [' + b"[]," * 10**5 + b"1]}", [IPV]),
    "a list beyond any other": (
        b'{"name": "a", "tags": [' + b'{"key": "k", "value": null},' * 20_000 + b"1]}",
        [IPV],
    ),
    "vast float": (b'{"name": 1e999999999}', [IPV]),
    "vast float, unknown": (b'{"name": "a", "x": 1e999999999}', [IPV, FINE]),
    "NaN": (b'{"name": NaN}', [IPV]),
    "Infinity": (b'{"name": "a", "x": -Infinity}', [IPV]),
    "a hundred thousand keys": (
        json.dumps({f"k{n}": n for n in range(100_000)}).encode(),
        [IPV],
    ),
    "prototype": (b'{"__proto__": {"name": "a"}, "constructor": 1}', [IPV]),
}

CONTENT_TYPES = [
    "",
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json-seq",
    "application/jsonp",
    "application/xml",
    "application/json\x00",
    "a" * 5000,
    "application/json, text/plain",
]


def said(answer):
    body = json.loads(answer.content)
    assert leaks.found_in(str(body)) == [] or answer.status_code == 200
    return answer.status_code, body.get("error_code")


@pytest.fixture
def client(db):
    lifecycle.default_project()
    return Client(raise_request_exception=True)


@pytest.mark.parametrize("name", BODIES)
def test_reads_or_refuses_it(client, name):
    body, right = BODIES[name]

    answer = client.generic(
        "POST", "/api/2.0/mlflow/experiments/create", body, "application/json"
    )

    assert said(answer) in right, answer.content[:300]
    kept = Experiment.objects.exclude(iid=0).count()
    assert kept == (1 if answer.status_code == 200 else 0)


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_reads_json_alone(client, content_type):
    answer = client.generic(
        "POST",
        "/api/2.0/mlflow/experiments/create",
        b'{"name": "a"}',
        content_type,
    )

    assert said(answer) == IPV
    assert not Experiment.objects.filter(name="a").exists()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip", "x" * 2000])
def test_unpacks_nothing(client, coding):
    answer = client.generic(
        "POST",
        "/api/2.0/mlflow/experiments/create",
        gzip.compress(b'{"name": "' + b"a" * 10**7 + b'"}'),
        "application/json",
        headers={"content-encoding": coding},
    )

    assert said(answer) == IPV


READERS = sorted(
    (route.address, method)
    for route in routes.routes()
    if getattr(route.view, "cls", None) is EndpointView
    and route.address.startswith("api/2.0/mlflow/")
    for method in route.needs
    if method not in ("GET", "PUT")
)


def test_refuses_garbage_on_every_route(client):
    """Whatever reads a body says no to one that is none, and lives."""
    assert len(READERS) > 40
    for address, method in READERS:
        for body in (
            b"[" * DEEP,
            b"\xff\xfe\0",
            b"7",
            rb'{"run_id": "\ud800", "name": "\ud800", "key": "\ud800"}',
            b'{"run_id": ' + b"9" * 6000 + b"}",
            b'{"x": ' + DEEPER_THAN_ALLOWED + b"}",
        ):
            path = "/" + address.replace("<str:model_id>", "m-1").replace(
                "<path:tag_key>", "k"
            ).replace("<artifact:path>", "x")
            answer = client.generic(method, path, body, "application/json")
            # An object is a message to those that know none of its fields.
            fine = body[:1] == b"{" and DEEPER_THAN_ALLOWED not in body
            right = (200, 400, 404, 501) if fine else (400, 404, 501)
            assert answer.status_code in right, (path, answer.content)
            is_error = "error_code" in json.loads(answer.content)
            assert is_error == (answer.status_code >= 400), path


def lists():
    """Every list that some message has: where it is sent, and a message with it."""
    for address, method in READERS:
        view = urls.ROUTES.get(address)
        shape = (
            view and view[method].message and inspect.type_info(view[method].message)
        )
        for field in shape.fields if shape else ():
            if isinstance(field.type, inspect.ListType):
                yield address, method, field.encode_name, field.type.item_type


def item(kind, number):
    """An item of a list, unlike the others."""
    if isinstance(kind, inspect.StructType):
        return {
            field.encode_name: item(field.type, number)
            for field in kind.fields
            if field.required or field.encode_name in ("key", "dataset_name")
        }
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return number
    return f"n{number}" if isinstance(kind, inspect.StrType) else None


def test_bears_lists_of_thousands(client, experiment):
    run = make.candidate(experiment)
    usual = {"run_id": run.eid, "experiment_id": "1", "experiment_ids": ["1"]}
    usual |= {"name": "x", "source": "s3://a/b", "ids": ["1"], "run_ids": [run.eid]}
    tried = 0
    for address, method, name, kind in lists():
        for number in (5000, 1):
            # Many different ones; and as many of the same.
            items = [item(kind, n % number) for n in range(5000)]
            body = json.dumps(usual | {name: items})
            answer = client.generic(method, f"/{address}", body, "application/json")
            tried += 1
            assert answer.status_code in (200, 400, 404, 413), (address, name)
    assert tried > 20


@pytest.mark.parametrize(
    "query",
    [
        "experiment_id=%00",
        "experiment_id=%ff%fe",
        "experiment_id=%ed%a0%80",
        "experiment_id=" + "9" * 5000,
        "experiment_id=1&experiment_id=2",
        "experiment_id[]=1",
        "experiment_id",
        "=1",
        "&" * 5000,
        "a=1&" * 20_000,
        "%",
        "%zz=1",
        "experiment_id=%C0%AF",
    ],
)
def test_reads_or_refuses_a_query(client, query):
    answer = client.get(f"/api/2.0/mlflow/experiments/get?{query}")

    assert answer.status_code in (200, 400, 404), answer.content
    assert json.loads(answer.content)
