"""Scatter, contour, heatmap and parallel axes: several fields of each candidate."""

from collections.abc import Sequence
from typing import Any

from dashboard.candidate.results import AGGREGATES
from dashboard.charts import frames, parallel, scatter, spreads, sweep, sweep_charts
from dashboard.charts.chart_specs import Spec
from dashboard.charts.drawings.scene import Answer, Nothing, Scene
from dashboard.charts.sweep import Address
from dashboard.directions import direction
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker.models import Kind


def address(text: str) -> Address:
    found = sweep.read_address(text)
    if found is None:
        raise Nothing(f"“{text[:60]}” is no field: write p: or m: before a key.")
    return found


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


def contoured(scene: Scene, spec: Spec) -> Answer:
    from dashboard.charts import surfaces

    x, y, z = surface_fields(spec)
    known = scene.sample([x, y, z])
    few = [one.key for one in (x, y) if surfaces.has_few_places(known.field(one))]
    if few:
        found = heated(scene, spec)
        why = f"a surface needs {surfaces.FEWEST_PLACES} values of {few[0]}"
        return {**found, "notes": [*found["notes"], why]}
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
    from dashboard.charts import surfaces

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
