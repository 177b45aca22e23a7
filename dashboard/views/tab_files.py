"""What the tabs of an experiment and of a candidate tell, as files.

Each takes the address of its page, with the same choices.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from dashboard import find
from dashboard.candidate.curve import matches
from dashboard.candidate.head import found as find_candidate
from dashboard.charts import sweep
from dashboard.charts.charted import opened as open_experiment
from dashboard.list_files import answer
from dashboard.table.exports import summary
from dashboard.views.datasets import nth
from dashboard.views.insights import asked_search
from dashboard.views.surroundings import Ran, Use, ran, system_metrics, use_of
from tracker.models import Kind, Role
from tracker.permits import needs

# ---------------------------------------------------------------- sweep

TRIAL = ("number", "name", "status", "started_ms")


@needs(Role.READER)
def sweep_file(
    request: HttpRequest, slug: str, iid: int, form: str
) -> HttpResponseBase:
    """The trials, the newest first, with the metric and what varies between them."""
    project, there = open_experiment(request, slug, iid)
    if there.experiment.is_deleted:
        return find.gone(request, project, there.experiment)
    asked = asked_search(request, there)
    addresses = [sweep.Address(Kind.PARAM, name) for name in asked.params]
    if asked.key:
        addresses.insert(0, sweep.Address(Kind.METRIC, asked.key))
    known = sweep.sampled(asked.newest, addresses, is_cut=False)
    rows = (
        [
            trial.iid,
            trial.name,
            trial.status,
            trial.started_ms,
            *(known.values[address][place] for address in addresses),
        ]
        for place, trial in enumerate(known.candidates)
    )
    names = (*TRIAL, *map(str, addresses))
    return answer(f"{slug}-{iid}-sweep", form, names, rows)


# ---------------------------------------------------------------- metrics, system

METRIC = (
    "key", "first", "last", "last_step", "min", "min_step", "max", "max_step", "mean",
    "count",
)  # fmt: skip


@needs(Role.READER)
def metrics_json(request: HttpRequest, slug: str, iid: int) -> HttpResponseBase:
    """A summary of each metric. What was logged, point by point, is `metrics.csv`."""
    where = find_candidate(request, slug, iid)
    if where.gone:
        return where.gone
    rows = (
        [one.key, *(known[name] for name in METRIC[1:])]
        for one in where.candidate.metrics.order_by("key")
        if matches(request, one.key)
        for known in [summary(one)]
    )
    return answer(f"{slug}-{iid}-metrics", "json", METRIC, rows)


@needs(Role.READER)
def system_file(
    request: HttpRequest, slug: str, iid: int, form: str
) -> HttpResponseBase:
    where = find_candidate(request, slug, iid)
    if where.gone:
        return where.gone
    rows = map(use_of, system_metrics(where.candidate))
    names = ("metric", *Use._fields[1:])
    return answer(f"{slug}-{iid}-system", form, names, rows)


# ---------------------------------------------------------------- code, data

FACT = ("kind", "key", "value")


@needs(Role.READER)
def code_file(request: HttpRequest, slug: str, iid: int, form: str) -> HttpResponseBase:
    """Code, CI, machine, packages, data, and what it takes to run it again."""
    where = find_candidate(request, slug, iid)
    if where.gone:
        return where.gone
    return answer(f"{slug}-{iid}-code", form, FACT, told(ran(where.candidate)))


def told(this: Ran) -> Iterator[Sequence[Any]]:
    for kind, facts in (("code", this.code), ("ci", this.ci)):
        for fact in facts:
            yield kind, fact.label, fact.text
    for label, value in this.machine:
        yield "machine", label, value
    if this.known.python:
        yield "package", "python", this.known.python
    for name, version in sorted(this.known.packages.items()):
        yield "package", name, version
    for read in this.datasets:
        yield "dataset", read.name, read.digest
    for check in this.checks:
        yield "reproduce", check.title, "yes" if check.is_met else "no"


COLUMN = ("part", "name", "type", "is_required")


@needs(Role.READER)
def dataset_file(
    request: HttpRequest, slug: str, iid: int, number: int, form: str
) -> HttpResponseBase:
    """The columns that the dataset has, as its schema says."""
    where = find_candidate(request, slug, iid)
    if where.gone:
        return where.gone
    described = nth(where, number)
    if described is None:
        raise Http404
    name = f"{slug}-{iid}-data-{number}"
    return answer(name, form, COLUMN, described.fields)
