"""Bands: what repeats of a configuration, or all candidates, have in common."""

from collections.abc import Sequence
from typing import Any

from dashboard.charts import figures, frames
from dashboard.charts.chart_specs import Spec
from dashboard.charts.drawings.scene import Answer, Nothing, Scene
from dashboard.table import naming
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker import sketches
from tracker.curves import Axis
from tracker.models import Candidate, Metric

# Each member of a band or an envelope is read at so many places.
SKETCHED = 100
MAX_MEMBERS = 500
MAX_GROUPS = 8


def series_of(
    scene: Scene, key: str, candidates: Sequence[Candidate]
) -> tuple[list[Metric], Axis, figures.Unit, dict[int, Any]]:
    """The sketched curves of a metric. Two queries."""
    from dashboard.charts.bands import Line

    ids = [candidate.pk for candidate in candidates]
    metrics = list(Metric.objects.filter(candidate__in=ids, key=key, count__gt=1))
    if not metrics:
        raise Nothing(f"No candidate has a curve of {key}.")
    about = frames.Subject(
        key, [frames.Member(candidates[0], figures.Look(0), m) for m in metrics],
        scene.options,
    )  # fmt: skip
    drawn = sketches.sketched(metrics, SKETCHED)
    axis, lines = about.axis, {}
    for metric in metrics:
        placed = frames.placed(axis, metric, drawn[metric.pk])
        lines[metric.candidate_id] = Line(
            [x for x, _ in placed], [y for _, y in placed]
        )
    return metrics, axis, about.unit, lines


def band(scene: Scene, spec: Spec) -> Answer:
    """Mean and interval of each group, over all its members."""
    from dashboard.charts import bands

    candidates = scene.everyone[:MAX_MEMBERS]
    named = groups(scene, candidates)
    metrics, axis, unit, lines = series_of(scene, spec.fields[0], candidates)
    logged = {metric.candidate_id for metric in metrics}
    # Numbered before anybody is left out: a group has one colour in every chart.
    named.sort(key=lambda group: -len(group[1]))
    numbered = [
        (number, name, [c for c in members if c.pk in logged])
        for number, (name, members) in enumerate(named)
    ]
    ordered = [one for one in numbered if one[2]]
    drawn, legend, rows = [], [], []
    for number, name, members in ordered[:MAX_GROUPS]:
        made = bands.interval([lines[c.pk] for c in members])
        if made is None:
            continue
        look = figures.Look(number % 8, number // 8 % 4)
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
        "axis": axis,
        "at": frames.at(axis, unit),
        "scale": scale,
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
    number: int, look: figures.Look, name: str, made: Any, members: int
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
    """By the columns asked for; by the whole configuration where there are none."""
    if not scene.group:
        return configurations(scene, candidates)
    values = naming.values_of([c.pk for c in candidates], scene.group)
    found: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        known = values[candidate.pk]
        name = ", ".join(
            f"{column.key} {known.get(column, '–')[:40]}" for column in scene.group
        )
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
    names = told_apart(naming.params_of([c.pk for c in firsts]), firsts)
    return [(names[members[0].pk], members) for members in found.values()]


def told_apart(
    params: dict[int, dict[str, str]], candidates: Sequence[Candidate]
) -> dict[int, str]:
    """Each candidate by the parameters that tell it from the others."""
    shown = {c.pk: params.get(c.pk, {}) for c in candidates}
    telling = naming.telling(shown)
    alike = naming.alike(shown, telling)
    names = {}
    for candidate in candidates:
        known = shown[candidate.pk]
        said = [f"{key} {known[key][:24]}" for key in telling if key in known]
        if candidate.pk in alike or not said:
            said.append(f"as #{candidate.iid}")
        names[candidate.pk] = ", ".join(said)
    return names


def envelope(scene: Scene, spec: Spec) -> Answer:
    """The median of all and where eight of ten lie, with nobody left out for the sort."""
    from dashboard.charts import bands

    key = spec.fields[0]
    candidates = scene.everyone[:MAX_MEMBERS]
    metrics, axis, unit, lines = series_of(scene, key, candidates)
    made = bands.envelope(list(lines.values()))
    if made is None:
        raise Nothing(f"No candidate has a curve of {key}.")
    look = figures.Look(0)
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
        "axis": axis,
        "at": frames.at(axis, unit),
        "scale": scale,
    }
