"""The site map."""

from django.urls import path

from dashboard.views import (
    account,
    candidates,
    compare,
    experiments,
    links,
    projects,
)

urlpatterns = [
    path("", projects.home, name="home"),
    path("projects/", projects.projects, name="projects"),
    path("p/<str:slug>/", projects.project, name="project"),
    path("p/<str:slug>/start/", projects.start, name="start"),
    path("p/<str:slug>/experiments/", experiments.experiments, name="experiments"),
    path(
        "p/<str:slug>/experiments/<int:iid>/", experiments.experiment, name="experiment"
    ),
    path("p/<str:slug>/c/<int:iid>/", candidates.candidate, name="candidate"),
    path("p/<str:slug>/c/<int:iid>/metrics/", candidates.metrics, name="metrics"),
    path("p/<str:slug>/c/<int:iid>/artifacts/", candidates.artifacts, name="artifacts"),
    path("p/<str:slug>/compare/", compare.compare, name="compare"),
    path("r/<str:eid>/", links.run, name="run"),
    path("api/v4/projects/<str:project>/ml/mlflow", links.tracking_uri),
    path("you/theme/", account.theme, name="theme"),
    path("you/share/", account.leave_local_mode, name="leave_local_mode"),
]
