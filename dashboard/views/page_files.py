"""What pages of projects, experiments, candidates and models show, as files.

Each takes the address of its page, with the same filter and choices.
"""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from artifacts.models import Artifact
from dashboard import find
from dashboard.candidate.head import found as find_candidate
from dashboard.charts import boards
from dashboard.charts.charted import opened as open_experiment
from dashboard.list_files import KINDS, answer
from dashboard.registered import aliases_of, makers_of
from dashboard.registered import found as find_model
from dashboard.table.exports import plain
from dashboard.views import projects
from dashboard.views.explain import asked_changes
from dashboard.views.insights import asked_board
from dashboard.views.list_files import EXPERIMENT, experiment_row
from dashboard.views.model_version import files_of, measured, place_of
from dashboard.views.models import MAX_LINES, written
from tracker.models import Project, Role
from tracker.models.states import state
from tracker.permits import Who, needs

# ---------------------------------------------------------------- home, project


@needs(Who.ANYONE)
def home_json(request: HttpRequest) -> HttpResponse:
    """What is to be looked at in all projects; with `mine=1` one's own."""
    shown = projects.start_page(request)
    return told(
        {
            "needs_attention": [brief(one) for one in shown.trouble],
            "live": [brief(one) for one in shown.live],
            "recent": [brief(one) for one in shown.recent],
            "starred": [
                {"project": one.project.slug, "id": one.iid, "name": one.name}
                for one in shown.starred
            ],
            "projects": [
                {"slug": one.slug, "name": one.name} for one in shown.projects
            ],
        }
    )


@needs(Role.READER)
def project_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The overview."""
    if Project.objects.filter(slug=f"{slug}.json").exists():
        # The address of a project that is called so, without its slash.
        return projects.project(request, f"{slug}.json")
    project = find.project(request, slug)
    shown = projects.overview(project)
    page = {
        "slug": project.slug,
        "name": project.name,
        "visibility": project.visibility,
        "description": project.description,
        "size_bytes": shown["kept_bytes"],
        "needs_attention": [brief(one) for one in shown["trouble"]],
        "live": [brief(one) for one in shown["live"]],
        "recent": [brief(one) for one in shown["recent"]],
        "experiments": [
            dict(zip(EXPERIMENT, experiment_row(one), strict=True))
            for one in shown["experiments"]
        ],
        "versions": [
            {
                "model": one.model.name,
                "version": one.version,
                "aliases": [pointed.alias for pointed in one.aliases.all()],
                "created": written(one.created_ms),
            }
            for one in shown["versions"]
        ],
    }
    return told(page)


def told(page: dict[str, Any]) -> HttpResponse:
    return HttpResponse(
        orjson.dumps(page, option=orjson.OPT_INDENT_2), content_type=KINDS["json"]
    )


def brief(one: projects.Shown) -> dict[str, Any]:
    """A candidate as a short list shows it."""
    return {
        "number": one.candidate.iid,
        "name": one.candidate.name,
        "run_id": one.candidate.eid,
        "project": one.candidate.project.slug,
        "experiment": one.candidate.experiment.name,
        "state": state(one.candidate).value,
        "metric": one.column.full_label if one.column else None,
        "value": plain(one.value),
        "is_best": one.is_best,
    }


# ---------------------------------------------------------------- experiments


BOARD = (
    "place", "configuration", "candidates", "n", "metric", "mean", "half_width",
    "verdict",
)  # fmt: skip


@needs(Role.READER)
def board_file(
    request: HttpRequest, slug: str, iid: int, form: str
) -> HttpResponseBase:
    """The leaderboard. `half_width`: of the 95 % interval, with three repeats and more."""
    project, there = open_experiment(request, slug, iid)
    if there.experiment.is_deleted:
        return find.gone(request, project, there.experiment)
    asked = asked_board(request, there)
    rows = (
        [
            line.row.place,
            line.name,
            " ".join(str(iid) for iid in sorted(v.iid for v in line.row.values)),
            line.row.said.n,
            asked.key,
            line.row.said.mean,
            line.row.said.half_width,
            line.words,
        ]
        for line in boards.lines(there, asked.rows)
    )
    return answer(f"{slug}-{iid}-leaderboard", form, BOARD, rows)


CHANGE = ("kind", "key", "before", "after", "note")


@needs(Role.READER)
def changes_file(request: HttpRequest, slug: str, form: str) -> HttpResponseBase:
    """What changed between two candidates, the metrics first."""
    asked = asked_changes(request, slug)
    if isinstance(asked, HttpResponseRedirect):
        return asked
    moved = (
        ["Metrics", one.key, one.before, one.after, one.delta]
        for one in asked.found.metrics
    )
    changed = (
        [group.name, one.key, one.before, one.after, one.note]
        for group in asked.found.groups
        for one in group.changes
    )
    name = f"{slug}-{asked.a.iid}-{asked.b.iid}-changes"
    return answer(name, form, CHANGE, [*moved, *changed])


FILE = ("path", "size_bytes", "content_type", "sha256", "uploaded_at")


@needs(Role.READER)
def artifacts_file(
    request: HttpRequest, slug: str, iid: int, form: str
) -> HttpResponseBase:
    """The candidate's own files, those of all folders; with `f` those of that name."""
    where = find_candidate(request, slug, iid)
    if where.gone:
        return where.gone
    files = Artifact.objects.of(where.candidate).order_by("folder", "name")
    if text := request.GET.get("f", "").strip().replace("\0", ""):
        files = files.filter(name__icontains=text)
    rows = (
        [
            one.path,
            one.size_bytes,
            one.content_type,
            one.sha256,
            one.uploaded_at.isoformat(),
        ]
        for one in files.iterator()
    )
    return answer(f"{slug}-{iid}-artifacts", form, FILE, rows)


