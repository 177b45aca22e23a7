"""Candidates side by side: what differs, their curves, and where they sit in the sweep."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard import (
    answers,
    charts,
    differences,
    find,
    frames,
    options,
    parallel,
    primary,
    sweep,
)
from dashboard.directions import Direction, Used, by_weight, direction
from dashboard.plotly import with_charts
from dashboard.results import value_of
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker.models import Candidate, Kind, Metric, Project

MAX_COMPARED = 50
# With more, candidates become rows.
MAX_COLUMNS = 8
MAX_CURVES = 6
USUAL_CURVES = 4
SUGGESTED = 30
USUAL_FIELDS = 20  # params looked at for one that varies
TABS = {
    "": "Summary",
    "curves": "Curves",
    "parallel": "Parallel",
    "scatter": "Scatter",
}


class Chosen(NamedTuple):
    """What the address asks to compare."""

    project: Project
    candidates: list[Candidate]
    baseline: Candidate | None
    problems: list[str]

    @property
    def iids(self) -> list[int]:
        return [candidate.iid for candidate in self.candidates]

    @property
    def experiments(self) -> list[int]:
        return list({candidate.experiment_id: None for candidate in self.candidates})


def chosen(request: HttpRequest, slug: str) -> Chosen:
    project = find.project(request, slug)
    problems: list[str] = []
    iids = options.read_iids(request.GET.getlist("c"), MAX_COMPARED, problems)
    rows = {
        candidate.iid: candidate
        for candidate in Candidate.objects.filter(
            project=project, iid__in=iids
        ).select_related("experiment")
    }
    candidates = [rows[i] for i in iids if i in rows and not rows[i].is_deleted]
    problems += not_here(iids, rows)
    return Chosen(
        project, candidates, baseline(request, candidates, problems), problems
    )


def not_here(iids: Sequence[int], rows: dict[int, Candidate]) -> list[str]:
    deleted = [f"#{iid}" for iid in iids if iid in rows and rows[iid].is_deleted]
    unknown = [f"#{iid}" for iid in iids if iid not in rows]
    found = []
    if deleted:
        found.append(f"Deleted, so left out: {listed(deleted)}.")
    if unknown:
        found.append(f"Not in this project: {listed(unknown)}.")
    return found


def listed(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def baseline(
    request: HttpRequest, candidates: Sequence[Candidate], problems: list[str]
) -> Candidate | None:
    """The one that `b` names, else the first; `b=0` is none."""
    asked = request.GET.get("b", "")
    if asked == "0" or not candidates:
        return None
    if asked:
        for candidate in candidates:
            if str(candidate.iid) == asked.lstrip("#"):
                return candidate
        problems.append(f"The baseline “{asked[:40]}” is not among the compared.")
    return candidates[0]


# ---------------------------------------------------------------- the page


@require_safe
@with_charts
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    asked = chosen(request, slug)
    if len(asked.candidates) < 2:
        return too_few(request, asked)
    tab = request.GET.get("tab", "")
    if tab not in TABS:
        asked.problems.append(f"There is no tab “{tab[:40]}”.")
        tab = ""
    opts = options.read(request.GET)
    page = common(request, asked, tab) | {"problems": [*asked.problems, *opts.problems]}
    page |= {
        "": summary,
        "curves": curves,
        "parallel": whole_sweep,
        "scatter": scatter,
    }[tab](request, asked, opts)
    return render(request, "dashboard/compare.html", page)


def common(request: HttpRequest, asked: Chosen, tab: str) -> dict[str, Any]:
    experiments = {candidate.experiment for candidate in asked.candidates}
    looks = frames.looks(asked.candidates)
    return {
        "project": asked.project,
        "section": "experiments",
        "experiment": next(iter(experiments)) if len(experiments) == 1 else None,
        "candidates": asked.candidates,
        "chips": [
            Chip(candidate, looks[candidate.pk], without(request, asked, candidate))
            for candidate in asked.candidates
        ],
        "baseline": asked.baseline,
        "tab": tab,
        "tabs": TABS.items(),
        "set_text": options.written_iids(asked.iids),
        "suggestions": suggestions(asked)[:12],
        "candidates_url": reverse("candidate", args=[asked.project.slug, 0])[:-2],
    }


class Chip(NamedTuple):
    candidate: Candidate
    look: charts.Look
    without: str  # the address of this page without it


def without(request: HttpRequest, asked: Chosen, candidate: Candidate) -> str:
    query = request.GET.copy()
    query.setlist(
        "c", [options.written_iids([i for i in asked.iids if i != candidate.iid])]
    )
    if query.get("b") == str(candidate.iid):
        del query["b"]
    return f"?{query.urlencode()}"


def too_few(request: HttpRequest, asked: Chosen) -> HttpResponse:
    """Not an error: somebody came here to choose."""
    page = {
        "project": asked.project,
        "section": "experiments",
        "candidates": asked.candidates,
        "problems": asked.problems,
        "suggestions": suggestions(asked),
    }
    return render(request, "dashboard/compare_few.html", page)


def suggestions(asked: Chosen) -> list[Candidate]:
    """Recent candidates to add: of the same experiment where one is chosen."""
    found = (
        Candidate.objects.alive()
        .filter(project=asked.project)
        .exclude(iid__in=asked.iids)
        .select_related("experiment")
    )
    if asked.experiments:
        found = found.filter(experiment__in=asked.experiments)
    return list(found.order_by("-started_ms", "eid")[:SUGGESTED])


# ---------------------------------------------------------------- summary


def main_metric(asked: Chosen, metrics: differences.Facts) -> str | None:
    """The experiment's own, where any of the compared has it; else the most telling."""
    judged_by = primary.primaries(asked.experiments).get(asked.experiments[0])
    if judged_by and judged_by.key in metrics.metrics:
        return judged_by.key
    used = [Used(key, len(values)) for key, values in metrics.metrics.items()]
    return next(iter(by_weight(used)), None)


