"""What this server is and can do."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from tracker.api import errors
from tracker.api.endpoint import Call, endpoint
from tracker.models import Role
from tracker.permits import Who, needs

# The level of MLflow's protocol that is spoken here. Clients compare it.
MLFLOW_VERSION = "3.17.2"

ABILITIES = {
    "store_type": "SqlStore",
    "workspaces_enabled": False,
    "multipart_uploads_enabled": False,
    "multipart_downloads_enabled": False,
    "artifacts_presigned_only": False,
    "artifact_serving_enabled": True,
    "trace_archival_enabled": False,
}


@endpoint("GET", needs=Role.READER)
def info(call: Call) -> dict[str, Any]:
    return dict(ABILITIES)


@needs(Who.ANYONE)
def health(request: HttpRequest, **path: str) -> HttpResponse:
    """For whoever watches the process: no database, no credentials."""
    return plain(request, "OK")


@needs(Who.ANYONE)
def version(request: HttpRequest, **path: str) -> HttpResponse:
    return plain(request, MLFLOW_VERSION)


def plain(request: HttpRequest, text: str) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        response = errors.error(405, "BAD_REQUEST", "Only GET is allowed here.")
        response["Allow"] = "GET, HEAD"
        return response
    return HttpResponse(text, content_type="text/plain")
