"""The table of contents: every endpoint below a tracking URI, one to a line."""

from django.urls import path
from django.urls.resolvers import URLPattern
from django.views.decorators.csrf import csrf_exempt

from tracker.api import (
    experiments,
    logged_models,
    metrics,
    model_versions,
    registered_models,
    reports,
    runs,
    server,
)
from tracker.api.endpoint import Endpoint, route


def both(address: str, *endpoints: Endpoint) -> list[URLPattern]:
    """Under /api and under /ajax-api, which browsers use."""
    return [route(f"{prefix}/{address}", *endpoints) for prefix in ("api", "ajax-api")]


def ajax(address: str, *endpoints: Endpoint) -> list[URLPattern]:
    """Where the contract has no twin under /api."""
    return [route(f"ajax-api/{address}", *endpoints)]


MODEL = "2.0/mlflow/logged-models/<str:model_id>"
REGISTERED = "2.0/mlflow/registered-models"
VERSIONS = "2.0/mlflow/model-versions"

urlpatterns = [
    path("health", csrf_exempt(server.health)),
    path("version", csrf_exempt(server.version)),
    *both("3.0/mlflow/server-info", server.info),
    # experiments
    *both("2.0/mlflow/experiments/create", experiments.create),
    *both("2.0/mlflow/experiments/get", experiments.get),
    *both("2.0/mlflow/experiments/get-by-name", experiments.get_by_name),
    *both("2.0/mlflow/experiments/search", experiments.find),
    *both("2.0/mlflow/experiments/update", experiments.update),
    *both("2.0/mlflow/experiments/delete", experiments.delete),
    *both("2.0/mlflow/experiments/restore", experiments.restore),
    *both("2.0/mlflow/experiments/set-experiment-tag", experiments.set_tag),
    *both("2.0/mlflow/experiments/delete-experiment-tag", experiments.delete_tag),
    *ajax("2.0/mlflow/experiments/search-datasets", experiments.search_datasets),
    # runs
    *both("2.0/mlflow/runs/create", runs.create),
    *both("2.0/mlflow/runs/get", runs.get),
    *both("2.0/mlflow/runs/update", runs.update),
    *both("2.0/mlflow/runs/delete", runs.delete),
    *both("2.0/mlflow/runs/restore", runs.restore),
    *both("2.0/mlflow/runs/search", runs.find),
    *both("2.0/mlflow/runs/log-metric", reports.log_metric),
    *both("2.0/mlflow/runs/log-parameter", reports.log_parameter),
    *both("2.0/mlflow/runs/set-tag", reports.set_tag),
    *both("2.0/mlflow/runs/delete-tag", reports.delete_tag),
    *both("2.0/mlflow/runs/log-batch", reports.log_batch),
    *both("2.0/mlflow/runs/log-inputs", reports.log_inputs),
    *both("2.0/mlflow/runs/outputs", reports.log_outputs),
    *both("2.0/mlflow/runs/log-model", reports.log_model),
    # histories of metrics
    *both("2.0/mlflow/metrics/get-history", metrics.history),
    *ajax("2.0/mlflow/metrics/get-history-bulk", metrics.history_bulk),
    *both(
        "2.0/mlflow/metrics/get-history-bulk-interval", metrics.history_bulk_interval
    ),
    # logged models
    *both("2.0/mlflow/logged-models", logged_models.create),
    *both("2.0/mlflow/logged-models/search", logged_models.find),
    *both(MODEL, logged_models.get, logged_models.finish, logged_models.delete),
    *both(f"{MODEL}/params", logged_models.log_params),
    *both(f"{MODEL}/tags", logged_models.set_tags),
    # A key may hold slashes.
    *both(f"{MODEL}/tags/<path:tag_key>", logged_models.delete_tag),
    # the registry
    *both(f"{REGISTERED}/create", registered_models.create),
    *both(f"{REGISTERED}/get", registered_models.get),
    *both(f"{REGISTERED}/search", registered_models.find),
    *both(f"{REGISTERED}/update", registered_models.update),
    *both(f"{REGISTERED}/rename", registered_models.rename),
    *both(f"{REGISTERED}/delete", registered_models.delete),
    *both(f"{REGISTERED}/get-latest-versions", registered_models.latest_versions),
    *both(f"{REGISTERED}/set-tag", registered_models.set_tag),
    *both(f"{REGISTERED}/delete-tag", registered_models.delete_tag),
    *both(
        f"{REGISTERED}/alias",
        registered_models.get_alias,
        registered_models.set_alias,
        registered_models.delete_alias,
    ),
    *both(f"{VERSIONS}/create", model_versions.create),
    *both(f"{VERSIONS}/get", model_versions.get),
    *both(f"{VERSIONS}/search", model_versions.find),
    *both(f"{VERSIONS}/update", model_versions.update),
    *both(f"{VERSIONS}/delete", model_versions.delete),
    *both(f"{VERSIONS}/transition-stage", model_versions.transition_stage),
    *both(f"{VERSIONS}/get-download-uri", model_versions.download_uri),
    *both(f"{VERSIONS}/set-tag", model_versions.set_tag),
    *both(f"{VERSIONS}/delete-tag", model_versions.delete_tag),
]
