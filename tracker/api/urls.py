"""The table of contents: every endpoint below a tracking URI, one to a line."""

from django.urls.resolvers import URLPattern

from tracker.api import experiments
from tracker.api.endpoint import route


def both(address: str, *endpoints: object) -> list[URLPattern]:
    """Under /api and under /ajax-api, which browsers use."""
    return [route(f"{prefix}/{address}", *endpoints) for prefix in ("api", "ajax-api")]


urlpatterns = [
    *both("2.0/mlflow/experiments/get", experiments.get),
]
