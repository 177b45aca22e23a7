"""Finding candidates as MLflow's runs/search does, held against an oracle in Python."""

import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from tests.search.asking import walked
from tests.search.conditions import (
    number_conditions,
    presence_conditions,
    text_conditions,
)
from tests.search.population import (
    KEYS,
    NUMBERS,
    TIMES,
    keep,
    ordered,
    populations,
)
from tracker.models import Experiment
from tracker.search import candidates
from tracker.search.paging import View


@st.composite
def conditions(draw):
    key = draw(st.sampled_from(KEYS))
    finite = [number for number in NUMBERS if number == number]
    return draw(
        st.one_of(
            text_conditions(f"params.`{key}`", lambda one: one.params.get(key)),
            text_conditions(f'tag."{key}"', lambda one: one.tags.get(key)),
            presence_conditions(f"params.`{key}`", lambda one: one.params.get(key)),
            presence_conditions(f"tags.`{key}`", lambda one: one.tags.get(key)),
            number_conditions(
                f"metrics.`{key}`", lambda one: one.metrics.get(key), finite
            ),
            number_conditions("start_time", lambda one: one.started, [*TIMES, 1000.5]),
            number_conditions("attr.end_time", lambda one: one.ended, [*TIMES, 5.5]),
            text_conditions("run_name", lambda one: one.name),
            text_conditions("user_id", lambda one: one.user),
        )
    )


TERMS = {
    "start_time": lambda one: one.started,
    "end_time": lambda one: one.ended,
    "run_name": lambda one: one.name,
    "status": lambda one: one.status,
    "user_id": lambda one: one.user,
    "run_id": lambda one: one.eid,
    **{f"metrics.`{key}`": lambda one, key=key: one.metrics.get(key) for key in KEYS},
    **{f"params.`{key}`": lambda one, key=key: one.params.get(key) for key in KEYS},
    **{f"tags.`{key}`": lambda one, key=key: one.tags.get(key) for key in KEYS},
}
SHOWN = {
    View.ACTIVE_ONLY: lambda one: not one.is_deleted,
    View.DELETED_ONLY: lambda one: one.is_deleted,
    View.ALL: lambda one: True,
}
thorough = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def agrees(experiment, population, asked, order, limit, view=View.ACTIVE_ONLY):
    keep(experiment, population)
    matching = [
        one
        for one in population
        if SHOWN[view](one) and all(holds(one) for _, holds in asked)
    ]
    terms = [(TERMS[name], descending) for name, descending in order]

    found = walked(
        experiment,
        " AND ".join(condition for condition, _ in asked),
        order_by=[f"{name} {'DESC' if falls else 'ASC'}" for name, falls in order],
        view=view,
        limit=limit,
    )

    assert [row.eid for row in found] == [one.eid for one in ordered(matching, terms)]


@thorough
@given(
    population=populations,
    asked=st.lists(conditions(), min_size=1, max_size=2),
    order=st.lists(
        st.tuples(st.sampled_from(sorted(TERMS)), st.booleans()),
        max_size=3,
        unique_by=lambda term: term[0],
    ),
    limit=st.integers(1, 5),
    view=st.sampled_from(View),
)
def test_agrees_with_the_oracle(experiment, population, asked, order, limit, view):
    agrees(experiment, population, asked, order, limit, view)


@st.composite
def metric_questions(draw):
    """Candidates with much or little of one metric, a condition on it, an order by it."""
    population = draw(populations)
    values = st.none() | st.sampled_from([*NUMBERS, math.nan, math.nan, 1.0])
    for one in population:
        one.metrics = {"k": draw(values)}
        one.metrics = {key: v for key, v in one.metrics.items() if v is not None}
    asked = number_conditions("metrics.k", lambda one: one.metrics.get("k"), [0.0, 1.0])
    order = [("metrics.`k`", draw(st.booleans()))]
    return population, draw(st.lists(asked, max_size=1)), order


@thorough
@given(question=metric_questions(), limit=st.integers(1, 5))
def test_orders_by_a_metric_as_the_oracle_does(experiment, question, limit):
    agrees(experiment, *question, limit)


@thorough
@given(
    question=metric_questions(),
    order=st.sampled_from(["", "start_time", "start_time DESC", "metrics.k"]),
    limit=st.integers(1, 5),
)
def test_merges_experiments_as_the_oracle_does(experiment, question, order, limit):
    population, asked, (by_metric,) = question
    project = experiment.project
    other = Experiment.objects.filter(project=project, name="other").first()
    other = other or make.experiment(project, "other")
    keep(experiment, population[::2])
    keep(other, population[1::2])
    terms = [by_metric] if order == "metrics.k" else [(order, "DESC" in order)]
    terms = [(TERMS[name.split()[0]], falls) for name, falls in terms if name]
    expected = ordered(
        [
            one
            for one in population
            if not one.is_deleted and all(holds(one) for _, holds in asked)
        ],
        terms,
    )

    found, token = [], ""
    while token is not None:
        page = candidates.find(
            Experiment.objects.filter(pk__in=[experiment.pk, other.pk]),
            text=" AND ".join(condition for condition, _ in asked),
            order_by=[f"metrics.k {'DESC' if by_metric[1] else ''}"]
            if order == "metrics.k"
            else [order][: bool(order)],
            limit=limit,
            token=token,
        )
        found += [row.eid for row in page.rows]
        token = page.next_token

    assert found == [one.eid for one in expected]
