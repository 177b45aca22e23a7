"""The routes for bytes below a tracking URI, one to a line."""

from django.urls import register_converter

from artifacts import api
from tracker.api.endpoint import route
from tracker.api.urls import both


class AnyPath:
    """The rest of an address, whatever characters it holds: artifacts/paths.py decides."""

    regex = "(?s:.*)"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(AnyPath, "artifact")

PROXY = "2.0/mlflow-artifacts"
MODEL = "2.0/mlflow/logged-models/<str:model_id>/artifacts"

urlpatterns = [
    *both(f"{PROXY}/artifacts", api.list_proxied),
    *both(f"{PROXY}/artifacts/<artifact:path>", api.put, api.get, api.delete),
    *both(f"{PROXY}/mpu/<artifact:path>", api.not_implemented),
    *both(f"{PROXY}/presigned/<artifact:path>", api.not_implemented),
    *both("2.0/mlflow/artifacts/list", api.list_of_run),
    *both("2.0/mlflow/artifacts/presigned-upload-url", api.not_implemented),
    *both("2.0/mlflow/artifacts/presigned-download-url", api.not_implemented),
    *both(f"{MODEL}/directories", api.list_of_model),
    route("get-artifact", api.get_of_run),
    route("model-versions/get-artifact", api.get_of_version),
    route(f"ajax-api/{MODEL}/files", api.get_of_model),
    route("ajax-api/2.0/mlflow/upload-artifact", api.upload_of_run),
]
