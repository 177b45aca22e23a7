"""Whom an experiment's charts are about and how they are drawn, as the address says."""

from dataclasses import replace
from typing import Any, NamedTuple

from django.http import (
    HttpRequest,
)

from dashboard import find
from dashboard.charts import options
from dashboard.charts.drawings.scene import Scene
from dashboard.find import Opened
from dashboard.table import baselines, matching
from dashboard.table.columns import Catalogue
from dashboard.table.matching import Found
from dashboard.table.state import State
from tracker.models import Experiment

# How many curves a chart draws: the first ones by the sort.
SHOWN = {"10": 10, "50": 50, "200": 200}

USUAL_SHOWN = "10"


class Asked(NamedTuple):
    """Whom the charts are about, and how they are drawn."""

    experiment: Experiment
    state: State
    found: Found
    scene: Scene
    show: str
    problems: list[str]


def asked(request: HttpRequest, opened: Opened) -> Asked:
    experiment = opened.experiment
    state = State.read(request, Catalogue.of(experiment))
    opts = options.read(request.GET)
    problems = [*state.notes, *opts.problems]
    show = request.GET.get("show", USUAL_SHOWN)
    if show not in (*SHOWN, "all"):
        problems.append(f"“show={show[:20]}” is none of {', '.join(SHOWN)} or all.")
        show = USUAL_SHOWN
    found = matching.find(
        opened,
        replace(
            state,
            grouping=None,  # a chart groups by itself, and all that match
            token="",
            size=SHOWN.get(show, SHOWN[USUAL_SHOWN]),
        ),
    )
    if found.problem:
        problems.append(f"{found.problem.message} Every candidate is drawn instead.")
    for candidate in found.candidates:
        candidate.experiment = experiment  # which says how soon one counts as lost
    scene = Scene(
        experiment=experiment,
        drawn=found.candidates,
        matching=found.search.listed,
        count=found.number.number,
        options=opts,
        group=state.grouping.columns if state.grouping else (),
        baseline=baselines.of(experiment),
    )
    return Asked(experiment, state, found, scene, show, problems)


def opened(request: HttpRequest, slug: str, iid: int) -> tuple[Any, Opened]:
    project = find.project(request, slug)
    return project, find.experiment(project, iid)
