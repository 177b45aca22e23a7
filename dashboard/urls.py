"""The site map."""

from collections.abc import Callable
from typing import Any

from django.conf import settings as product
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path

from dashboard.views import (
    account,
    artifacts,
    audit,
    by_hand,
    candidate_changes,
    candidate_metrics,
    candidates,
    changes,
    charts,
    compare,
    datasets,
    experiment,
    experiment_files,
    experiment_live,
    experiment_settings,
    experiments,
    explain,
    histories,
    insights,
    jobs,
    joining,
    links,
    list_files,
    metric_rules,
    model,
    model_changes,
    model_version,
    models,
    one_chart,
    page_files,
    people_files,
    projects,
    selection,
    settings,
    share,
    surroundings,
    tab_files,
    trash,
    views,
)


def files(
    route: str, view: Callable[..., HttpResponseBase], name: str
) -> list[URLPattern]:
    """What a page shows as a file: `<route>.csv` and `<route>.json`."""
    return [
        path(f"{route}.{form}", view, {"form": form}, name=f"{name}_{form}")
        for form in ("csv", "json")
    ]


def below(route: str, pages: list[Any]) -> URLResolver:
    return path(route, include(pages))


project_settings = [
    path("", settings.general, name="project_settings"),
    path("delete/", settings.delete, name="delete_project"),
    path("restore/", settings.restore, name="restore_project"),
    path("members/", settings.people, name="members"),
    *files("members", people_files.members_file, "members"),
    path("members/invite/", settings.invite, name="invite"),
    path("members/<int:pk>/", settings.role, name="set_role"),
    path("members/<int:pk>/remove/", settings.remove, name="remove_member"),
    path(
        "invitations/<int:pk>/withdraw/", settings.withdraw, name="withdraw_invitation"
    ),
    path("tokens/", settings.tokens, name="project_tokens"),
    *files("tokens", people_files.project_tokens_file, "project_tokens"),
    path("tokens/<int:pk>/revoke/", settings.revoke, name="revoke_project_token"),
    path("history/", audit.project_history, name="project_history"),
    *files("history", audit.project_history_file, "project_history"),
]

saved_views = [
    path("", views.create, name="new_view"),
    path("<slug:view>/save/", views.save, name="save_view"),
    path("<slug:view>/delete/", views.delete, name="delete_view"),
    path("<slug:view>/restore/", views.restore, name="restore_view"),
    path("<slug:view>/default/", views.default, name="default_view"),
]

one_experiment = [
    path("", experiment.experiment, name="experiment"),
    path("changes/", experiment_live.changes, name="experiment_changes"),
    path("changed/", experiment_live.changed, name="experiment_changed"),
    path("new/", by_hand.new_candidate, name="new_candidate"),
    path("act/", selection.act, name="act"),
    path("star/", experiments.star, name="star"),
    below("views/", saved_views),
    *files("views", list_files.views_file, "views"),
    path("charts/", charts.charts, name="experiment_charts"),
    path("charts/chart.json", one_chart.chart, name="experiment_chart"),
    path("charts/chart.svg", one_chart.chart_svg, name="experiment_chart_svg"),
    path("charts/chart.csv", one_chart.chart_csv, name="experiment_chart_csv"),
    path("insights/", insights.insights, name="experiment_insights"),
    *files("insights", page_files.board_file, "insights"),
    path("sweep/", insights.sweep_tab, name="experiment_sweep"),
    *files("sweep", tab_files.sweep_file, "experiment_sweep"),
    path("settings/", experiment_settings.settings, name="experiment_settings"),
    path(
        "settings/signs-of-life/",
        experiment_settings.signs_of_life,
        name="signs_of_life",
    ),
    path("metrics/", metric_rules.experiment_rules, name="experiment_rules"),
    path("archive/", experiment_settings.archive, name="archive"),
    path("delete/", experiments.delete, name="delete_experiment"),
    path("restore/", experiments.restore, name="restore_experiment"),
]

one_candidate = [
    path("", candidates.candidate, name="candidate"),
    path("changes", candidate_changes.changes, name="candidate_changes"),
    path("chart.json", candidate_metrics.chart, name="candidate_chart"),
    path("metrics/", candidate_metrics.metrics, name="metrics"),
    path("metrics.csv", histories.history, name="history"),
    path("metrics.json", tab_files.metrics_json, name="metrics_json"),
    path("pin/", candidate_metrics.pin, name="pin_metric"),
    path("artifacts/", artifacts.artifacts, name="artifacts"),
    *files("artifacts", page_files.artifacts_file, "artifacts"),
    path("artifacts/<path:path>", artifacts.artifacts, name="artifact"),
    path("look-again/<path:path>", artifacts.look_again, name="look_again"),
    path("raw/<path:path>", artifacts.raw, name="raw"),
    path("models/<str:eid>/", artifacts.artifacts, name="model_files"),
    path("models/<str:eid>/<path:path>", artifacts.artifacts, name="model_file"),
    path("raw-model/<str:eid>/<path:path>", artifacts.raw, name="raw_model_file"),
    path("code/", surroundings.code, name="candidate_code"),
    *files("code", tab_files.code_file, "candidate_code"),
    path("system/", surroundings.system, name="candidate_system"),
    *files("system", tab_files.system_file, "candidate_system"),
    path("data/<int:number>/", datasets.dataset_read, name="dataset"),
    *files("data/<int:number>", tab_files.dataset_file, "dataset"),
    path("lock/", changes.lock, name="lock_candidate"),
    path("move/", changes.move, name="move_candidate"),
    path("status/", changes.status, name="candidate_status"),
    path("baseline/", changes.baseline, name="candidate_baseline"),
    path("rename/", changes.rename, name="rename_candidate"),
    path("describe/", changes.describe, name="describe_candidate"),
    path("tag/", changes.tag, name="tag_candidate"),
    path("untag/", changes.untag, name="untag_candidate"),
    path("delete/", changes.delete, name="delete_candidate"),
    path("restore/", changes.restore, name="restore_candidate"),
]

