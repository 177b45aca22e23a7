"""The comparison's other tabs: parameters, metrics, files, code, environment, data, system."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import HttpRequest

from artifacts.models import Artifact
from dashboard import about
from dashboard.candidate import reproduce, surroundings
from dashboard.charts import frames, options
from dashboard.compare import differences, linewise, side_by_side, sides
from dashboard.compare.compared import Chosen
from dashboard.compare.compared_curves import Drawn, chart_url, lines_url, subject
from dashboard.compare.compared_table import MAX_COLUMNS, across, is_flipped, pair
from dashboard.compare.differences import COMMIT, Section, Wanted
from tracker import ci
from tracker.models import Candidate, Metric

MAX_SYSTEM = 6
MAX_SCRIPTS = 40
CODE_ENDINGS = (".py", ".ipynb", ".r", ".jl", ".sh", ".patch", ".diff")


def wanted(request: HttpRequest) -> Wanted:
    return Wanted(
        only_differences=request.GET.get("diff") != "0",
        text=request.GET.get("f", "").strip(),
    )


def tables(
    request: HttpRequest, asked: Chosen, sections: list[Section], asking: Wanted
) -> dict[str, Any]:
    """What the difference table's template needs."""
    flipped = is_flipped(request, asked)
    return {
        "sections": sections,
        "wanted": asking,
        "row_count": sum(each.total for each in sections),
        "differing": sum(each.differing for each in sections),
        "folded": sum(each.folded for each in sections)
        if asking.only_differences
        else 0,
        "table": across(asked, sections) if flipped else None,
        "is_flipped": flipped,
        "pair": pair(request, asked, None),
        "frame": None,
    }


