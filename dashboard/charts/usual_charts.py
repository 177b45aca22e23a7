"""Which charts the Charts tab opens with, and which it finds by name or prefix."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpRequest

from dashboard.charts import pins, sweep
from dashboard.charts.chart_specs import Field, Kind, Spec
from dashboard.find import Opened
from dashboard.table.columns import Catalogue

USUAL_CHARTS = 6
COURSES = ("line", "band", "env")

MAX_MATCHING = 12

MAX_SECTIONS = 60


MAX_METRICS = 300  # to choose from
MAX_AXES = 100  # metrics, where params are offered beside them


class Choice(NamedTuple):
    """A field of a new chart's form: what it offers, and what is chosen at first."""

    field: Field
    options: list[tuple[str, str]]
    usual: str  # empty where it may be left out


def choices(kind: Kind, metrics: Sequence[str], params: Sequence[str]) -> list[Choice]:
    """No two fields begin with the same, and a parameter lies below a metric."""
    metric_options = [(key, key) for key in metrics[:MAX_METRICS]]
    param_options = [(key, key) for key in params]
    offered = {
        "metric": metric_options,
        "param": param_options,
        "any": [(f"p:{key}", key) for key in params]
        + [(f"m:{key}", key) for key in metrics[:MAX_AXES]],
        "path": [],
    }
    left = {"metric": list(metric_options), "param": list(param_options)}
    left["any"] = [
        *((f"p:{key}", key) for key in params[:1]),
        *((f"m:{key}", key) for key in metrics),
    ]
    found = []
    for field in kind.fields:
        open_ones = [] if field.is_optional else left.get(field.of, [])
        usual = open_ones.pop(0)[0] if open_ones else ""
        found.append(Choice(field, offered[field.of], usual))
    return found


class Section(NamedTuple):
    """The metrics that share a slash prefix and have no chart above."""

    name: str
    many: int
    is_open: bool
    url: str


def offered(there: Opened) -> tuple[list[str], list[str]]:
    """Every metric key, the weightiest in front, and params that vary. Two queries."""
    experiment = there.experiment
    catalogue = Catalogue.of(experiment, primary=there.primary)
    keys = catalogue.metrics_by_weight()
    params, _ = sweep.offered([experiment.pk])
    return keys, params


def curve_kind(show: str, *, is_grouped: bool) -> str:
    """How the course of a metric is drawn where nobody chose a kind of chart."""
    if is_grouped:
        return "band"
    return "env" if show == "all" else "line"


def default_specs(
    keys: Sequence[str], kind: str, pinned: Sequence[str] = ()
) -> list[Spec]:
    """What is pinned, the metric to judge by with its partners, then by weight."""
    chosen = [key for key in keys if not key.startswith("system/")] or list(keys)
    if chosen:
        last = chosen[0].rpartition("/")[2]
        partners = [k for k in chosen if k.rpartition("/")[2] == last]
        chosen = list(dict.fromkeys([*partners[:2], *chosen]))
        chosen = pins.first(chosen, pinned)
    return [Spec(kind, (key,)) for key in chosen[:USUAL_CHARTS]]


def found_by_name(
    request: HttpRequest,
    keys: Sequence[str],
    specs: Sequence[Spec],
    kind: str,
    problems: list[str],
) -> list[Spec]:
    """Charts of metrics whose name was searched for, or whose section was opened."""
    text = request.GET.get("f", "").strip()[:200]
    prefix = request.GET.get("open")
    if not text and prefix is None:
        return []
    there = {key for spec in specs if spec.kind in COURSES for key in spec.fields}
    if text:
        chosen = [key for key in keys if holds(key, text)]
        if not chosen:
            problems.append(f"No metric’s name holds “{text}”.")
    else:
        chosen = [key for key in keys if prefix_of(key) == prefix]
    chosen = [key for key in sorted(chosen) if key not in there]
    if len(chosen) > MAX_MATCHING:
        problems.append(
            f"{len(chosen)} metrics; these are the first {MAX_MATCHING}. Search for"
            " a longer part of a name to see the others."
        )
    return [Spec(kind, (key,)) for key in chosen[:MAX_MATCHING]]


def holds(key: str, text: str) -> bool:
    """By part of the name. `a.*b` works as people mean it: a, later b."""
    parts = [part for part in re.split(r"\.\*|\*|\s+", text.lower()) if part]
    place = 0
    for part in parts:
        place = key.lower().find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def prefix_of(key: str) -> str:
    return key.partition("/")[0] if "/" in key else ""


def sections(
    request: HttpRequest, keys: Sequence[str], specs: Sequence[Spec]
) -> list[Section]:
    there = {key for spec in specs if spec.kind in COURSES for key in spec.fields}
    counts: dict[str, int] = {}
    for key in keys:
        if key not in there:
            counts[prefix_of(key)] = counts.get(prefix_of(key), 0) + 1
    opened_one = request.GET.get("open")
    query = request.GET.copy()
    query.pop("f", None)
    found = []
    for name, count in sorted(counts.items())[:MAX_SECTIONS]:
        is_open = opened_one == name
        if is_open:
            query.pop("open", None)
        else:
            query["open"] = name
        found.append(
            Section(name or "without prefix", count, is_open, f"?{query.urlencode()}")
        )
    return found
