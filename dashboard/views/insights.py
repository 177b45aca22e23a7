"""An experiment's Insights and Sweep tabs: who leads and how surely, and what a search found."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from dashboard import find
from dashboard.candidate.results import AGGREGATES
from dashboard.charts import boards, sweep, sweep_charts
from dashboard.charts.chart_specs import Spec
from dashboard.charts.charted import opened as open_experiment
from dashboard.charts.leaderboard import Row
from dashboard.charts.plotly import with_charts
from dashboard.directions import Direction, direction
from dashboard.find import Opened
from dashboard.list_files import links
from dashboard.table import matching
from dashboard.table.columns import Catalogue
from dashboard.table.state import State
from dashboard.templatetags.tracker_tags import grouped, span
from tracker.errors import Invalid
from tracker.models import Candidate, Kind, Metric, Role, Status
from tracker.permits import needs

AXES = ("up", "across", "colour")


def common(
    request: HttpRequest, project: Any, there: Opened, tab: str
) -> dict[str, Any]:
    return {
        "project": project,
        "section": "experiments",
        "experiment": there.experiment,
        "opened": there,
        "total": there.total,
        "live": there.live,
        "note": "",
        "tab": tab,
        "may_write": find.may(request, project, Role.WRITER),
    }


# ---------------------------------------------------------------- leaderboard


@needs(Role.READER)
@with_charts
def insights(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    project, there = open_experiment(request, slug, iid)
    experiment = there.experiment
    if experiment.is_deleted:
        return find.gone(request, project, experiment)
    page = common(request, project, there, "insights")
    if there.total:
        page |= board_page(request, slug, there)
    return render(request, "dashboard/insights.html", page)


class Asked(NamedTuple):
    """The board that an address asks for."""

    state: State
    keys: list[str]  # every metric, the weightiest in front
    key: str
    rows: list[Row]
    is_cut: bool
    problems: list[str]


def asked_board(request: HttpRequest, there: Opened) -> Asked:
    catalogue = Catalogue.of(there.experiment)
    state = State.read(request, catalogue)
    found = matching.find(there, state)
    keys = [k for k in catalogue.metrics_by_weight() if not k.startswith("system/")]
    asked = request.GET.get("m", "")
    key = asked if asked in keys else there.primary or next(iter(keys), "")
    problems = list(state.notes)
    if asked and asked != key:
        problems.append(f"There is no metric “{asked[:100]}” here; this is {key}.")
    rows, is_cut = list[Row](), False
    try:
        with found.search.limited():
            rows, is_cut = (
                boards.board_of(there, found.search.listed, key)
                if found.is_filtered
                else boards.kept(there, key)
            )
    except Invalid as refusal:
        problems.append(refusal.message)
    if found.problem:
        problems.append(f"{found.problem.message} Every candidate counts instead.")
    return Asked(state, keys, key, rows, is_cut, problems)


def board_page(request: HttpRequest, slug: str, there: Opened) -> dict[str, Any]:
    state, keys, key, rows, is_cut, problems = asked_board(request, there)
    objectives = [k for k in request.GET.getlist("o") if k in keys][:3]
    objectives = objectives or usual_objectives(keys, key)
    spec = Spec("pareto", tuple(objectives)) if len(objectives) > 1 else None
    return {
        "state": state,
        "problems": problems,
        "metric_keys": keys[:300],
        "key": key,
        "words": direction(key).words or "higher taken as better",
        "aggregate": AGGREGATES[direction(key)],
        "lines": boards.lines(there, rows),
        "is_cut": is_cut,
        "sure": sum(1 for row in rows if row.is_sure),
        "axes": list(zip_longest(AXES, objectives, fillvalue="")),
        "pareto": pareto_chart(request, slug, there, spec) if spec else None,
        "candidates_url": reverse("candidate", args=[slug, 0])[:-2],
        "page_files": links(request),
    }


def usual_objectives(keys: Sequence[str], key: str) -> list[str]:
    """The metric to judge by, and one that pulls the other way if there is one."""
    others = [k for k in keys if k != key and direction(k) is not Direction.NONE]
    against = [k for k in others if direction(k) is not direction(key)]
    costs = [k for k in keys if any(w in k.lower() for w in ("latency", "time", "second",
             "size", "param", "cost", "memory"))]  # fmt: skip
    second = next(iter([*costs, *against, *others]), None)
    return [key, second] if key and second and second != key else []


class Chart(NamedTuple):
    """A chart by its specification, as `_drawing.html` shows it."""

    id: str
    spec: Spec
    url: str
    svg_url: str
    csv_url: str
    remove_url: str = ""
    up_url: str = ""
    frame: None = None
    images: None = None


def chart_of(
    slug: str, there: Opened, spec: Spec, number: int, pairs: Sequence[tuple[str, str]]
) -> Chart:
    place = [slug, there.experiment.iid]
    query = urlencode([*pairs, ("ch", spec.text)])
    return Chart(
        f"chart-{number}",
        spec,
        f"{reverse('experiment_chart', args=place)}?{query}",
        f"{reverse('experiment_chart_svg', args=place)}?{query}",
        f"{reverse('experiment_chart_csv', args=place)}?{query}",
    )


def pareto_chart(request: HttpRequest, slug: str, there: Opened, spec: Spec) -> Chart:
    q = request.GET.get("q", "")
    return chart_of(slug, there, spec, 1, [("q", q)] if q else [])


# ---------------------------------------------------------------- sweep

MAX_PARENTS = 100
MAX_SLICES = 8


class Study(NamedTuple):
    """A parent, and how many children it has."""

    candidate: Candidate
    children: int


@needs(Role.READER)
@with_charts
def sweep_tab(request: HttpRequest, slug: str, iid: int) -> HttpResponse:
    project, there = open_experiment(request, slug, iid)
    if there.experiment.is_deleted:
        return find.gone(request, project, there.experiment)
    page = common(request, project, there, "sweep")
    if there.total:
        page |= sweep_page(request, slug, there)
    return render(request, "dashboard/sweep.html", page)


class Search(NamedTuple):
    """The trials that are looked at, and by which metric."""

    problems: list[str]
    studies: list[Study]
    study: Study | None  # None: the whole experiment
    members: QuerySet[Candidate]
    params: list[str]
    metrics: list[str]
    key: str

    @property
    def newest(self) -> list[Candidate]:
        trials = self.members.order_by("-started_ms", "eid")
        return list(
            trials.only("iid", "name", "started_ms", "status")[: sweep.MAX_CANDIDATES]
        )


def asked_search(request: HttpRequest, there: Opened) -> Search:
    studies = studies_of(there)
    asked = request.GET.get("parent", "")
    by_iid = {str(study.candidate.iid): study for study in studies}
    problems = []
    study = by_iid.get(asked) or (studies[0] if studies and asked != "all" else None)
    if asked not in ("", "all") and asked not in by_iid:
        problems.append(f"#{asked[:20]} is no parent here.")
    members = Candidate.objects.alive().filter(experiment=there.experiment)
    if study:
        members = members.children_of(study.candidate.eid)
    params, metrics = sweep.offered([there.experiment.pk])
    ordered = sweep_charts.by_weight_of(metrics) or metrics
    key = request.GET.get("m", "")
    key = key if key in metrics else there.primary or next(iter(ordered), "")
    return Search(problems, studies, study, members, params, metrics, key)


def sweep_page(request: HttpRequest, slug: str, there: Opened) -> dict[str, Any]:
    asked = asked_search(request, there)
    study, key = asked.study, asked.key
    pairs = [("q", f"parent = {study.candidate.iid}")] if study else []
    addresses = [sweep.Address(Kind.PARAM, name) for name in asked.params]
    known = sweep.sampled(asked.newest, addresses, is_cut=False)
    telling = sweep.telling(known, addresses)
    return {
        "problems": asked.problems,
        "studies": asked.studies,
        "study": study,
        "whole": study is None,
        "metric_keys": asked.metrics,
        "key": key,
        "words": direction(key).words,
        "facts": facts_of(asked.members),
        "best": best_trial(asked.members, key),
        "charts": sweep_charts_of(slug, there, key, telling, known, pairs),
        "candidates_url": reverse("candidate", args=[slug, 0])[:-2],
        "table_url": reverse("experiment", args=[slug, there.experiment.iid])
        + (f"?{urlencode(pairs)}" if pairs else ""),
        "page_files": links(request),
    }


def studies_of(there: Opened) -> list[Study]:
    """Two queries."""
    counted = dict(
        Candidate.objects.alive()
        .filter(experiment=there.experiment)
        .exclude(parent_eid="")
        .values("parent_eid")
        .annotate(many=Count("pk"))
        .order_by("-many")
        .values_list("parent_eid", "many")[:MAX_PARENTS]
    )
    parents = Candidate.objects.alive().filter(
        project=there.experiment.project_id, eid__in=list(counted)
    )
    found = [Study(parent, counted[parent.eid]) for parent in parents]
    return sorted(found, key=lambda study: -study.candidate.started_ms)


def facts_of(members: QuerySet[Candidate]) -> list[tuple[str, str]]:
    """How many of each state, and the time between the first start and the last end."""
    said = members.aggregate(
        many=Count("pk"),
        begun=Min("started_ms"),
        ended=Max("ended_ms"),
        **{
            status.value: Count("pk", filter=Q(status=status.value))
            for status in Status
        },
    )
    facts = [("Trials", grouped(said["many"]))]
    facts += [
        (status.label, grouped(said[status.value]))
        for status in Status
        if said[status.value]
    ]
    if said["begun"] is not None and said["ended"] is not None:
        facts.append(
            ("From first to last", span((said["ended"] - said["begun"]) / 1000))
        )
    return facts


class Best(NamedTuple):
    candidate: Candidate
    value: float
    params: list[tuple[str, str]]


def best_trial(members: QuerySet[Candidate], key: str) -> Best | None:
    """Two queries."""
    towards = direction(key)
    column = boards.COLUMNS[towards]
    rows = Metric.objects.filter(key=key, candidate__in=members).exclude(
        **{f"{column}__isnull": True}
    )
    order = column if towards is Direction.MIN else f"-{column}"
    metric = rows.select_related("candidate").order_by(order, "candidate__iid").first()
    if metric is None:
        return None
    params = metric.candidate.params.order_by("key").values_list("key", "value")[:60]
    return Best(metric.candidate, getattr(metric, column), list(params))


def sweep_charts_of(
    slug: str,
    there: Opened,
    key: str,
    telling: Sequence[sweep.Address],
    known: sweep.Sample,
    pairs: Sequence[tuple[str, str]],
) -> list[Chart]:
    if not key:
        return []
    specs = [Spec("history", (key,))]
    if telling:
        axes = (*map(str, telling), f"m:{key}")
        specs.append(Spec("parallel", axes))
    specs += [
        Spec("scatter", (str(address), f"m:{key}")) for address in telling[:MAX_SLICES]
    ]
    numeric = [address for address in telling if known.field(address).is_numeric]
    numeric.sort(key=lambda address: -len(set(known.values[address])))
    if len(numeric) > 1:
        specs.append(Spec("contour", (numeric[0].key, numeric[1].key, key)))
    return [
        chart_of(slug, there, spec, number, pairs)
        for number, spec in enumerate(specs, start=1)
    ]