def summary(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    known = differences.facts(asked.candidates)
    main = main_metric(asked, known)
    wanted = differences.Wanted(
        only_differences=request.GET.get("diff") != "0",
        text=request.GET.get("f", "").strip(),
        first=main,
    )
    sections = differences.sections(known, asked.baseline, wanted)
    drawn = request.GET.get("m", main)
    return {
        "sentence": differences.sentence(known, asked.baseline, main),
        "sections": sections,
        "wanted": wanted,
        "row_count": sum(each.total for each in sections),
        "differing": sum(each.differing for each in sections),
        "folded": sum(each.folded for each in sections)
        if wanted.only_differences
        else 0,
        "table": across(asked, sections) if is_flipped(request, asked) else None,
        "is_flipped": is_flipped(request, asked),
        "pair": pair(request, asked, known, main),
        "frame": framed(request, asked, known.metrics, drawn, opts) if drawn else None,
        "chart_url": lines_url(asked, drawn) if drawn else "",
        "metric_keys": sorted(known.metrics)[:500],
        "parallel_url": chart_url(asked, "parallel", {}),
        "has_params": bool(known.params),
        "sweep_tables": [],
    }


def is_flipped(request: HttpRequest, asked: Chosen) -> bool:
    """Whether candidates are rows: with many of them, and the reader may turn it."""
    flip = request.GET.get("flip")
    return flip == "1" if flip in ("0", "1") else len(asked.candidates) > MAX_COLUMNS


class Line(NamedTuple):
    """A candidate as a row of the turned table."""

    candidate: Candidate
    cells: list[tuple[differences.Row, differences.Cell]]


class Across(NamedTuple):
    """The difference table turned: sections and keys are columns."""

    groups: list[tuple[str, int]]
    rows: list[differences.Row]
    lines: list[Line]
    left_out: int


MAX_ACROSS = 60


def across(asked: Chosen, sections: Sequence[differences.Section]) -> Across:
    groups, rows, room = [], [], MAX_ACROSS
    for section in sections:
        taken = section.rows[:room]
        if taken:
            groups.append((section.name, len(taken)))
            rows += taken
            room -= len(taken)
    lines = [
        Line(candidate, [(row, row.cells[index]) for row in rows])
        for index, candidate in enumerate(asked.candidates)
    ]
    every = sum(len(section.rows) + section.left_out for section in sections)
    return Across(groups, rows, lines, every - len(rows))


class Pair(NamedTuple):
    """The two that a narrow screen has room for."""

    left: Candidate
    right: Candidate


def pair(
    request: HttpRequest,
    asked: Chosen,
    known: differences.Facts,
    main: str | None,
) -> Pair:
    """Those that `l` and `r` name, else the baseline and the best."""
    by_iid = {str(candidate.iid): candidate for candidate in asked.candidates}
    left = by_iid.get(request.GET.get("l", "")) or asked.baseline or asked.candidates[0]
    best = differences.sentence(known, asked.baseline, main).best
    others = [c for c in asked.candidates if c != left]
    right = by_iid.get(request.GET.get("r", "")) or best
    return Pair(left, right if right and right != left else others[0])


# ---------------------------------------------------------------- curves


def framed(
    request: HttpRequest,
    asked: Chosen,
    metrics: Any,
    key: str,
    opts: options.Options,
) -> frames.Frame | None:
    by_candidate = metrics.get(key, {})
    if not by_candidate:
        return None
    return frames.frame(
        subject(asked, key, by_candidate, opts), with_table="table" in request.GET
    )


def subject(
    asked: Chosen, key: str, by_candidate: dict[int, Metric], opts: options.Options
) -> frames.Subject:
    """The best in front: so is the legend ordered."""
    looks = frames.looks(asked.candidates)
    members = [
        frames.Member(
            candidate,
            looks[candidate.pk],
            by_candidate[candidate.pk],
            is_baseline=candidate == asked.baseline,
        )
        for candidate in asked.candidates
        if candidate.pk in by_candidate
    ]
    towards = direction(key)
    if towards is not Direction.NONE:
        sign = -1 if towards is Direction.MAX else 1

        def place(member: frames.Member) -> tuple[bool, float]:
            number = value_of(member.metric, towards).number
            return number is None, sign * (number or 0.0)

        members.sort(key=place)
    return frames.Subject(
        key, members, opts, missing=len(asked.candidates) - len(members)
    )


def chart_url(asked: Chosen, chart: str, more: dict[str, Any]) -> str:
    path = reverse("compare_chart", args=[asked.project.slug])
    return f"{path}?{urlencode({'chart': chart, **more}, doseq=True)}"


def lines_url(asked: Chosen, key: str) -> str:
    return chart_url(asked, "lines", {"m": key})


class Drawn(NamedTuple):
    """One of several charts on a page."""

    id: str
    frame: frames.Frame
    url: str


def curves(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    ids = [candidate.pk for candidate in asked.candidates]
    keys = list(
        Metric.objects.filter(candidate__in=ids)
        .values_list("key", flat=True)
        .distinct()
        .order_by("key")[:2000]
    )
    ordered = by_weight(Used(key) for key in keys)
    wanted = [
        key for key in dict.fromkeys(request.GET.getlist("m")) if key in set(keys)
    ]
    shown_keys = (wanted or ordered[:USUAL_CURVES] or keys[:1])[:MAX_CURVES]
    metrics: dict[str, dict[int, Metric]] = {key: {} for key in shown_keys}
    for metric in Metric.objects.filter(candidate__in=ids, key__in=shown_keys):
        metrics[metric.key][metric.candidate_id] = metric
    drawn = [
        Drawn(f"chart-{number}", frame, lines_url(asked, key))
        for number, key in enumerate(shown_keys, start=1)
        if (frame := framed(request, asked, metrics, key, opts))
    ]
    return {
        "charts": drawn,
        "frame": drawn[0].frame if drawn else None,
        "metric_keys": keys[:500],
        "shown_keys": set(shown_keys),
        "max_curves": MAX_CURVES,
    }


# ---------------------------------------------------------------- the whole sweep


def sweep_metric(request: HttpRequest, metrics: Sequence[str]) -> str | None:
    asked = request.GET.get("m", "")
    if asked in metrics:
        return asked
    return next(iter(by_weight(Used(key) for key in metrics)), None) or next(
        iter(metrics), None
    )


def chosen_axes(
    request: HttpRequest, params: Sequence[str], metric: str | None
) -> list[sweep.Address]:
    """Those in the address, else every param that could tell something; the metric last."""
    addresses = [sweep.read_address(text) for text in request.GET.getlist("axes")]
    asked = [address for address in addresses if address][: sweep.MAX_AXES]
    axes = asked or [sweep.Address(Kind.PARAM, key) for key in params]
    if metric:
        last = sweep.Address(Kind.METRIC, metric)
        axes = [address for address in axes if address != last] + [last]
    return list(dict.fromkeys(axes))


class Sweep(NamedTuple):
    """What the parallel coordinates draw."""

    axes: list[sweep.Address]
    known: sweep.Sample
    metric: str | None


def read_sweep(request: HttpRequest, asked: Chosen) -> Sweep:
    params, metrics = sweep.offered(asked.experiments)
    metric = sweep_metric(request, metrics)
    axes = chosen_axes(request, params, metric)
    known = sweep.sample(asked.experiments, asked.candidates, axes)
    if not request.GET.getlist("axes"):
        last = axes[-1:] if metric else []
        axes = sweep.telling(known, axes[: len(axes) - len(last)]) + last
    return Sweep(axes, known, metric)


def whole_sweep(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    params, metrics = sweep.offered(asked.experiments)
    metric = sweep_metric(request, metrics)
    return {
        "frame": None,
        "parallel_url": chart_url(asked, "parallel", sweep_query(request)),
        "params": params,
        "metric_keys": metrics,
        "metric": metric,
        "axes": set(request.GET.getlist("axes")),
        "sweep_tables": [sweep_table(asked, read_sweep(request, asked))]
        if "table" in request.GET
        else [],
    }


def sweep_query(request: HttpRequest) -> dict[str, Any]:
    query: dict[str, Any] = {}
    if "m" in request.GET:
        query["m"] = request.GET["m"]
    if "axes" in request.GET:
        query["axes"] = request.GET.getlist("axes")
    return query


def sweep_table(asked: Chosen, seen: Sweep) -> frames.Table:
    """The compared and the ten best: nobody reads two thousand rows."""
    compared = {candidate.pk for candidate in asked.candidates}
    order = [i for i, c in enumerate(seen.known.candidates) if c.pk in compared]
    best = sorted(
        (
            i
            for i in range(len(seen.known.candidates))
            if i not in set(order) and goodness(seen, i) is not None
        ),
        key=lambda i: -(goodness(seen, i) or 0),
    )
    return frames.Table(
        f"The {len(order)} compared, and the best {min(10, len(best))} others",
        ["Candidate", *(address.label for address in seen.axes)],
        [
            [
                f"#{seen.known.candidates[i].iid} {seen.known.candidates[i].name}",
                *(written(seen.known.values[address][i]) for address in seen.axes),
            ]
            for i in order + best[:10]
        ],
    )


def written(value: sweep.Value) -> str:
    return value if isinstance(value, str) else shown(value)


def goodness(seen: Sweep, index: int) -> float | None:
    """More is better, whichever way the metric goes."""
    if seen.metric is None:
        return None
    value = seen.known.values[sweep.Address(Kind.METRIC, seen.metric)][index]
    if not isinstance(value, int | float):
        return None
    return -value if direction(seen.metric) is Direction.MIN else float(value)


def parallel_answer(request: HttpRequest, asked: Chosen) -> dict[str, Any]:
    seen = read_sweep(request, asked)
    looks = frames.looks(asked.candidates)
    rows = [
        parallel.Row(
            id=str(candidate.iid),
            iid=candidate.iid,
            values=[seen.known.values[address][index] for address in seen.axes],
            rank_by=goodness(seen, index),
            look=looks.get(candidate.pk),
        )
        for index, candidate in enumerate(seen.known.candidates)
    ]
    drawn = [row for row in rows if any(value is not None for value in row.values)]
    return {
        "figure": parallel.parallel([address.label for address in seen.axes], drawn),
        "legend": compared_legend(asked),
        "notes": sweep_notes(seen, len(drawn)),
        "table": [sweep_table(asked, seen)._asdict()],
        "title": sweep_title(seen),
    }


def sweep_title(seen: Sweep) -> str:
    many = f"{grouped(len(seen.known.candidates))} candidates"
    if seen.metric is None:
        return many
    return f"{many}, {ink_word(seen.metric)} {seen.metric} has more ink"


def ink_word(metric: str) -> str:
    return "higher" if direction(metric) is Direction.NONE else "better"


def sweep_notes(seen: Sweep, drawn: int) -> list[str]:
    found = []
    if seen.known.is_cut:
        found.append(
            f"the newest {grouped(sweep.MAX_CANDIDATES)} candidates; there are more"
        )
    if drawn < len(seen.known.candidates):
        nothing = len(seen.known.candidates) - drawn
        found.append(f"{grouped(nothing)} without any of these values")
    return [
        *found,
        "lines that share a category are spread a little",
        "the compared are set apart where they coincide",
    ]


def compared_legend(asked: Chosen) -> list[dict[str, Any]]:
    looks = frames.looks(asked.candidates)
    return [
        frames.Entry(
            id=str(candidate.iid),
            name=candidate.name,
            slot=looks[candidate.pk].slot,
            dash=looks[candidate.pk].dash,
            value="",
            is_live=False,
            is_baseline=candidate == asked.baseline,
            is_hidden=False,
        )._asdict()
        for candidate in asked.candidates
    ]


# ---------------------------------------------------------------- scatter


class Spread(NamedTuple):
    """What the scatter chart shows on which axis."""

    x: sweep.Address
    y: sweep.Address
    colour: sweep.Address | None


def scatter(
    request: HttpRequest, asked: Chosen, opts: options.Options
) -> dict[str, Any]:
    params, metrics = sweep.offered(asked.experiments)
    axes = scatter_axes(request, asked, params, metrics)
    fields = [sweep.Address(Kind.PARAM, key) for key in params]
    fields += [sweep.Address(Kind.METRIC, key) for key in metrics]
    # The page names what it chose, so that the chart need not choose again.
    query = {
        name: str(address)
        for name, address in zip(("sx", "sy", "sc"), axes or (), strict=False)
        if address
    }
    return {
        "frame": None,
        "fields": [(str(address), address.label) for address in fields],
        "axes": axes,
        "scatter_url": chart_url(asked, "scatter", query),
        "sweep_tables": [scatter_table(asked, axes)]
        if axes and "table" in request.GET
        else [],
    }


def scatter_axes(
    request: HttpRequest,
    asked: Chosen,
    params: Sequence[str],
    metrics: Sequence[str],
) -> Spread | None:
    """Those in the address, else a parameter that varies against the main metric."""
    main = sweep_metric(request, metrics)
    x = sweep.read_address(request.GET.get("sx", ""))
    x = x or usual_x(asked, params, [key for key in metrics if key != main])
    y = sweep.read_address(request.GET.get("sy", ""))
    y = y or (sweep.Address(Kind.METRIC, main) if main else None)
    if x is None or y is None:
        return None
    return Spread(x, y, sweep.read_address(request.GET.get("sc", "")))


def usual_x(
    asked: Chosen, params: Sequence[str], metrics: Sequence[str]
) -> sweep.Address | None:
    addresses = [sweep.Address(Kind.PARAM, key) for key in params[:USUAL_FIELDS]]
    known = sweep.sample(asked.experiments, asked.candidates, addresses)
    telling = sweep.telling(known, addresses)
    numeric = [address for address in telling if known.field(address).is_numeric]
    others = [sweep.Address(Kind.METRIC, key) for key in metrics]
    # Magnitudes first: a learning rate says more than a batch size.
    numeric.sort(key=lambda address: not known.field(address).is_log)
    return next(iter([*numeric, *telling, *addresses, *others]), None)


def read_spread(asked: Chosen, axes: Spread) -> sweep.Sample:
    wanted = [address for address in axes if address]
    return sweep.sample(
        asked.experiments, asked.candidates, list(dict.fromkeys(wanted))
    )


def scatter_table(asked: Chosen, axes: Spread) -> frames.Table:
    known = read_spread(asked, axes)
    return spread_table(asked, axes, known)


def spread_table(asked: Chosen, axes: Spread, known: sweep.Sample) -> frames.Table:
    compared = {candidate.pk for candidate in asked.candidates}
    addresses = [address for address in axes if address]
    return frames.Table(
        "The compared candidates",
        ["Candidate", *(address.label for address in addresses)],
        [
            [
                f"#{candidate.iid} {candidate.name}",
                *(written(known.values[address][index]) for address in addresses),
            ]
            for index, candidate in enumerate(known.candidates)
            if candidate.pk in compared
        ],
    )


def scatter_answer(request: HttpRequest, asked: Chosen) -> dict[str, Any]:
    axes = scatter_axes(request, asked, *sweep.offered(asked.experiments))
    if axes is None:
        raise Http404
    known = read_spread(asked, axes)
    looks = frames.looks(asked.candidates)
    dots = [
        charts.Dot(
            id=str(candidate.iid),
            label=f"#{candidate.iid} {candidate.name}",
            look=looks.get(candidate.pk),
        )
        for candidate in known.candidates
    ]
    colour = known.field(axes.colour) if axes.colour else None
    placed = [
        index
        for index in range(len(dots))
        if all(
            known.values[address][index] is not None for address in axes[:2] if address
        )
    ]
    notes = [f"{grouped(len(placed))} of {grouped(len(dots))} candidates have both"]
    if known.is_cut:
        notes.append(f"the newest {grouped(sweep.MAX_CANDIDATES)}; there are more")
    if colour:
        notes.append(f"coloured by {colour.label}; the compared keep their own colour")
    return {
        "figure": charts.scatter(
            dots, known.field(axes.x), known.field(axes.y), colour
        ),
        "legend": compared_legend(asked),
        "notes": notes,
        "table": [spread_table(asked, axes, known)._asdict()],
        "title": f"{axes.y.label} by {axes.x.label}",
    }


# ---------------------------------------------------------------- chart.json


@require_safe
def chart(request: HttpRequest, slug: str) -> HttpResponse:
    """One chart of the comparison: `chart=lines`, `parallel` or `scatter`."""
    asked = chosen(request, slug)
    if not asked.candidates:
        raise Http404
    match request.GET.get("chart"):
        case "parallel":
            return answers.whole(request, parallel_answer(request, asked))
        case "scatter":
            return answers.whole(request, scatter_answer(request, asked))
        case "lines":
            return lines(request, asked)
    raise Http404


def lines(request: HttpRequest, asked: Chosen) -> HttpResponse:
    key = request.GET.get("m", "").replace("\0", "")
    metrics = {
        metric.candidate_id: metric
        for metric in Metric.objects.filter(
            candidate__in=[candidate.pk for candidate in asked.candidates], key=key
        )
    }
    if not metrics:
        raise Http404
    return answers.lines(
        request, subject(asked, key, metrics, options.read(request.GET))
    )
