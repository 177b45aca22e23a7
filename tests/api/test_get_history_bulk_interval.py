import math
import random

import pytest

from tests import make
from tests.api.words import INVALID, refused
from tracker.recording import Point as P

ROUTE = "metrics/get-history-bulk-interval"


def interval(api, *runs, **query):
    query = {"metric_key": "loss"} | query
    return api.get(ROUTE, run_ids=[run.eid for run in runs], **query)


def steps(answer):
    status, body = answer
    assert status == 200
    return [point["step"] for point in body.get("metrics", [])]


def dealt(rows, buckets):
    """The contract's rule, word for word: NTILE, the first of each, and the last of all."""
    if len(rows) <= buckets:
        return rows
    if buckets == 1:
        return rows[-1:]
    size, longer = divmod(len(rows), buckets)
    firsts, at = [], 0
    for bucket in range(buckets):
        firsts.append(rows[at])
        at += size + (bucket < longer)
    return firsts if firsts[-1] == rows[-1] else [*firsts[:-1], rows[-1]]


@pytest.mark.parametrize("number", [1, 2, 9, 10, 11, 30, 97])
@pytest.mark.parametrize("buckets", [1, 2, 3, 7, 10])
def test_deals_the_points_as_ntile_does(api, experiment, number, buckets):
    run = make.candidate(
        experiment, points=[P("loss", 1.0, 1, i) for i in range(number)]
    )

    answer = interval(api, run, max_results=buckets)

    assert steps(answer) == dealt(list(range(number)), buckets)


def test_deals_ten_steps_into_three(api, experiment):
    run = make.candidate(experiment, points=[P("loss", 1.0, 1, i) for i in range(10)])

    assert steps(interval(api, run, max_results=3)) == [0, 4, 9]


def test_deals_points_and_not_steps(api, experiment):
    points = [P("loss", float(i), i, 0) for i in range(100)]
    run = make.candidate(experiment, points=points)

    _, body = interval(api, run, max_results=4)

    assert [point["value"] for point in body["metrics"]] == [0.0, 25.0, 50.0, 99.0]


def test_takes_both_ends_of_a_range(api, experiment):
    run = make.candidate(experiment, points=[P("loss", 1.0, 1, i) for i in range(100)])

    few = interval(api, run, start_step=10, end_step=14)
    many = interval(api, run, start_step=10, end_step=89, max_results=4)
    one = interval(api, run, start_step=10, end_step=10, max_results=1)
    none = interval(api, run, start_step=-9, end_step=-1)

    assert steps(few) == [10, 11, 12, 13, 14]
    assert steps(many) == [10, 30, 50, 89]
    assert steps(one) == [10]
    assert none == (200, {})


def test_keeps_the_runs_in_the_order_of_the_question(api, experiment, vision):
    one, other = make.candidates(experiment, 2, metrics={"loss": 1.0})
    foreign = make.candidate(make.experiment(vision), metrics={"loss": 1.0})

    _, body = interval(api, other, foreign, one)

    assert [point["run_id"] for point in body["metrics"]] == [other.eid, one.eid]


def test_writes_nan_as_text(api, experiment):
    run = make.candidate(experiment, metrics={"loss": float("nan")})

    assert interval(api, run)[1]["metrics"][0]["value"] == "NaN"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"metric_key": "k"}, "Missing value for required parameter 'run_ids'."),
        (
            {"run_ids": ["r"] * 101, "metric_key": "k"},
            "must specify at most 100 run_ids.",
        ),
        ({"run_ids": ["r"]}, "Missing value for required parameter 'metric_key'"),
        ({"run_ids": ["r"], "metric_key": ""}, "required parameter 'metric_key'"),
        (
            {"run_ids": ["r"], "metric_key": "k", "max_results": 0},
            "max_results must be between 1 and 2500",
        ),
        (
            {"run_ids": ["r"], "metric_key": "k", "max_results": 2501},
            "max_results must be between 1 and 2500",
        ),
        (
            {"run_ids": ["r"], "metric_key": "k", "start_step": 1, "end_step": 0},
            "end_step must be greater than start_step. ",
        ),
        (
            {"run_ids": ["r"], "metric_key": "k", "start_step": 1},
            "If either start step or end step are specified, both must be specified.",
        ),
        (
            {"run_ids": ["r"], "metric_key": "k", "start_step": "x", "end_step": 1},
            "'start_step'",
        ),
    ],
)
def test_refuses_what_it_cannot_answer(api, query, words):
    answer = api.get(ROUTE, **query)

    assert refused(answer) == INVALID
    assert words in answer[1]["message"]


@pytest.mark.parametrize("length", [1, 9])
def test_costs_the_same_for_two_runs_or_twenty(
    api, experiment, length, django_assert_num_queries
):
    points = [P("loss", 1.0, i, i) for i in range(length)]
    runs = make.candidates(experiment, 20, points=points)
    interval(api, *runs)

    for number in 2, 20:
        # series, points
        with django_assert_num_queries(2):
            interval(api, *runs[:number], max_results=5)


def test_deals_each_of_several_runs_by_itself(api, experiment):
    runs = [
        make.candidate(experiment, points=[P("loss", 1.0, 1, i) for i in range(length)])
        for length in (3, 10, 10, 7, 1)
    ]

    answer = interval(api, *runs, max_results=3)

    assert steps(answer) == [0, 1, 2, *[0, 4, 9] * 2, 0, 3, 6, 0]


@pytest.mark.parametrize("buckets", [1, 2, 5, 16])
def test_deals_whatever_was_logged(api, experiment, buckets):
    chance = random.Random(buckets)
    lengths = [1, 4, 5, 6, 7, 23, 40, 41, 60]
    logged = {
        make.candidate(experiment, points=points): points
        for points in [any_points(chance, length) for length in lengths]
    }
    ranges = [{}, {"start_step": -3, "end_step": 4}, {"start_step": 2, "end_step": 2}]

    for query in ranges:
        first, last = query.get("start_step", -99), query.get("end_step", 99)
        expected = [
            (run.eid, *row)
            for run, points in logged.items()
            for row in dealt(stored(points, first, last), buckets)
        ]

        _, body = interval(api, *logged, max_results=buckets, **query)

        assert expected == [
            (one["run_id"], one["step"], one["timestamp"], one["value"])
            for one in body.get("metrics", [])
        ]


def any_points(chance, length):
    """Steps that are left out, repeated and out of order, and what is no number."""
    values = [0.0, 1.5, -2.0, float("nan"), 1e300, 1e-300]
    return [
        P("loss", chance.choice(values), chance.randrange(3), chance.randrange(-5, 9))
        for _ in range(length)
    ]


def stored(points, first, last):
    """As they come back, in the order in which they are dealt."""
    rows = {
        (p.step, p.timestamp, 0.0, "NaN")
        if math.isnan(p.value)
        else (p.step, p.timestamp, p.value, "")
        for p in points
        if first <= p.step <= last
    }
    return [(step, at, nan or value) for step, at, value, nan in sorted(rows)]
