"""What changed from one candidate to another, by kind, and how much repeats vary anyway."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, Q

from dashboard.about import is_system
from dashboard.candidate import surroundings
from dashboard.candidate.results import AGGREGATES, value_of, verdict, written_delta
from dashboard.charts import statistics
from dashboard.compare import differences
from dashboard.compare.differences import CODE, COMMIT, Facts
from dashboard.directions import Used, by_weight, direction
from dashboard.templatetags.tracker_tags import grouped, shown
from tracker.models import Candidate, Metric, Param
from tracker.search.candidate_fields import PARAM
from tracker.seeds import is_seed

MAX_METRICS = 6
MAX_CHANGES = 60
MAX_REPEATS = 200


class Moved(NamedTuple):
    """One metric, before and after."""

    key: str
    aggregate: str
    before: str
    after: str
    delta: str
    verdict: str
    repeats: str  # how much repeats of one of them vary; empty where nobody knows
    is_noise: bool  # the distance is within it


class Change(NamedTuple):
    key: str
    before: str  # empty: not logged
    after: str
    note: str = ""


class Group(NamedTuple):
    name: str
    changes: list[Change]


class Explained(NamedTuple):
    metrics: list[Moved]
    groups: list[Group]
    only_seed: bool
    nothing: bool


def explain(a: Candidate, b: Candidate, first: str | None) -> Explained:
    """At most ten queries."""
    known = differences.facts([a, b])
    around = surroundings.of([a, b])
    params = changed(known.params, a, b)
    seeds = [change for change in params if is_seed(change.key)]
    others = counted(b, [change for change in params if not is_seed(change.key)])
    groups = [
        Group("Parameters", others),
        Group("Data", changed(known.datasets, a, b)),
        Group("Code", code(known, a, b)),
        Group("Packages", packages(around, a, b)),
        Group("Machine", machine(known, a, b)),
        Group("Tags", own_tags(known, a, b)),
        Group("Seed", seeds),
    ]
    groups = [group for group in groups if group.changes]
    telling = [group for group in groups if group.name not in ("Tags", "Machine")]
    return Explained(
        moved(known, a, b, first),
        groups,
        only_seed=bool(telling) and all(g.name == "Seed" for g in telling),
        nothing=not telling,
    )


def changed(
    values: Mapping[str, Mapping[int, str]], a: Candidate, b: Candidate
) -> list[Change]:
    found = []
    for key in sorted(values):
        before, after = values[key].get(a.pk), values[key].get(b.pk)
        if before != after:
            found.append(Change(key, cut(before), cut(after)))
    return found[:MAX_CHANGES]


def cut(text: str | None) -> str:
    if text is None:
        return ""
    return text if len(text) <= 120 else f"{text[:119]}…"


def counted(b: Candidate, changes: Sequence[Change]) -> list[Change]:
    """How many candidates of the experiment have the new value: one query."""
    named = [change for change in changes if change.after][:20]
    if not named:
        return list(changes)
    either = Q()
    for change in named:
        if not change.after.endswith("…"):
            either |= Q(key=change.key) & PARAM.kind.indexed("value", change.after)
    if not either:
        return list(changes)
    rows = (
        Param.objects.filter(
            either, experiment=b.experiment_id, candidate__deleted_at=None
        )
        .values("key", "value")
        .annotate(many=Count("pk"))
        .values_list("key", "value", "many")
    )
    many = {(key, value): number for key, value, number in rows}
    return [
        change._replace(note=f"{grouped(number)} candidate"
                        f"{'s have' if number > 1 else ' has'} this value")
        if (number := many.get((change.key, change.after))) else change
        for change in changes
    ]  # fmt: skip


def code(known: Facts, a: Candidate, b: Candidate) -> list[Change]:
    found = []
    for key, label in CODE.items():
        values = known.tags.get(key, {})
        before, after = values.get(a.pk), values.get(b.pk)
        if before == after or key == "mlflow.user":
            continue
        if key == COMMIT:
            before, after = before and before[:8], after and after[:8]
        found.append(Change(label, cut(before), cut(after)))
    return found


def packages(
    around: Mapping[int, surroundings.Surroundings], a: Candidate, b: Candidate
) -> list[Change]:
    old, new = around[a.pk], around[b.pk]
    found = []
    if old.python != new.python and old.python and new.python:
        found.append(Change("Python", old.python, new.python))
    # A list that only one of them has says nothing about what changed.
    if old.packages and new.packages:
        for name in sorted({*old.packages, *new.packages}):
            before, after = old.packages.get(name), new.packages.get(name)
            if before != after:
                found.append(Change(name, cut(before), cut(after)))
    return found[:MAX_CHANGES]


def machine(known: Facts, a: Candidate, b: Candidate) -> list[Change]:
    def of(candidate: Candidate) -> dict[str, str]:
        tags = {k: v[candidate.pk] for k, v in known.tags.items() if candidate.pk in v}
        return surroundings.machine(tags, {})

    old, new = of(a), of(b)
    return [
        Change(label, cut(old.get(label)), cut(new.get(label)))
        for label in dict.fromkeys([*old, *new])
        if old.get(label) != new.get(label)
    ]


def own_tags(known: Facts, a: Candidate, b: Candidate) -> list[Change]:
    machine_names = {name for names in surroundings.MACHINE.values() for name in names}
    own = {
        key: values
        for key, values in known.tags.items()
        if not is_system(key) and key not in machine_names
    }
    return changed(own, a, b)


# ---------------------------------------------------------------- metrics


def moved(known: Facts, a: Candidate, b: Candidate, first: str | None) -> list[Moved]:
    both = [key for key, values in known.metrics.items() if len(values) == 2]
    keys = by_weight(Used(key) for key in both)
    keys.sort(key=lambda key: key != first)
    keys = keys[:MAX_METRICS]
    spread = repeats(a, b, keys)
    found = []
    for key in keys:
        towards = direction(key)
        old = value_of(known.metrics[key][a.pk], towards).number
        new = value_of(known.metrics[key][b.pk], towards).number
        if old is None or new is None:
            continue
        sure = spread.get(key)
        found.append(
            Moved(
                key,
                AGGREGATES[towards],
                shown(old),
                shown(new),
                written_delta(new, old),
                verdict(new, old, towards),
                shown(sure, 2) if sure is not None else "",
                sure is not None and abs(new - old) <= 2 * sure,
            )
        )
    return found


def repeats(a: Candidate, b: Candidate, keys: Sequence[str]) -> dict[str, float]:
    """The standard deviation of each metric over repeats of either configuration.

    Pooled over both: √(Σ (nᵢ - 1) sᵢ² / Σ (nᵢ - 1)), as in the NIST/SEMATECH e-Handbook
    of Statistical Methods, 7.3.1. Only where one of them has three repeats. One query.
    """
    configs = {c.config for c in (a, b) if c.config}
    if not configs or not keys:
        return {}
    rows = Metric.objects.filter(
        candidate__experiment__in={a.experiment_id, b.experiment_id},
        candidate__config__in=configs,
        candidate__deleted_at=None,
        key__in=keys,
    ).select_related("candidate")[: MAX_REPEATS * len(keys)]
    values: dict[tuple[str, int], list[float]] = {}
    for metric in rows:
        number = value_of(metric, direction(metric.key)).number
        if number is not None:
            values.setdefault((metric.key, metric.candidate.config), []).append(number)
    found = {}
    for key in keys:
        samples = [v for (k, _), v in values.items() if k == key]
        deviation = statistics.pooled(samples)
        if deviation is not None:
            found[key] = deviation
    return found
