import pytest

from tests import make
from tests.api.words import INVALID, refused
from tests.conftest import Api
from tracker.api import metrics
from tracker.recording import Point as P

ROUTE = "metrics/get-history-bulk"


@pytest.fixture
def ajax(db):
    return Api(root="/ajax-api/2.0/mlflow/")


def bulk(ajax, *runs, **query):
    query = {"metric_key": "loss"} | query
    return ajax.get(ROUTE, run_id=[run.eid for run in runs], **query)


def test_answers_by_run_then_in_the_order_of_time(ajax, experiment):
    steps_back = [P("loss", 1.0, 9, 1), P("loss", 2.0, 8, 2), P("loss", 0.5, 8, 2)]
    one = make.candidate(experiment, points=steps_back)
    other = make.candidate(experiment, points=[P("loss", float("nan"), 1, 1)])
    without = make.candidate(experiment)

    status, body = bulk(ajax, other, without, one)

    def point(run, value, timestamp, step):
        return {
            "key": "loss",
            "value": value,
            "timestamp": timestamp,
            "step": step,
            "run_id": run.eid,
        }

    assert status == 200
    assert body["metrics"] == [
        point(one, 0.5, 8, 2),
        point(one, 2.0, 8, 2),
        point(one, 1.0, 9, 1),
        point(other, "NaN", 1, 1),
    ]


@pytest.mark.parametrize("limit", range(1, 10))
def test_cuts_at_the_limit_of_all_runs_together(ajax, experiment, limit):
    runs = [
        make.candidate(experiment, points=[P("loss", 1.0, i, i) for i in range(3)])
        for _ in range(3)
    ]
    _, whole = bulk(ajax, *runs)

    _, body = bulk(ajax, *runs, max_results=limit)

    assert body["metrics"] == whole["metrics"][:limit]


def test_gives_no_more_than_the_server_s_own_limit(ajax, experiment, monkeypatch):
    monkeypatch.setattr(metrics, "MAX_BULK_POINTS", 2)
    run = make.candidate(experiment, points=[P("loss", 1.0, i, i) for i in range(3)])

    _, body = bulk(ajax, run, max_results=25_000)

    assert len(body["metrics"]) == 2


def test_keeps_the_list_where_it_is_empty(ajax, vision):
    foreign = make.candidate(make.experiment(vision), metrics={"loss": 1.0})

    assert bulk(ajax, foreign) == (200, {"metrics": []})


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"metric_key": "key"}, "must specify at least one run_id"),
        ({"run_id": ["r"] * 101, "metric_key": "key"}, "cannot specify more than"),
        ({"run_id": ["r"]}, "must specify a metric_key"),
        ({"run_id": ["r"], "metric_key": "key", "max_results": 0}, "max_results"),
        ({"run_id": ["r"], "metric_key": "key", "max_results": "all"}, "max_results"),
    ],
)
def test_refuses_what_it_cannot_answer(ajax, query, words):
    answer = ajax.get(ROUTE, **query)

    assert refused(answer) == INVALID
    assert words in answer[1]["message"]


def test_has_no_twin_below_api(api):
    assert refused(api.get(ROUTE)) == (404, "ENDPOINT_NOT_FOUND")


def test_costs_the_same_for_two_runs_or_twenty(
    ajax, experiment, django_assert_num_queries
):
    runs = make.candidates(experiment, 20, metrics={"loss": 1.0})
    bulk(ajax, *runs)

    for number in 2, 20:
        # series, points
        with django_assert_num_queries(2):
            bulk(ajax, *runs[:number])
