"""The site map."""

from django.conf import settings as product
from django.urls import path

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
    one_chart,
    projects,
    registry,
    selection,
    settings,
    share,
    surroundings,
    trash,
    views,
)

urlpatterns = [
    path("", projects.home, name="home"),
    path("projects/", projects.projects, name="projects"),
    path(
        "projects.csv",
        list_files.projects_file,
        {"form": "csv"},
        name="projects_csv",
    ),
    path(
        "projects.json",
        list_files.projects_file,
        {"form": "json"},
        name="projects_json",
    ),
    path("p/<str:slug>/", projects.project, name="project"),
    # The client prints <tracking URI>/#/…, and people leave the slash away.
    path("p/<str:slug>", projects.project),
    # A project's settings.
    path("p/<str:slug>/settings/", settings.general, name="project_settings"),
    path("p/<str:slug>/settings/delete/", settings.delete, name="delete_project"),
    path("p/<str:slug>/settings/restore/", settings.restore, name="restore_project"),
    path("p/<str:slug>/settings/members/", settings.people, name="members"),
    path("p/<str:slug>/settings/members/invite/", settings.invite, name="invite"),
    path("p/<str:slug>/settings/members/<int:pk>/", settings.role, name="set_role"),
    path(
        "p/<str:slug>/settings/members/<int:pk>/remove/",
        settings.remove,
        name="remove_member",
    ),
    path(
        "p/<str:slug>/settings/invitations/<int:pk>/withdraw/",
        settings.withdraw,
        name="withdraw_invitation",
    ),
    path("p/<str:slug>/settings/tokens/", settings.tokens, name="project_tokens"),
    path(
        "p/<str:slug>/settings/tokens/<int:pk>/revoke/",
        settings.revoke,
        name="revoke_project_token",
    ),
    path(
        "p/<str:slug>/settings/history/",
        audit.project_history,
        name="project_history",
    ),
    path(
        "p/<str:slug>/settings/history.csv",
        audit.project_history_file,
        {"form": "csv"},
        name="project_history_csv",
    ),
    path(
        "p/<str:slug>/settings/history.json",
        audit.project_history_file,
        {"form": "json"},
        name="project_history_json",
    ),
    path("p/<str:slug>/access/", settings.who, name="who_can_see"),
    path("p/<str:slug>/describe/", settings.general, name="describe_project"),
    path("p/<str:slug>/start/", projects.start, name="start"),
    path("p/<str:slug>/start/newest.json", projects.newest, name="newest"),
    path("p/<str:slug>/experiments/", experiments.experiments, name="experiments"),
    path(
        "p/<str:slug>/experiments.csv",
        list_files.experiments_file,
        {"form": "csv"},
        name="experiments_csv",
    ),
    path(
        "p/<str:slug>/experiments.json",
        list_files.experiments_file,
        {"form": "json"},
        name="experiments_json",
    ),
    path("p/<str:slug>/experiments/new/", experiments.create, name="new_experiment"),
    path(
        "p/<str:slug>/experiments/<int:iid>/", experiment.experiment, name="experiment"
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>.csv",
        experiment_files.experiment_file,
        {"form": "csv"},
        name="experiment_csv",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>.json",
        experiment_files.experiment_file,
        {"form": "json"},
        name="experiment_json",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>.md",
        experiment_files.experiment_file,
        {"form": "md"},
        name="experiment_markdown",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/changes/",
        experiment_live.changes,
        name="experiment_changes",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/changed/",
        experiment_live.changed,
        name="experiment_changed",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/settings/",
        experiment_settings.settings,
        name="experiment_settings",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/settings/signs-of-life/",
        experiment_settings.signs_of_life,
        name="signs_of_life",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/delete/",
        experiments.delete,
        name="delete_experiment",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/restore/",
        experiments.restore,
        name="restore_experiment",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/charts/",
        charts.charts,
        name="experiment_charts",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/charts/chart.json",
        one_chart.chart,
        name="experiment_chart",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/charts/chart.svg",
        one_chart.chart_svg,
        name="experiment_chart_svg",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/charts/chart.csv",
        one_chart.chart_csv,
        name="experiment_chart_csv",
    ),
    path("p/<str:slug>/experiments/<int:iid>/act/", selection.act, name="act"),
    path("p/<str:slug>/actions/<int:pk>/", selection.action, name="action"),
    path("p/<str:slug>/actions/<int:pk>/undo/", selection.undo, name="undo"),
    path(
        "p/<str:slug>/experiments/<int:iid>/archive/",
        experiment_settings.archive,
        name="archive",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/metrics/",
        metric_rules.experiment_rules,
        name="experiment_rules",
    ),
    path("p/<str:slug>/experiments/<int:iid>/star/", experiments.star, name="star"),
    path("p/<str:slug>/experiments/<int:iid>/views/", views.create, name="new_view"),
    path(
        "p/<str:slug>/experiments/<int:iid>/views.csv",
        list_files.views_file,
        {"form": "csv"},
        name="views_csv",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/views.json",
        list_files.views_file,
        {"form": "json"},
        name="views_json",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/views/<slug:view>/save/",
        views.save,
        name="save_view",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/views/<slug:view>/delete/",
        views.delete,
        name="delete_view",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/views/<slug:view>/restore/",
        views.restore,
        name="restore_view",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/views/<slug:view>/default/",
        views.default,
        name="default_view",
    ),
    path("p/<str:slug>/share/", share.share, name="share"),
    path("p/<str:slug>/metrics/", metric_rules.metric_rules, name="metric_rules"),
    path(
        "p/<str:slug>/metrics.csv",
        list_files.metrics_file,
        {"form": "csv"},
        name="metric_rules_csv",
    ),
    path(
        "p/<str:slug>/metrics.json",
        list_files.metrics_file,
        {"form": "json"},
        name="metric_rules_json",
    ),
    path("p/<str:slug>/trash/", trash.trash, name="trash"),
    path(
        "p/<str:slug>/trash.csv",
        list_files.trash_file,
        {"form": "csv"},
        name="trash_csv",
    ),
    path(
        "p/<str:slug>/trash.json",
        list_files.trash_file,
        {"form": "json"},
        name="trash_json",
    ),
    path("p/<str:slug>/trash/restore/", trash.restore, name="restore"),
    path("p/<str:slug>/trash/delete/", trash.purge, name="purge"),
    path("s/<str:code>/", share.short, name="short"),
    path(
        "p/<str:slug>/experiments/<int:iid>/insights/",
        insights.insights,
        name="experiment_insights",
    ),
    path(
        "p/<str:slug>/experiments/<int:iid>/sweep/",
        insights.sweep_tab,
        name="experiment_sweep",
    ),
    # Candidates and compare.
    path("p/<str:slug>/c/<int:iid>/", candidates.candidate, name="candidate"),
    path(
        "p/<str:slug>/c/<int:iid>/chart.json",
        candidate_metrics.chart,
        name="candidate_chart",
    ),
    path(
        "p/<str:slug>/c/<int:iid>/metrics/", candidate_metrics.metrics, name="metrics"
    ),
    path("p/<str:slug>/c/<int:iid>/pin/", candidate_metrics.pin, name="pin_metric"),
    path("p/<str:slug>/c/<int:iid>/metrics.csv", histories.history, name="history"),
    path("p/<str:slug>/c/<int:iid>/artifacts/", artifacts.artifacts, name="artifacts"),
    path(
        "p/<str:slug>/c/<int:iid>/artifacts/<path:path>",
        artifacts.artifacts,
        name="artifact",
    ),
    path(
        "p/<str:slug>/c/<int:iid>/look-again/<path:path>",
        artifacts.look_again,
        name="look_again",
    ),
    path("p/<str:slug>/c/<int:iid>/raw/<path:path>", artifacts.raw, name="raw"),
    path(
        "p/<str:slug>/c/<int:iid>/models/<str:eid>/",
        artifacts.artifacts,
        name="model_files",
    ),
    path(
        "p/<str:slug>/c/<int:iid>/models/<str:eid>/<path:path>",
        artifacts.artifacts,
        name="model_file",
    ),
    path(
        "p/<str:slug>/c/<int:iid>/raw-model/<str:eid>/<path:path>",
        artifacts.raw,
        name="raw_model_file",
    ),
    path("p/<str:slug>/c/<int:iid>/code/", surroundings.code, name="candidate_code"),
    path(
        "p/<str:slug>/c/<int:iid>/system/",
        surroundings.system,
        name="candidate_system",
    ),
    path(
        "p/<str:slug>/c/<int:iid>/data/<int:number>/",
        datasets.dataset_read,
        name="dataset",
    ),
    path(
        "p/<str:slug>/c/<int:iid>/changes",
        candidate_changes.changes,
        name="candidate_changes",
    ),
    path("p/<str:slug>/c/<int:iid>.json", candidates.as_json, name="candidate_json"),
    path("p/<str:slug>/recipe/", surroundings.recipe, name="recipe"),
    path("p/<str:slug>/c/<int:iid>/lock/", changes.lock, name="lock_candidate"),
    path("p/<str:slug>/c/<int:iid>/move/", changes.move, name="move_candidate"),
    path(
        "p/<str:slug>/experiments/<int:iid>/new/",
        by_hand.new_candidate,
        name="new_candidate",
    ),
    path("p/<str:slug>/c/<int:iid>/status/", changes.status, name="candidate_status"),
    path(
        "p/<str:slug>/c/<int:iid>/baseline/",
        changes.baseline,
        name="candidate_baseline",
    ),
    path("p/<str:slug>/c/<int:iid>/rename/", changes.rename, name="rename_candidate"),
    path(
        "p/<str:slug>/c/<int:iid>/describe/",
        changes.describe,
        name="describe_candidate",
    ),
    path("p/<str:slug>/c/<int:iid>/tag/", changes.tag, name="tag_candidate"),
    path("p/<str:slug>/c/<int:iid>/untag/", changes.untag, name="untag_candidate"),
    path("p/<str:slug>/c/<int:iid>/delete/", changes.delete, name="delete_candidate"),
    path(
        "p/<str:slug>/c/<int:iid>/restore/", changes.restore, name="restore_candidate"
    ),
    path("p/<str:slug>/compare/", compare.compare, name="compare"),
    path("p/<str:slug>/compare/chart.json", compare.chart, name="compare_chart"),
    path("p/<str:slug>/compare/chart.svg", compare.chart_svg, name="compare_chart_svg"),
    path("p/<str:slug>/compare.csv", compare.as_csv, name="compare_csv"),
    path("p/<str:slug>/compare.json", compare.as_json, name="compare_json"),
    path("p/<str:slug>/explain/", explain.explain, name="explain"),
    # The model registry. A model's name holds neither "/" nor ":".
    path("p/<str:slug>/models/", registry.models, name="models"),
    path("p/<str:slug>/models.json", registry.models_json, name="models_json"),
    path("p/<str:slug>/models/<str:name>/", registry.model, name="model"),
    path(
        "p/<str:slug>/models/<str:name>/describe/",
        registry.describe,
        name="describe_model",
    ),
    path("p/<str:slug>/models/<str:name>/tag/", registry.tag, name="tag_model"),
    path(
        "p/<str:slug>/models/<str:name>/delete/", registry.delete, name="delete_model"
    ),
    path(
        "p/<str:slug>/models/<str:name>/<int:number>/",
        registry.version,
        name="model_version",
    ),
    path(
        "p/<str:slug>/models/<str:name>/<int:number>/describe/",
        registry.describe,
        name="describe_version",
    ),
    path(
        "p/<str:slug>/models/<str:name>/<int:number>/tag/",
        registry.tag,
        name="tag_version",
    ),
    path(
        "p/<str:slug>/models/<str:name>/<int:number>/alias/",
        registry.alias,
        name="alias_version",
    ),
    path(
        "p/<str:slug>/models/<str:name>/<int:number>/delete/",
        registry.delete,
        name="delete_version",
    ),
    path(
        "p/<str:slug>/models/<str:name>/<int:number>/files/<path:path>",
        registry.raw,
        name="version_file",
    ),
    # Addresses that lead somewhere else.
    path("r/", links.paste, name="paste"),
    path("r/<str:eid>/", links.run, name="run"),
    path("p/<str:slug>/-/ml/<path:page>", links.page_of_gitlab),
    path("api/v4/projects/<str:project>/ml/mlflow", links.tracking_uri),
    path("api/v4/projects/<str:project>/ml/mlflow/", links.tracking_uri),
    # Work behind the request.
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("jobs/<int:pk>/retry/", jobs.retry, name="retry_job"),
    # The person.
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
    path(
        "set-password/<str:uidb64>/<str:token>/",
        account.set_password,
        name="set_password",
    ),
    path("join/<str:secret>/", joining.join, name="join"),
    path("you/", account.account, name="account"),
    path("you/password/", account.change_password, name="change_password"),
    path("you/sessions/end/", account.end_sessions, name="end_sessions"),
    path("you/tokens/", account.tokens, name="tokens"),
    path("you/tokens/<int:pk>/revoke/", account.revoke_token, name="revoke_token"),
    path("you/theme/", account.theme, name="theme"),
    path("you/density/", account.density, name="density"),
    path("you/share/", account.leave_local_mode, name="leave_local_mode"),
]

if product.OIDC_ISSUER:
    # allauth is not even imported where nobody uses it.
    from dashboard.views import single_sign_on

    urlpatterns += [
        path("sign-in/oidc/", single_sign_on.begin, name="oidc"),
        path("sign-in/oidc/callback/", single_sign_on.back, name="oidc_callback"),
    ]
