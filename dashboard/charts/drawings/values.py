"""Bars and boxes: one value of each candidate."""

from dashboard.candidate.results import AGGREGATES
from dashboard.charts import frames, spreads
from dashboard.charts.chart_specs import Spec
from dashboard.charts.drawings.scene import Answer, Nothing, Scene
from dashboard.charts.sweep import Address
from dashboard.directions import Direction, direction
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker.models import Kind


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
