"""The back office's front page: the lists in the order in which operators look for them."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

GROUPS = {
    "People and access": (
        "User Project Membership AccessToken Invitation AuditEvent"
    ),
    "Work behind requests": "Job Artifact Worker DiscardedBlob DiscardedSeries Recount",
    "Experiments": (
        "Experiment Candidate Metric Param Tag CIBuild Dataset DatasetUse DatasetUseTag"
        " ExperimentTag Key Tally Counter"
    ),
    "Models": (
        "RegisteredModel ModelVersion Alias RegisteredModelTag ModelVersionTag"
        " LoggedModel LoggedModelParam LoggedModelTag LoggedModelMetric ModelUse"
    ),
    "Pages": "SavedView ShortLink Star MetricRules Action",
}  # fmt: skip


class Site(AdminSite):
    """Django's, sorted by subject instead of by app."""

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One form changes one's own password: that which counts wrong ones."""
        return redirect("account")

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[Any]:
        apps: list[Any] = super().get_app_list(request, app_label)
        if app_label:
            return apps
        models = {row["object_name"]: row for app in apps for row in app["models"]}
        grouped = []
        for title, members in GROUPS.items():
            rows = [models.pop(name) for name in members.split() if name in models]
            grouped.append(group(title, rows))
        if models:
            grouped.append(group("More", list(models.values())))
        return [one for one in grouped if one["models"]]


def group(title: str, rows: list[Any]) -> dict[str, Any]:
    return {
        "name": title,
        "app_label": title.split()[0].lower(),
        "app_url": "",
        "has_module_perms": True,
        "models": rows,
    }
