"""Charts of an experiment's candidates by their specification: figure, notes, table.

Each answer says under the chart what stands behind it: how many candidates, which value
of a metric, what was left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from artifacts.models import Artifact
from dashboard import (
    charts,
    frames,
    leaderboard,
    options,
    parallel,
    readings,
    scatter,
    search,
    spreads,
    sweep,
    sweep_charts,
)
from dashboard.chart_specs import Spec
from dashboard.directions import Direction, direction
from dashboard.results import AGGREGATES
from dashboard.sweep import Address
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker import sketches
from tracker.curves import Axis
from tracker.models import Candidate, Experiment, Kind, Metric
from tracker.models import Param as ParamRow
from tracker.seeds import is_seed

Answer = dict[str, Any]

# Each member of a band or an envelope is read at so many places.
SKETCHED = 100
MAX_MEMBERS = 500
MAX_GROUPS = 8
MAX_FILES = 20


class Nothing(Exception):
    """There is nothing to draw; the sentence says what is missing."""


@dataclass
class Scene:
    """Whom a chart is about, and how it is to be drawn."""

    experiment: Experiment
    drawn: list[Candidate]  # the first ones, by the sort
    matching: QuerySet[Candidate]
    count: int
    options: options.Options
    group: tuple[str, ...] = ()  # params; "~seed" is the whole configuration
    baseline: Candidate | None = None

    @cached_property
    def looks(self) -> dict[int, charts.Look]:
        return frames.looks(self.drawn)

    @cached_property
    def everyone(self) -> list[Candidate]:
        """The newest of all that match. One query."""
        rows = self.matching.order_by("-started_ms", "eid").only(
            "iid", "name", "started_ms", "config", "status"
        )
        return list(rows[: sweep.MAX_CANDIDATES])

    @property
    def is_cut(self) -> bool:
        return len(self.everyone) == sweep.MAX_CANDIDATES

    def sample(self, addresses: Sequence[Address]) -> sweep.Sample:
        unique = list(dict.fromkeys(addresses))
        return sweep.sampled(self.everyone, unique, is_cut=self.is_cut)

    @property
    def whom(self) -> str:
        many = len(self.everyone)
        if self.is_cut:
            return f"the newest {grouped(many)} of {grouped(self.count)} candidates"
        return f"{grouped(many)} candidate{'' if many == 1 else 's'}"


def answer(scene: Scene, spec: Spec) -> Answer:
    """Everything `chart.json` says. Raises Nothing."""
    return DRAWN[spec.kind](scene, spec)


# ---------------------------------------------------------------- curves


def subject(scene: Scene, spec: Spec) -> frames.Subject:
    """One line for each of the drawn. One query."""
    key = spec.fields[0]
    metrics = {
        metric.candidate_id: metric
        for metric in Metric.objects.filter(
            candidate__in=[candidate.pk for candidate in scene.drawn], key=key
        )
    }
    return subject_of(scene, spec, metrics)


def subject_of(scene: Scene, spec: Spec, metrics: dict[int, Metric]) -> frames.Subject:
    members = [
        frames.Member(
            candidate,
            scene.looks[candidate.pk],
            metrics[candidate.pk],
            is_baseline=candidate == scene.baseline,
        )
        for candidate in scene.drawn
        if candidate.pk in metrics
    ]
    said = scene.options
    return frames.Subject(
        spec.fields[0],
        members,
        said._replace(is_log=True) if spec.is_log else said,
        missing=len(scene.drawn) - len(members),
    )


def line(scene: Scene, spec: Spec) -> Answer:
    about = subject(scene, spec)
    if not about.members:
        raise Nothing(f"None of the candidates has logged {spec.fields[0]}.")
    found = frames.answer(about)
    found["notes"].insert(0, who_is_drawn(scene))
    return found


def who_is_drawn(scene: Scene) -> str:
    many = len(scene.drawn)
    if many >= scene.count:
        return f"{grouped(many)} candidate{'' if many == 1 else 's'}"
    return f"{grouped(many)} of {grouped(scene.count)} candidates"


# ---------------------------------------------------------------- bands


def series_of(
    scene: Scene, key: str, candidates: Sequence[Candidate]
) -> tuple[list[Metric], Axis, charts.Unit, dict[int, Any]]:
    """The sketched curves of a metric. Two queries."""
    from dashboard.bands import Line

    ids = [candidate.pk for candidate in candidates]
    metrics = list(Metric.objects.filter(candidate__in=ids, key=key, count__gt=1))
    if not metrics:
        raise Nothing(f"No candidate has a curve of {key}.")
    about = frames.Subject(
        key, [frames.Member(candidates[0], charts.Look(0), m) for m in metrics],
        scene.options,
    )  # fmt: skip
    drawn = sketches.sketched(metrics, SKETCHED)
    lines = {}
    for metric in metrics:
        placed = frames.placed(about, metric, drawn[metric.pk])
        lines[metric.candidate_id] = Line(
            [x for x, _ in placed], [y for _, y in placed]
        )
    return metrics, about.axis, about.unit, lines


def band(scene: Scene, spec: Spec) -> Answer:
    """Mean and interval of each group, over all its members."""
    from dashboard import bands  # numpy, only where a chart needs it

    candidates = scene.everyone[:MAX_MEMBERS]
    named = groups(scene, candidates)
    metrics, axis, unit, lines = series_of(scene, spec.fields[0], candidates)
    logged = {metric.candidate_id for metric in metrics}
    ordered = sorted(
        ((name, [c for c in members if c.pk in logged]) for name, members in named),
        key=lambda group: -len(group[1]),
    )
    ordered = [group for group in ordered if group[1]]
    drawn, legend, rows = [], [], []
    for number, (name, members) in enumerate(ordered[:MAX_GROUPS]):
        made = bands.interval([lines[c.pk] for c in members])
        if made is None:
            continue
        look = charts.Look(number % 8, number // 8)
        drawn.append(bands.Drawn(f"g{number}", look, made))
        legend.append(group_entry(number, look, name, made, len(members)))
        rows.append(band_row(name, made, len(members)))
    if not drawn:
        raise Nothing(f"No group has a curve of {spec.fields[0]}.")
    scale = unit.seconds if axis is Axis.RELATIVE else 1
    is_log = spec.is_log or scene.options.is_log
    notes = [f"mean of {len(drawn)} group{'' if len(drawn) == 1 else 's'},"
             " with its 95 % interval from three curves on"]  # fmt: skip
    if len(ordered) > MAX_GROUPS:
        notes.append(f"{len(ordered) - MAX_GROUPS} smaller groups are not drawn")
    if scene.count > len(candidates):
        notes.append(
            f"the newest {grouped(len(candidates))} of {grouped(scene.count)} candidates"
        )
    notes.append(f"each curve read at {SKETCHED} places")
    return {
        "figure": bands.bands(drawn, axis=axis, scale=scale, unit=unit, is_log=is_log),
        "legend": legend,
        "notes": notes,
        "table": [
            frames.Table(
                f"{spec.fields[0]}, groups at their last place",
                ["Group", "Curves", "Mean", "From", "To"],
                rows,
            )._asdict()
        ],
        "title": "mean of groups",
    }


def band_row(name: str, made: Any, members: int) -> list[str]:
    last = max(i for i, n in enumerate(made.members) if n)
    return [
        name,
        str(members),
        shown(made.middle[last]),
        shown(made.low[last]),
        shown(made.high[last]),
    ]


def group_entry(
    number: int, look: charts.Look, name: str, made: Any, members: int
) -> dict[str, Any]:
    last = max(i for i, n in enumerate(made.members) if n)
    return frames.Entry(
        id=f"g{number}",
        name=f"{name} (n={members})",
        slot=look.slot,
        dash=look.dash,
        value=shown(made.middle[last]),
        is_live=False,
        is_baseline=False,
        is_hidden=False,
        label="",
    )._asdict()


def groups(
    scene: Scene, candidates: Sequence[Candidate]
) -> list[tuple[str, list[Candidate]]]:
    """By the parameters asked for; by the whole configuration where none is."""
    if not scene.group or "~seed" in scene.group:
        return configurations(scene, candidates)
    keys = [text.removeprefix("p:") for text in scene.group]
    values = params_of(candidates, keys)
    found: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        known = values.get(candidate.pk, {})
        name = ", ".join(f"{key} {known.get(key, '–')[:40]}" for key in keys)
        found.setdefault(name, []).append(candidate)
    return list(found.items())


def configurations(
    scene: Scene, candidates: Sequence[Candidate]
) -> list[tuple[str, list[Candidate]]]:
    """Repeats of one configuration, named by the parameters that tell them apart."""
    found: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        found.setdefault(candidate.config, []).append(candidate)
    firsts = [members[0] for members in found.values()]
    names = told_apart(params_of(firsts, None), firsts)
    return [(names[members[0].pk], members) for members in found.values()]


def told_apart(
    params: dict[int, dict[str, str]], candidates: Sequence[Candidate]
) -> dict[int, str]:
    """Each candidate by those of its parameters that are not the same for all."""
    keys = sorted({key for known in params.values() for key in known})
    telling = [
        key
        for key in keys
        if not is_seed(key)
        and len({params.get(c.pk, {}).get(key) for c in candidates}) > 1
    ]
    # Those with the most different values say the most.
    telling.sort(key=lambda key: -len({known.get(key) for known in params.values()}))
    names = {}
    for candidate in candidates:
        known = params.get(candidate.pk, {})
        said = [f"{key} {known[key][:24]}" for key in telling[:3] if key in known]
        names[candidate.pk] = ", ".join(said) or f"as #{candidate.iid}"
    return names


def params_of(
    candidates: Sequence[Candidate], keys: Sequence[str] | None
) -> dict[int, dict[str, str]]:
    rows = ParamRow.objects.filter(candidate__in=[c.pk for c in candidates])
    if keys is not None:
        rows = rows.filter(key__in=keys)
    found: dict[int, dict[str, str]] = {}
    for pk, key, value in rows.values_list("candidate_id", "key", "value"):
        found.setdefault(pk, {})[key] = value
    return found


def envelope(scene: Scene, spec: Spec) -> Answer:
    """The median of all and where eight of ten lie, with nobody left out for the sort."""
    from dashboard import bands

    key = spec.fields[0]
    candidates = scene.everyone[:MAX_MEMBERS]
    metrics, axis, unit, lines = series_of(scene, key, candidates)
    made = bands.envelope(list(lines.values()))
    if made is None:
        raise Nothing(f"No candidate has a curve of {key}.")
    look = charts.Look(0)
    scale = unit.seconds if axis is Axis.RELATIVE else 1
    notes = [
        f"{grouped(len(metrics))} curves: the median, and the 10th to 90th percentile"
    ]
    if scene.count > len(candidates):
        notes.append(
            f"the newest {grouped(len(candidates))} of {grouped(scene.count)} candidates"
        )
    if missing := len(candidates) - len(metrics):
        notes.append(f"{grouped(missing)} without a curve of {key}")
    notes.append(f"each curve read at {SKETCHED} places")
    return {
        "figure": bands.bands(
            [bands.Drawn("g0", look, made)],
            axis=axis,
            scale=scale,
            unit=unit,
            is_log=spec.is_log or scene.options.is_log,
        ),
        "legend": [group_entry(0, look, "median of all", made, len(metrics))],
        "notes": notes,
        "table": [
            frames.Table(
                f"{key}, at {len(made.x[::8])} places",
                ["At", "10th percentile", "Median", "90th percentile", "Curves"],
                [
                    [
                        shown(x / scale),
                        shown(low),
                        shown(middle),
                        shown(high),
                        str(members),
                    ]
                    for x, middle, low, high, members in list(zip(*made, strict=True))[
                        ::8
                    ]
                ],
            )._asdict()
        ],
        "title": "of all candidates",
    }


# ---------------------------------------------------------------- single values


def bar(scene: Scene, spec: Spec) -> Answer:
    key = spec.fields[0]
    address = Address(Kind.METRIC, key)
    known = scene.sample([address])
    towards = direction(key)
    pairs = [
        (candidate, value)
        for candidate, value in zip(
            known.candidates, known.values[address], strict=True
        )
        if isinstance(value, int | float)
    ]
    if not pairs:
        raise Nothing(f"None of the candidates has a value of {key}.")
    pairs.sort(key=lambda pair: pair[1], reverse=towards is not Direction.MIN)
    best = pairs[: spreads.MAX_BARS]
    notes = [f"{AGGREGATES[towards]} of {grouped(len(best))} of {scene.whom}"]
    if towards is not Direction.NONE:
        notes.append(towards.words)
    return {
        "figure": spreads.ranked(
            [
                spreads.Bar(str(c.iid), f"#{c.iid} {c.name}", c.iid % 8, value)
                for c, value in best
            ],
            address.label,
        ),
        "legend": [],
        "notes": notes,
        "table": [
            frames.Table(
                address.label,
                ["Candidate", address.label],
                [[f"#{c.iid} {c.name}", shown(value)] for c, value in best],
            )._asdict()
        ],
        "title": AGGREGATES[towards],
    }


def box(scene: Scene, spec: Spec) -> Answer:
    metric = Address(Kind.METRIC, spec.fields[0])
    by = Address(Kind.PARAM, spec.fields[1].removeprefix("p:"))
    known = scene.sample([metric, by])
    drawn, left_out = spreads.boxed(
        known.values[by],
        known.values[metric],
        [str(candidate.iid) for candidate in known.candidates],
    )
    if not drawn:
        raise Nothing(f"No candidate has both {metric.key} and {by.key}.")
    values = sum(len(one.values) for one in drawn)
    notes = [f"{grouped(values)} of {scene.whom} have both",
             "box: quartiles; whiskers: within 1.5 of their distance"]  # fmt: skip
    if left_out:
        notes.append(f"{left_out} more values of {by.key} are not drawn")
    return {
        "figure": spreads.boxes(drawn, by=by.key, label=metric.label),
        "legend": [],
        "notes": notes,
        "table": [
            frames.Table(
                f"{metric.label} by {by.key}",
                [by.key, "Candidates", "Lowest", "Median", "Highest"],
                [
                    [
                        one.label,
                        str(len(one.values)),
                        shown(min(one.values)),
                        shown(sorted(one.values)[len(one.values) // 2]),
                        shown(max(one.values)),
                    ]
                    for one in drawn
                ],
            )._asdict()
        ],
        "title": AGGREGATES[direction(metric.key)],
    }


# ---------------------------------------------------------------- two and more fields


def address(text: str) -> Address:
    found = sweep.read_address(text)
    if found is None:
        raise Nothing(f"“{text[:60]}” is no field: write p: or m: before a key.")
    return found


def scattered(scene: Scene, spec: Spec) -> Answer:
    wanted = [address(text) for text in spec.fields]
    known = scene.sample(wanted)
    x, y = known.field(wanted[0]), known.field(wanted[1])
    colour = known.field(wanted[2]) if len(wanted) > 2 else None
    both = sum(
        1
        for a, b in zip(x.values, y.values, strict=True)
        if a is not None and b is not None
    )
    if not both:
        raise Nothing(f"No candidate has both {x.label} and {y.label}.")
    dots = [scatter.Dot(str(c.iid), f"#{c.iid} {c.name}") for c in known.candidates]
    notes = [f"{grouped(both)} of {scene.whom} have both"]
    if (rho := spreads.spearman(x.values, y.values)) is not None:
        notes.append(f"Spearman’s rank correlation {shown(rho[0], 2)}, n={rho[1]}")
    if colour:
        notes.append(f"coloured by {colour.label}")
    return {
        "figure": scatter.scatter(dots, x, y, colour),
        "legend": [],
        "notes": notes,
        "table": [field_table(known, wanted)],
        "title": "",
    }


TABLE_ROWS = 200


def field_table(known: sweep.Sample, addresses: Sequence[Address]) -> dict[str, Any]:
    rows = [
        [f"#{c.iid} {c.name}", *(known.values[a][i] for a in addresses)]
        for i, c in enumerate(known.candidates)
        if all(known.values[a][i] is not None for a in addresses[:2])
    ]
    cut = f", the newest {TABLE_ROWS}" if len(rows) > TABLE_ROWS else ""
    return frames.Table(
        f"{grouped(len(rows))} candidates{cut}",
        ["Candidate", *(a.label for a in addresses)],
        [
            [str(name), *(sweep_charts.written(v) for v in values)]
            for name, *values in rows[:TABLE_ROWS]
        ],
    )._asdict()


def contoured(scene: Scene, spec: Spec) -> Answer:
    from dashboard import surfaces

    x, y, z = surface_fields(spec)
    known = scene.sample([x, y, z])
    dots = [scatter.Dot(str(c.iid), f"#{c.iid} {c.name}") for c in known.candidates]
    made = surfaces.contour(dots, known.field(x), known.field(y), known.field(z))
    if made is None:
        raise Nothing(
            f"A surface needs {surfaces.FEWEST} candidates with {x.key}, {y.key} and"
            f" {z.key}, and both parameters must vary."
        )
    return {
        "figure": made.figure,
        "legend": [],
        "notes": [
            f"smoothed from {grouped(made.points)} of {scene.whom}",
            "empty where no candidate is near",
        ],
        "table": [field_table(known, [x, y, z])],
        "title": AGGREGATES[direction(z.key)],
    }


def surface_fields(spec: Spec) -> tuple[Address, Address, Address]:
    return (
        Address(Kind.PARAM, spec.fields[0].removeprefix("p:")),
        Address(Kind.PARAM, spec.fields[1].removeprefix("p:")),
        Address(Kind.METRIC, spec.fields[2].removeprefix("m:")),
    )


def heated(scene: Scene, spec: Spec) -> Answer:
    from dashboard import surfaces

    x, y, z = surface_fields(spec)
    known = scene.sample([x, y, z])
    made = surfaces.pivot(known.field(x), known.field(y), known.field(z))
    if made is None:
        raise Nothing(f"No candidate has {x.key}, {y.key} and {z.key}.")
    notes = [
        f"mean of {sum(n for *_, n in made.cells)} of {scene.whom}",
        "empty where there is none",
    ]
    if made.left_out:
        notes.append(f"{made.left_out} candidates lie beyond the sides")
    return {
        "figure": made.figure,
        "legend": [],
        "notes": notes,
        "table": [
            frames.Table(
                z.label,
                [x.key, y.key, "Mean", "Candidates"],
                [[a, b, shown(mean), str(n)] for a, b, mean, n in made.cells],
            )._asdict()
        ],
        "title": f"mean of {AGGREGATES[direction(z.key)]}",
    }


def parallels(scene: Scene, spec: Spec) -> Answer:
    axes = [address(text) for text in spec.fields][: sweep.MAX_AXES]
    if not axes:
        params, metrics = sweep.offered([scene.experiment.pk])
        addresses = [Address(Kind.PARAM, key) for key in params]
        known = scene.sample(addresses)
        axes = sweep.telling(known, addresses)
        axes += [
            Address(Kind.METRIC, key) for key in sweep_charts.by_weight_of(metrics)[:1]
        ]
    if len(axes) < 2:
        raise Nothing(
            "Fewer than two parameters vary, so there is nothing to set apart."
        )
    known = scene.sample(axes)
    axes = [a for a in axes if any(value is not None for value in known.values[a])]
    if len(axes) < 2:
        raise Nothing("No candidate has values of two of these parameters and metrics.")
    metric = next((a for a in reversed(axes) if a.kind == Kind.METRIC), None)
    seen = sweep_charts.Sweep(list(axes), known, metric.key if metric else None)
    rows = [
        parallel.Row(
            id=str(candidate.iid),
            iid=candidate.iid,
            values=[known.values[a][index] for a in axes],
            rank_by=sweep_charts.goodness(seen, index),
        )
        for index, candidate in enumerate(known.candidates)
    ]
    drawn = [row for row in rows if any(value is not None for value in row.values)]
    return {
        "figure": parallel.parallel([a.label for a in axes], drawn),
        "legend": [],
        "notes": [scene.whom, "lines that share a category are spread a little"],
        "table": [field_table(known, axes)],
        "title": sweep_charts.sweep_title(seen),
    }


# ---------------------------------------------------------------- a search over time


def history(scene: Scene, spec: Spec) -> Answer:
    """A point for each candidate in the order of starting, and the best so far."""
    key = spec.fields[0]
    metric = Address(Kind.METRIC, key)
    known = scene.sample([metric])
    towards = direction(key)
    ordered = sorted(
        (
            (candidate.started_ms, candidate, value)
            for candidate, value in zip(
                known.candidates, known.values[metric], strict=True
            )
            if isinstance(value, int | float)
        ),
        key=lambda one: (one[0], one[1].iid),
    )
    if not ordered:
        raise Nothing(f"None of the candidates has a value of {key}.")
    best, records = running_best([value for _, _, value in ordered], towards)
    dots = [candidate for _, candidate, _ in ordered]
    return {
        "figure": search.history(
            [str(c.iid) for c in dots],
            [f"#{c.iid} {c.name}" for c in dots],
            [value for _, _, value in ordered],
            best,
            metric.label,
        ),
        "legend": [],
        "notes": [
            f"{grouped(len(ordered))} of {scene.whom}, in the order of starting",
            f"{len(records)} record{'' if len(records) == 1 else 's'}",
            *([towards.words] if towards.words else ["higher taken as better"]),
        ],
        "table": [
            frames.Table(
                "Records",
                ["Candidate", metric.label],
                [
                    [f"#{dots[i].iid} {dots[i].name}", shown(ordered[i][2])]
                    for i in records
                ],
            )._asdict()
        ],
        "title": AGGREGATES[towards],
    }


def running_best(
    values: Sequence[float], towards: Direction
) -> tuple[list[float], list[int]]:
    best: list[float] = []
    records = []
    for index, value in enumerate(values):
        before = best[-1] if best else None
        is_record = before is None or (
            value < before if towards is Direction.MIN else value > before
        )
        if is_record:
            records.append(index)
        best.append(value if is_record or before is None else before)
    return best, records


def pareto(scene: Scene, spec: Spec) -> Answer:
    """Candidates that no other beats in one objective without losing in another."""
    objectives = [Address(Kind.METRIC, text.removeprefix("m:")) for text in spec.fields]
    known = scene.sample(objectives)
    rows = [
        (candidate, [known.values[a][index] for a in objectives])
        for index, candidate in enumerate(known.candidates)
    ]
    whole = [
        (c, [float(v) for v in values if isinstance(v, int | float)])
        for c, values in rows
        if all(isinstance(v, int | float) for v in values)
    ]
    if not whole:
        names = " and ".join(a.key for a in objectives)
        raise Nothing(f"No candidate has values of {names}.")
    signs = [-1 if direction(a.key) is Direction.MIN else 1 for a in objectives]
    on_front = leaderboard.front([values for _, values in whole], signs)
    best = [
        (c, values) for (c, values), kept in zip(whole, on_front, strict=True) if kept
    ]
    best.sort(key=lambda one: one[1][1])
    ways = ", ".join(
        f"{a.key}: {'lower' if sign < 0 else 'higher'} is better"
        for a, sign in zip(objectives, signs, strict=True)
    )
    return {
        "figure": search.pareto(
            [(f"#{c.iid} {c.name}", str(c.iid), values) for c, values in whole],
            on_front,
            [a.label for a in objectives],
            goes_down=signs[0] == signs[1],
        ),
        "legend": [],
        "notes": [
            f"front: {grouped(len(best))} of {grouped(len(whole))} candidates that have"
            f" {'both' if len(objectives) == 2 else 'all'}",
            ways,
        ],
        "table": [
            frames.Table(
                "The front",
                ["Candidate", *(a.label for a in objectives)],
                [
                    [f"#{c.iid} {c.name}", *(shown(v) for v in values)]
                    for c, values in best[:TABLE_ROWS]
                ],
            )._asdict()
        ],
        "title": "",
    }


# ---------------------------------------------------------------- logged curves


def logged_curves(scene: Scene, spec: Spec) -> Answer:
    """ROC or precision over recall, out of the same file of each drawn candidate."""
    path = spec.fields[0].strip("/")
    files = Artifact.objects.filter(
        candidate__in=[c.pk for c in scene.drawn[:MAX_FILES]]
    ).at(path)
    by_candidate = {one.candidate_id: one for one in files}
    found = []
    for candidate in scene.drawn[:MAX_FILES]:
        artifact = by_candidate.get(candidate.pk)
        curve = readings.read(artifact).curve if artifact else None
        if curve and curve.kind == spec.kind:
            found.append((candidate, scene.looks[candidate.pk], curve))
    if not found:
        columns = "fpr and tpr" if spec.kind == "roc" else "precision and recall"
        raise Nothing(f"No drawn candidate has a table of {columns} at {path}.")
    return curves_answer(found, spec.kind, len(scene.drawn))


def curves_answer(
    found: Sequence[tuple[Candidate, charts.Look, readings.Curve]],
    kind: str,
    among: int,
) -> Answer:
    ordered = sorted(found, key=lambda one: -one[2].area)
    return {
        "figure": charts.operating(
            [(str(c.iid), look, curve.x, curve.y) for c, look, curve in ordered], kind
        ),
        "legend": [
            frames.Entry(
                id=str(c.iid),
                name=c.name,
                slot=look.slot,
                dash=look.dash,
                value=shown(curve.area),
                is_live=False,
                is_baseline=False,
                is_hidden=False,
            )._asdict()
            for c, look, curve in ordered
        ],
        "notes": [
            f"{len(found)} of {among} candidates have this file",
            "the number beside a name is the area below, by trapezoids",
        ],
        "table": [
            frames.Table(
                "Area below the curve",
                ["Candidate", "Area", "Points"],
                [
                    [f"#{c.iid} {c.name}", shown(curve.area), str(len(curve.x))]
                    for c, _, curve in ordered
                ],
            )._asdict()
        ],
        "title": "ROC" if kind == "roc" else "precision over recall",
        "at": "",
    }


DRAWN: dict[str, Callable[[Scene, Spec], Answer]] = {
    "line": line,
    "band": band,
    "env": envelope,
    "bar": bar,
    "box": box,
    "scatter": scattered,
    "contour": contoured,
    "heat": heated,
    "parallel": parallels,
    "history": history,
    "pareto": pareto,
    "roc": logged_curves,
    "pr": logged_curves,
}
