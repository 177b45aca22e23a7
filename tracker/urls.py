"""Where each door is mounted."""

from django.contrib import admin
from django.urls import include, path

from dashboard.views import audit
from dashboard.views import health as health_page
from tracker import health, openapi

api = [path("", include("tracker.api.urls")), path("", include("artifacts.urls"))]

urlpatterns = [
    # Before the admin, which answers everything below its address.
    path("admin/health/", health_page.health, name="health"),
    path("admin/health.json", health_page.health_json, name="health_json"),
    path("admin/history/", audit.server_history, name="server_history"),
    path(
        "admin/history.csv",
        audit.server_history_file,
        {"form": "csv"},
        name="server_history_csv",
    ),
    path(
        "admin/history.json",
        audit.server_history_file,
        {"form": "json"},
        name="server_history_json",
    ),
    path("admin/", admin.site.urls),
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("api/openapi.json", openapi.document, name="openapi"),
    # A tracking URI is the root, a project, or GitLab's form of a project's address.
    path("", include(api)),
    path("p/<str:project>/", include(api)),
    path("api/v4/projects/<str:project>/ml/mlflow/", include(api)),
    path("", include("dashboard.urls")),
]

handler400 = "tracker.problems.bad_request"
handler403 = "tracker.problems.permission_denied"
handler404 = "tracker.problems.not_found"
handler500 = "tracker.problems.server_error"
