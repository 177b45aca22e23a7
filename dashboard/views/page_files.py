"""What pages of experiments, candidates and models show in tables, as files.

Each takes the address of its page, with the same filter and choices.
"""

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from artifacts.models import Artifact
from dashboard import find
from dashboard.candidate.head import found as find_candidate
from dashboard.charts import boards
from dashboard.charts.charted import opened as open_experiment
from dashboard.list_files import answer
from dashboard.registered import aliases_of, makers_of
from dashboard.registered import found as find_model
from dashboard.views.explain import asked_changes
from dashboard.views.insights import asked_board
from dashboard.views.models import MAX_LINES, written
from tracker.models import Role
from tracker.permits import needs

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