VERSION = (
    "version", "aliases", "description", "stage", "candidate", "run_id", "source",
    "created",
)  # fmt: skip


@needs(Role.READER)
def versions_file(
    request: HttpRequest, slug: str, name: str, form: str
) -> HttpResponseBase:
    """The versions of a registered model, the newest first."""
    where = find_model(request, slug, name)
    versions = list(where.model.versions.order_by("-version")[:MAX_LINES])
    makers = makers_of(where.project, versions)
    aliases: dict[int, list[str]] = {}
    for pointed in aliases_of(where.model):
        aliases.setdefault(pointed.number, []).append(pointed.alias)
    rows = (
        [
            one.version,
            " ".join(aliases.get(one.version, ())),
            one.description,
            one.stage,
            makers[one.run_id].iid if one.run_id in makers else None,
            one.run_id,
            one.source,
            written(one.created_ms),
        ]
        for one in versions
    )
    return answer(f"{slug}-model-versions", form, VERSION, rows)


@needs(Role.READER)
def version_json(
    request: HttpRequest, slug: str, name: str, number: int
) -> HttpResponse:
    """A version: where it came from, what its candidate reached, and its first files."""
    where = find_model(request, slug, name, number)
    this = where.version
    assert this
    maker = makers_of(where.project, [this]).get(this.run_id)
    place = place_of(where)
    return told(
        {
            "model": where.model.name,
            "version": this.version,
            "description": this.description,
            "stage": this.stage,
            "aliases": [
                one.alias
                for one in aliases_of(where.model)
                if one.number == this.version
            ],
            "tags": dict(this.tags.values_list("key", "value")),
            "created": written(this.created_ms),
            "source": this.source,
            "run_id": this.run_id,
            "candidate": maker.iid if maker else None,
            "metrics": {
                one.key: plain(one.value) for one in (measured(maker) if maker else ())
            },
            "params": dict(maker.params.values_list("key", "value")) if maker else {},
            "files": [
                {"path": one.path, "size_bytes": one.size_bytes}
                for one in (files_of(where, place) if place else ())
            ],
        }
    )