comparison = [
    path("compare/", compare.compare, name="compare"),
    path("compare/chart.json", compare.chart, name="compare_chart"),
    path("compare/chart.svg", compare.chart_svg, name="compare_chart_svg"),
    path("compare.csv", compare.as_csv, name="compare_csv"),
    path("compare.json", compare.as_json, name="compare_json"),
    path("explain/", explain.explain, name="explain"),
    *files("explain", page_files.changes_file, "explain"),
]

one_version = [
    path("", model_version.version, name="model_version"),
    path("describe/", model_changes.describe, name="describe_version"),
    path("tag/", model_changes.tag, name="tag_version"),
    path("alias/", model_changes.alias, name="alias_version"),
    path("delete/", model_changes.delete, name="delete_version"),
    path("files/<path:path>", model_version.raw, name="version_file"),
]

# A model's name holds neither "/" nor ":".
one_model = [
    path("", model.model, name="model"),
    *files("versions", page_files.versions_file, "versions"),
    path("describe/", model_changes.describe, name="describe_model"),
    path("tag/", model_changes.tag, name="tag_model"),
    path("delete/", model_changes.delete, name="delete_model"),
    path("<int:number>.json", page_files.version_json, name="version_json"),
    below("<int:number>/", one_version),
]

project = [
    path("", projects.project, name="project"),
    path("describe/", settings.general, name="describe_project"),
    path("start/", projects.start, name="start"),
    path("start/newest.json", projects.newest, name="newest"),
    path("recipe/", surroundings.recipe, name="recipe"),
    path("experiments/", experiments.experiments, name="experiments"),
    *files("experiments", list_files.experiments_file, "experiments"),
    path("experiments/new/", experiments.create, name="new_experiment"),
    *files("experiments/<int:iid>", experiment_files.experiment_file, "experiment"),
    path(
        "experiments/<int:iid>.md",
        experiment_files.experiment_file,
        {"form": "md"},
        name="experiment_markdown",
    ),
    below("experiments/<int:iid>/", one_experiment),
    path("c/<int:iid>.json", candidates.as_json, name="candidate_json"),
    below("c/<int:iid>/", one_candidate),
    *comparison,
    path("models/", models.models, name="models"),
    path("models.json", models.models_json, name="models_json"),
    path("models.csv", models.models_csv, name="models_csv"),
    below("models/<str:name>/", one_model),
    path("metrics/", metric_rules.metric_rules, name="metric_rules"),
    *files("metrics", list_files.metrics_file, "metric_rules"),
    path("actions/<int:pk>/", selection.action, name="action"),
    path("actions/<int:pk>/undo/", selection.undo, name="undo"),
    path("share/", share.share, name="share"),
    path("trash/", trash.trash, name="trash"),
    *files("trash", list_files.trash_file, "trash"),
    path("trash/restore/", trash.restore, name="restore"),
    path("trash/delete/", trash.purge, name="purge"),
    path("access/", settings.who, name="who_can_see"),
    *files("access", people_files.access_file, "who_can_see"),
    below("settings/", project_settings),
    path("-/ml/<path:page>", links.page_of_gitlab),
]

person = [
    path("", account.account, name="account"),
    path("password/", account.change_password, name="change_password"),
    path("sessions/end/", account.end_sessions, name="end_sessions"),
    path("tokens/", account.tokens, name="tokens"),
    *files("tokens", people_files.tokens_file, "tokens"),
    path("tokens/<int:pk>/revoke/", account.revoke_token, name="revoke_token"),
    path("theme/", account.theme, name="theme"),
    path("density/", account.density, name="density"),
    path("share/", account.leave_local_mode, name="leave_local_mode"),
]

urlpatterns = [
    path("", projects.home, name="home"),
    path("home.json", page_files.home_json, name="home_json"),
    path("projects/", projects.projects, name="projects"),
    *files("projects", list_files.projects_file, "projects"),
    path("p/<str:slug>.json", page_files.project_json, name="project_json"),
    # The client prints <tracking URI>/#/…, and people leave the slash away.
    path("p/<str:slug>", projects.project),
    below("p/<str:slug>/", project),
    # Addresses that lead somewhere else.
    path("s/<str:code>/", share.short, name="short"),
    path("r/", links.paste, name="paste"),
    path("r/<str:eid>/", links.run, name="run"),
    path("api/v4/projects/<str:project>/ml/mlflow", links.tracking_uri),
    path("api/v4/projects/<str:project>/ml/mlflow/", links.tracking_uri),
    # Work behind the request.
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("jobs/<int:pk>/retry/", jobs.retry, name="retry_job"),
    # Coming in.
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
    path(
        "set-password/<str:uidb64>/<str:token>/",
        account.set_password,
        name="set_password",
    ),
    path("join/<str:secret>/", joining.join, name="join"),
    below("you/", person),
]

if product.OIDC_ISSUER:
    # allauth is not even imported where nobody uses it.
    from dashboard.views import single_sign_on

    urlpatterns += [
        path("sign-in/oidc/", single_sign_on.begin, name="oidc"),
        path("sign-in/oidc/callback/", single_sign_on.back, name="oidc_callback"),
    ]
