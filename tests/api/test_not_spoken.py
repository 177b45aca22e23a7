"""What is not spoken here is "not there", in MLflow's words, for every method."""

import pytest
from django.test import Client

NOT_SPOKEN = [
    "api/3.0/mlflow/traces",
    "api/3.0/mlflow/traces/search",
    "api/3.0/mlflow/traces/tr-1",
    "api/3.0/mlflow/traces/tr-1/tags",
    "api/3.0/mlflow/traces/tr-1/assessments",
    "api/3.0/mlflow/traces/batchGet",
    "api/3.0/mlflow/traces/delete-traces",
    "api/2.0/mlflow/traces",
    "api/2.0/mlflow/traces/tr-1/info",
    "api/2.0/mlflow/traces/link-to-run",
    "ajax-api/2.0/mlflow/get-trace-artifact",
    "api/3.0/mlflow/datasets/create",
    "api/3.0/mlflow/datasets/search",
    "api/3.0/mlflow/scorers/register",
    "api/3.0/mlflow/issues",
    "api/3.0/mlflow/label-schemas/create",
    "api/3.0/mlflow/review-queues/create",
    "api/3.0/mlflow/prompt-optimization/jobs",
    "ajax-api/3.0/mlflow/jobs/1",
    "api/3.0/mlflow/gateway/endpoints/list",
    "ajax-api/2.0/mlflow/gateway-proxy",
    "api/3.0/mlflow/mcp-servers",
    "api/3.0/mlflow/skills",
    "api/3.0/mlflow/workspaces",
    "api/3.0/mlflow/server-features",
    "ajax-api/3.0/mlflow/ui-telemetry",
    "api/2.0/mlflow/webhooks",
    "api/2.0/mlflow/webhooks/1/test",
    "ajax-api/2.0/mlflow/runs/create-promptlab-run",
    "api/2.0/mlflow/experiments/list",
    "api/3.0/mlflow/experiments/get",
    "api/2.0/mlflow/runs/create/",
    "api/2.0/mlflow/runs",
    "api/2.0/mlflow",
    "api/2.0",
    "v1/traces",
    "v1/metrics",
    "graphql",
]


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["/", "/p/default/"])
@pytest.mark.parametrize("address", NOT_SPOKEN)
def test_is_not_there(prefix, address):
    for method in ("GET", "POST", "PATCH", "DELETE"):
        answer = Client().generic(
            method, prefix + address, b"{}", content_type="application/json"
        )

        assert answer.status_code == 404, method
        assert answer.json()["error_code"] == "ENDPOINT_NOT_FOUND"
        assert answer["Content-Type"] == "application/json"
