"""What the server says of itself, and of what it does not do."""

import pytest

from tests import make
from tests.conftest import Api

PREFIXES = ["", "/p/vision", "/api/v4/projects/vision/ml/mlflow"]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("family", ["api", "ajax-api"])
def test_tells_clients_what_it_can_do(vision, prefix, family):
    status, body = Api(prefix, f"/{family}/3.0/mlflow/").get("server-info")

    assert status == 200
    assert body["store_type"] == "SqlStore"
    assert body["artifact_serving_enabled"] is True
    assert not any(value is True for name, value in body.items() if "multipart" in name)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("route", "text"), [("health", "OK"), ("version", "3.17.2")])
def test_answers_probes_in_plain_text(vision, api, prefix, route, text):
    response = api.client.get(f"{prefix}/{route}")

    assert (response.status_code, response.text) == (200, text)
    assert response["Content-Type"].startswith("text/plain")


def test_asks_nothing_of_the_database_for_a_probe(api, django_assert_num_queries):
    with django_assert_num_queries(0):
        api.client.get("/health")


@pytest.mark.parametrize("route", ["/health", "/version"])
def test_refuses_to_be_written_to(api, route):
    response = api.client.post(route)

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert response.json()["error_code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("post", "mlflow-artifacts/mpu/create/1/r/artifacts"),
        ("post", "mlflow-artifacts/mpu/complete/1/r/artifacts"),
        ("post", "mlflow-artifacts/mpu/abort/1/r/artifacts"),
        ("get", "mlflow-artifacts/presigned/1/r/artifacts/a.txt"),
        ("post", "mlflow/artifacts/presigned-upload-url"),
        ("post", "mlflow/artifacts/presigned-download-url"),
    ],
)
def test_says_which_transfers_it_does_not_do(db, method, route):
    status, body = getattr(Api(root="/api/2.0/"), method)(route)

    assert (status, body["error_code"]) == (501, "NOT_IMPLEMENTED")


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow/experiments/list",
        "/api/2.0/mlflow/runs/get/",
        "/api/2.0/mlflow//runs/get",
        "/api/2.0/MLFLOW/runs/get",
        "/api/3.0/mlflow/runs/get",
        "/api/2.0/mlflow/server-info",
        "/api/3.0/mlflow/traces",
        "/ajax-api/2.0/mlflow/nonsense",
        "/p/vision/api/2.0/mlflow/nonsense",
        "/api/v4/projects/vision/ml/mlflow/api/2.0/mlflow/nonsense",
        "/graphql",
        "/v1/traces",
        "/p/vision/v1/traces",
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_knows_no_other_route(api, path, method):
    response = getattr(api.client, method)(path, content_type="application/json")

    assert response.status_code == 404
    assert response.json()["error_code"] == "ENDPOINT_NOT_FOUND"


@pytest.mark.parametrize(
    ("address", "status"),
    [("vision", 200), ("nobody", 404), ("VISION", 404), ("9" * 30, 404), ("0", 404)],
)
def test_finds_a_project_by_its_slug(vision, address, status):
    answer = Api(f"/p/{address}", "/api/3.0/mlflow/").get("server-info")

    assert answer[0] == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/p/%00/api/3.0/mlflow/server-info"),
        ("get", "/p/%00/api/2.0/mlflow-artifacts/artifacts/a.txt"),
        ("get", "/api/2.0/mlflow/logged-models/%00"),
        ("delete", "/api/2.0/mlflow/logged-models/m-1/tags/%00"),
        ("get", "/api/2.0/mlflow/logged-models/%ff%fe"),
        ("get", "/p/%ff/api/3.0/mlflow/server-info"),
    ],
)
def test_does_not_find_a_name_that_nothing_can_have(api, method, path):
    response = getattr(api.client, method)(path)

    assert response.status_code == 404
    assert response.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_finds_a_project_by_its_number(vision):
    prefix = f"/api/v4/projects/{vision.pk}/ml/mlflow"
    make.experiment(vision, "a")

    _, body = Api(prefix).get("experiments/get-by-name", experiment_name="a")

    assert body["experiment"]["experiment_id"] == "1"


def test_remembers_a_project_for_a_moment_only(vision, monkeypatch):
    from tracker.api import lately

    api = Api("/p/vision", "/api/3.0/mlflow/")
    assert api.get("server-info")[0] == 200
    vision.slug = "sight"
    vision.save()

    monkeypatch.setattr(lately.time, "monotonic", lambda: 1e12)

    assert api.get("server-info")[0] == 404
