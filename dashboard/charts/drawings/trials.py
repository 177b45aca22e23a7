"""A search as a whole: the best so far, and the front of several objectives."""

from collections.abc import Sequence

from dashboard.candidate.results import AGGREGATES
from dashboard.charts import frames, leaderboard, search
from dashboard.charts.chart_specs import Spec
from dashboard.charts.drawings.fields import TABLE_ROWS
from dashboard.charts.drawings.scene import Answer, Nothing, Scene
from dashboard.charts.sweep import Address
from dashboard.directions import Direction, direction
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker.models import Kind


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
