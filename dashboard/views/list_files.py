"""The lists of projects, experiments, metrics, views and the trash as files.

Each takes the address of its page, with the same search, view and order, and holds every
page of it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from dashboard import find
from dashboard.list_files import answer
from dashboard.table import saved
from dashboard.views.experiments import EVERY_VIEW, SORTS, Listed, details, search
from dashboard.views.metric_rules import line, searched, used
from dashboard.views.projects import with_roles
from dashboard.views.trash import Item, items
from tracker import judging
from tracker.models import Experiment, Role
from tracker.permits import Who, needs

BATCH = 200  # experiments whose details are looked up together


def moment(value: Any) -> str | None:
    return value.isoformat() if value else None


# ---------------------------------------------------------------- projects

PROJECT = (
    "slug", "name", "visibility", "role", "experiments", "candidates", "live",
    "last_activity", "size_bytes",
)  # fmt: skip


@needs(Who.ANYONE)
def projects_file(request: HttpRequest, form: str) -> HttpResponseBase:
    rows = (
        [
            project.slug,
            project.name,
            project.visibility,
            kept["role"].label if kept["role"] else None,
            kept["experiment_count"],
            kept["candidate_count"],
            kept["live_count"],
            moment(kept["newest_at"]),
            kept["kept_bytes"],
        ]
        for project in with_roles(request.user)
        for kept in [vars(project)]  # annotations, which no type knows of
    )
    return answer("projects", form, PROJECT, rows)


# ---------------------------------------------------------------- experiments

EXPERIMENT = (
    "id", "name", "description", "candidates", "live", "failed", "metric", "best",
    "best_by", "last_activity",
)  # fmt: skip


def experiment_row(one: Listed) -> list[Any]:
    return [
        one.experiment.iid,
        one.experiment.name,
        one.note,
        one.candidates,
        one.live,
        one.failed,
        one.column.full_label if one.column else None,
        one.best.value if one.best else None,
        one.best.candidate.iid if one.best else None,
        moment(one.active_at),
    ]


@needs(Role.READER)
def experiments_file(request: HttpRequest, slug: str, form: str) -> HttpResponseBase:
    project = find.project(request, slug)
    q = request.GET.get("q", "").strip().replace("\0", "")[:500]
    sort = request.GET.get("sort", "")
    view = request.GET.get("view", "")
    found = search(
        project, view=view if view in EVERY_VIEW else "", q=q, user=request.user
    ).order_by(*SORTS.get(sort, SORTS["activity"])[1])
    rows = (
        experiment_row(one)
        for batch in batches(found)
        for one in details(project, batch)
    )
    return answer(f"{project.slug}-experiments", form, EXPERIMENT, rows)


def batches(found: QuerySet[Experiment]) -> Iterator[list[Experiment]]:
    start = 0
    while batch := list(found[start : start + BATCH]):
        yield batch
        start += BATCH


# ---------------------------------------------------------------- metrics, trash, views

METRIC = (
    "key", "candidates", "experiments", "direction", "is_confirmed", "unit", "digits",
    "aggregate",
)  # fmt: skip


@needs(Role.READER)
def metrics_file(request: HttpRequest, slug: str, form: str) -> HttpResponseBase:
    project = find.project(request, slug)
    rules = judging.rules_of(project)
    rows = (
        [
            one.key,
            one.candidates,
            one.experiments,
            one.direction,
            one.is_confirmed,
            one.unit,
            one.digits,
            one.aggregate or None,
        ]
        for row in used(project, searched(request)).iterator()
        for one in [line(row, rules, rules)]
    )
    return answer(f"{project.slug}-metrics", form, METRIC, rows)


TRASH = (
    "kind", "number", "name", "experiment", "candidates", "size_bytes", "deleted_at",
    "purged_at",
)  # fmt: skip


@needs(Role.READER)
def trash_file(request: HttpRequest, slug: str, form: str) -> HttpResponseBase:
    project = find.project(request, slug)
    rows = map(trash_row, items(project).iterator())
    return answer(f"{project.slug}-trash", form, TRASH, rows)


def trash_row(row: Iterable[Any]) -> list[Any]:
    item = Item(*row)
    return [
        "experiment" if item.is_experiment else "candidate",
        item.iid,
        item.name,
        item.place or None,
        item.inside if item.is_experiment else None,
        item.size_bytes,
        moment(item.deleted_at),
        moment(item.purged_at),
    ]


VIEW = ("slug", "name", "description", "scope", "query", "is_default", "updated_at")


@needs(Role.READER)
def views_file(
    request: HttpRequest, slug: str, iid: int, form: str
) -> HttpResponseBase:
    """The views that the person is offered above the table."""
    project = find.project(request, slug)
    opened = find.experiment(project, iid)
    if opened.experiment.is_deleted:
        return find.gone(request, project, opened.experiment)
    rows = (
        [
            view.slug,
            view.name,
            view.description,
            view.scope,
            view.query,
            view.slug == opened.view,
            moment(view.updated_at),
        ]
        for view in saved.views(request, opened).offered
    )
    return answer(f"{project.slug}-{iid}-views", form, VIEW, rows)