def params(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    known = differences.facts(asked.candidates, only="params")
    page = one_section(request, asked, known, "Parameters")
    return page | {"long": long_values(request, asked, known.params)}


def metrics(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    known = differences.facts(asked.candidates, only="metrics")
    return one_section(request, asked, known, "Metrics")


def data(request: HttpRequest, asked: Chosen, opts: options.Options) -> dict[str, Any]:
    known = differences.facts(asked.candidates, only="datasets")
    return one_section(request, asked, known, "Data")


def one_section(
    request: HttpRequest, asked: Chosen, known: differences.Facts, name: str
) -> dict[str, Any]:
    asking = wanted(request)
    sections = [
        section
        for section in differences.sections(known, asked.baseline, asking)
        if section.name == name
    ]
    return tables(request, asked, sections, asking)


class Long(NamedTuple):
    """A long value of two candidates, line by line."""

    key: str
    left: Candidate
    right: Candidate
    diff: linewise.Diff


MAX_LONG = 5


def long_values(
    request: HttpRequest,
    asked: Chosen,
    values: Mapping[str, Mapping[int, str]],
) -> list[Long]:
    """Prompts, lists and JSON that do not fit a cell, of the two that are in front."""
    two = pair(request, asked, None)
    found = []
    for key in sorted(values):
        left, right = values[key].get(two.left.pk), values[key].get(two.right.pk)
        if left is None or right is None or left == right:
            continue
        if max(len(left), len(right)) <= differences.MAX_CELL_CHARS:
            continue
        found.append(Long(key, two.left, two.right, linewise.diff(left, right)))
    return found[:MAX_LONG]


# ---------------------------------------------------------------- files


def artifacts(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    text = request.GET.get("f", "").strip().replace("\0", "")
    every = sides.paths(asked.candidates, text)
    path = request.GET.get("path", "").strip("/").replace("\0", "")
    if not path and every:
        path = every[0].path
    looks = frames.looks(asked.candidates)
    at = sides.at_step(asked.candidates, path, request.GET.get("step", ""))
    found = sides.sides(
        asked.project, asked.candidates, looks, asked.baseline, path, at
    )
    asking = side_by_side.Wanted(
        left=request.GET.get("l", ""),
        right=request.GET.get("r", ""),
        in_rows=request.GET.get("unit") != "counts",
        is_split=request.GET.get("view") == "split",
        as_text=request.GET.get("view") == "text",
        key=request.GET.get("key", ""),
        by=request.GET.get("by", ""),
        worst=request.GET.get("order") != "best",
    )
    shown = side_by_side.compared(found, asked.candidates, asking)
    view = request.GET.get("view", "")
    picture = {"c": options.written_iids(asked.iids), "chart": "file", "path": path}
    return {
        "paths": every[: sides.MAX_PATHS],
        "is_cut": len(every) > sides.MAX_PATHS,
        "filter": text,
        "path": path,
        "shown": shown,
        "asking": asking,
        "view": view if view in ("side", "slide", "diff", "split") else "",
        "frame": None,
        "curve_url": chart_url(asked, "file", {"path": path}),
        "curve_svg_url": f"chart.svg?{urlencode(picture)}",
        "only_two": len(asked.candidates) == 2,
        "steps": at.steps,
        "step": at.step,
        "earlier": max((s for s in at.steps if s < (at.step or 0)), default=None),
        "later": min((s for s in at.steps if s > (at.step or 0)), default=None),
    }


# ---------------------------------------------------------------- code


class Commit(NamedTuple):
    """A candidate's commit, and how the host shows the way to it from the baseline's."""

    candidate: Candidate
    commit: str
    url: str
    compare_url: str
    is_same: bool
    state: str


def code(request: HttpRequest, asked: Chosen, opts: options.Options) -> dict[str, Any]:
    known = differences.facts(asked.candidates, only="tags")
    asking = wanted(request)
    two = pair(request, asked, None)
    sections = [
        section
        for section in differences.sections(known, asked.baseline, asking)
        if section.name == "Code and environment"
    ]
    diffs = known.tags.get(reproduce.DIFF, {})
    left, right = diffs.get(two.left.pk, ""), diffs.get(two.right.pk, "")
    scripts = scripts_of(asked)
    path = request.GET.get("path", "")
    path = path if path in scripts else next(iter(scripts), "")
    looks = frames.looks(asked.candidates)
    found = (
        sides.sides(asked.project, [two.left, two.right], looks, two.left, path)
        if path
        else []
    )
    shown = side_by_side.compared(
        found,
        [two.left, two.right],
        side_by_side.Wanted(is_split=request.GET.get("view") == "split"),
    )
    return tables(request, asked, sections, asking) | {
        "commits": commits(asked, known),
        "uncommitted": linewise.diff(left, right) if left or right else None,
        "scripts": scripts,
        "path": path,
        "shown": shown,
        "view": "split" if request.GET.get("view") == "split" else "",
    }


def commits(asked: Chosen, known: differences.Facts) -> list[Commit]:
    by_candidate = known.tags.get(COMMIT, {})
    remotes = known.tags.get("mlflow.source.git.repoURL", {})
    dirty = known.tags.get("mlflow.source.git.dirty", {})
    base = asked.baseline and by_candidate.get(asked.baseline.pk)
    found = []
    for candidate in asked.candidates[: 2 * MAX_COLUMNS]:
        commit = by_candidate.get(candidate.pk, "")
        if not commit:
            continue
        page = about.safe_url(ci.commit_page(remotes.get(candidate.pk, ""), commit))
        found.append(
            Commit(
                candidate,
                commit[:8],
                page,
                compare_page(page, base or "", commit),
                bool(base) and commit == base,
                {"true": "with changes", "false": "clean"}.get(
                    dirty.get(candidate.pk, "").lower(), ""
                ),
            )
        )
    return found


def compare_page(commit_page: str, base: str, commit: str) -> str:
    """The host's page of what lies between two commits, from the page of one."""
    if not commit_page or not base or base == commit:
        return ""
    if not commit_page.endswith(f"/commit/{commit}"):
        return ""
    return f"{commit_page.removesuffix(f'/commit/{commit}')}/compare/{base}...{commit}"


def scripts_of(asked: Chosen) -> list[str]:
    """Scripts that at least one logged: those that several have in front. One query."""
    by_name = Q(folder="code") | Q(folder__below="code")
    for ending in CODE_ENDINGS:
        by_name |= Q(name__iendswith=ending)
    rows = (
        Artifact.objects.filter(by_name, candidate__in=[c.pk for c in asked.candidates])
        .values("folder", "name")
        .annotate(many=Count("pk"))
        .order_by("-many", "folder", "name")[:MAX_SCRIPTS]
    )
    return [f"{r['folder']}/{r['name']}" if r["folder"] else r["name"] for r in rows]


# ---------------------------------------------------------------- environment, system


def environment(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    known = differences.facts(asked.candidates, only="tags params")
    around = surroundings.of(asked.candidates)
    asking = wanted(request)
    sections = environment_sections(asked, known, around, asking)
    return tables(request, asked, sections, asking) | {
        "unknown": [c for c in asked.candidates if not around[c.pk].packages],
    }


def environment_sections(
    asked: Chosen,
    known: differences.Facts,
    around: Mapping[int, surroundings.Surroundings],
    asking: Wanted,
) -> list[Section]:
    """Python and the machine, then packages: what differs in front."""
    general: dict[str, dict[int, str]] = {}
    packages: dict[str, dict[int, str]] = {}
    for candidate in asked.candidates:
        tags = {k: v[candidate.pk] for k, v in known.tags.items() if candidate.pk in v}
        texts = {
            k: v[candidate.pk] for k, v in known.params.items() if candidate.pk in v
        }
        if python := around[candidate.pk].python:
            general.setdefault("Python", {})[candidate.pk] = python
        for label, value in surroundings.machine(tags, texts).items():
            general.setdefault(label, {})[candidate.pk] = value
        for name, version in around[candidate.pk].packages.items():
            packages.setdefault(name, {})[candidate.pk] = version
    row = differences.row_of_texts(asked.candidates, asked.baseline)
    found = [
        differences.section(name, [row(key, by[key]) for key in keys], asking)
        for name, by, keys in (
            ("Environment", general, list(general)),
            ("Packages", packages, sorted(packages)),
        )
    ]
    return [section for section in found if section.total]


def system(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    """Their machines' curves over each other, and the means as a table."""
    ids = [candidate.pk for candidate in asked.candidates]
    by_key: dict[str, dict[int, Metric]] = {}
    rows = Metric.objects.filter(candidate__in=ids, key__startswith="system/")
    for metric in rows.order_by("key")[:20_000]:
        by_key.setdefault(metric.key, {})[metric.candidate_id] = metric
    drawn_keys = sorted(by_key, key=lambda key: (-len(by_key[key]), key))[:MAX_SYSTEM]
    framed = frames.several(
        [subject(asked, key, by_key[key], opts) for key in drawn_keys], samples=32
    )
    asking = Wanted(only_differences=False, text=request.GET.get("f", "").strip())
    row = differences.row_of_numbers(asked.candidates, asked.baseline)
    section = differences.section(
        "Mean use",
        [
            row(
                key.removeprefix("system/"),
                {pk: metric.mean for pk, metric in by_key[key].items()},
            )
            for key in sorted(by_key)
        ],
        asking,
    )
    charts = [
        Drawn(f"chart-{number}", frame, lines_url(asked, key))
        for number, (key, frame) in enumerate(
            zip(drawn_keys, framed, strict=True), start=1
        )
    ]
    return tables(request, asked, [section] if section.total else [], asking) | {
        "charts": charts,
        "frame": framed[0] if framed else None,
        "left_out": max(0, len(by_key) - MAX_SYSTEM),
    }
