"""How tests say what an answer should be, and what a message holds."""

import json

INVALID = (400, "INVALID_PARAMETER_VALUE")
EXISTS = (400, "RESOURCE_ALREADY_EXISTS")
GONE = (404, "RESOURCE_DOES_NOT_EXIST")


def refused(answer):
    """Status and code of an answer; its message says something and gives nothing away."""
    status, body = answer
    assert status >= 400, body
    assert isinstance(body["message"], str) and body["message"]
    for secret in ("Traceback", "SELECT", "INSERT", "tracker_", "django", "psycopg"):
        assert secret not in body["message"]
    return status, body["error_code"]


def kv(**pairs):
    return [{"key": key, "value": value} for key, value in pairs.items()]


def metric(key="loss", value=1.0, timestamp=1, **more):
    return {"key": key, "value": value, "timestamp": timestamp, **more}


def dataset(name="iris", digest="d1", tags=None, **more):
    described = {"name": name, "digest": digest, "source_type": "code", "source": "{}"}
    return {"dataset": described | more, "tags": kv(**(tags or {}))}


def body(**fields):
    return json.dumps(fields)
