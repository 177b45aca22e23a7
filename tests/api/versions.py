"""Versions of the model "churn", asked for through the API."""

VERSION = "model-versions"


def create(api, **fields):
    asked = {"name": "churn", "source": "s3://bucket/path"} | fields
    return api.post(f"{VERSION}/create", **asked)


def created(api, **fields):
    status, body = create(api, **fields)
    assert status == 200, body
    return body["model_version"]


def get(api, version="1", name="churn"):
    status, body = api.get(f"{VERSION}/get", name=name, version=version)
    assert status == 200, body
    return body["model_version"]


def download_uri(api, version="1", name="churn"):
    query = {"name": name, "version": version}
    return api.get(f"{VERSION}/get-download-uri", **query)[1]["artifact_uri"]


def registered(api):
    return api.get("registered-models/get", name="churn")[1]["registered_model"]
