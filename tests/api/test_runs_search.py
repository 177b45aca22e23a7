"""The door of the search; the filter itself is tested in tests/search."""

import pytest

from tests import make
from tests.api.words import INVALID, dataset, refused
from tracker import lifecycle


def find(api, **fields):
    return api.post("runs/search", **{"experiment_ids": ["1"]} | fields)


def eids(answer):
    status, body = answer
    assert status == 200, body
    return [run["info"]["run_id"] for run in body.get("runs", [])]


def test_answers_whole_runs(api, experiment):
    run = make.candidate(experiment, metrics={"acc": 0.9}, params={"lr": "1"})
    api.post("runs/log-inputs", run_id=run.eid, datasets=[dataset()])
    api.post("runs/outputs", run_id=run.eid, models=[{"model_id": "m-1"}])

    (found,) = find(api)[1]["runs"]

    assert found == api.get("runs/get", run_id=run.eid)[1]["run"]


def test_leaves_out_the_models_that_a_run_read(api, experiment):
    run = make.candidate(experiment)
    api.post("runs/log-inputs", run_id=run.eid, models=[{"model_id": "m-1"}])

    assert find(api)[1]["runs"][0]["inputs"] == {}


def test_answers_the_newest_first(api, experiment):
    made = [make.candidate(experiment, started_ms=start) for start in (2, 3, 1)]

    assert eids(find(api)) == [made[1].eid, made[0].eid, made[2].eid]


def test_pages_to_the_end(api, experiment):
    made = [make.candidate(experiment, started_ms=1) for _ in range(10)]

    found, token = [], ""
    for _ in range(3):
        answer = find(api, max_results=4, page_token=token)
        found += eids(answer)
        token = answer[1].get("next_page_token", "")

    assert found == [run.eid for run in made]
    assert token == ""


@pytest.mark.parametrize("view", ["DELETED_ONLY", 2])
def test_shows_deleted_runs_where_asked(api, experiment, view):
    kept, deleted = make.candidates(experiment, 2)
    lifecycle.delete_candidate(deleted)

    assert eids(find(api)) == [kept.eid]
    assert eids(find(api, run_view_type=view)) == [deleted.eid]
    assert len(eids(find(api, run_view_type="ALL"))) == 2


def test_filters_and_orders(api, experiment):
    low, high, _ = (
        make.candidate(experiment, metrics={"acc": value}) for value in (0.7, 0.9, 0.1)
    )

    answer = find(api, filter="metrics.acc > 0.5", order_by=["metrics.acc DESC"])

    assert eids(answer) == [high.eid, low.eid]


@pytest.mark.parametrize("ids", [None, [], ["99"], ["9" * 30], ["-1"]])
def test_finds_nothing_in_no_experiment(api, experiment, ids):
    make.candidate(experiment)

    assert api.post("runs/search", experiment_ids=ids) == (200, {})


def test_looks_into_several_experiments(api, experiment):
    other = make.experiment(experiment.project)
    runs = [make.candidate(one) for one in (experiment, other)]

    found = find(api, experiment_ids=[str(experiment.iid), str(other.iid), "99"])

    assert set(eids(found)) == {run.eid for run in runs}
    wire_ids = {run["info"]["experiment_id"] for run in found[1]["runs"]}
    assert wire_ids == {str(experiment.iid), str(other.iid)}


def test_looks_into_thousands_of_experiments(api, experiment):
    run = make.candidate(experiment)

    answer = find(api, experiment_ids=[str(i) for i in range(10_000)])

    assert eids(answer) == [run.eid]


@pytest.mark.parametrize(
    "fields",
    [
        {"experiment_ids": "1"},
        {"experiment_ids": [1]},
        {"experiment_ids": [{}]},
        {"experiment_ids": ["abc"]},
        {"experiment_ids": ["1.5"]},
        {"experiment_ids": [str(i) for i in range(20_000)]},
        {"max_results": 0},
        {"max_results": -1},
        {"max_results": 50_001},
        {"max_results": 10**12},
        {"max_results": "many"},
        {"max_results": 1.5},
        {"max_results": [1]},
        {"run_view_type": "EVERYTHING"},
        {"run_view_type": 4},
        {"filter": 5},
        {"filter": ["a"]},
        {"filter": {}},
        {"filter": "metrics.m > 0 OR 1=1"},
        {"filter": "nonsense"},
        {"order_by": "metrics.acc"},
        {"order_by": [5]},
        {"order_by": ["nonsense; DROP TABLE"]},
        {"order_by": ["metrics.acc"] * 2000},
        {"page_token": "forged"},
        {"page_token": "eyJvZmZzZXQiOiA1fQ=="},
        {"page_token": 5},
    ],
)
def test_refuses_what_it_cannot_answer(api, experiment, fields):
    assert refused(find(api, **fields)) == INVALID


def test_names_the_limit_that_was_passed(api, experiment):
    _, body = find(api, max_results=123456789)

    message = "Invalid value 123456789 for parameter 'max_results' supplied"
    assert message in body["message"]


def test_refuses_a_token_with_another_filter(api, experiment):
    make.candidates(experiment, 3)
    token = find(api, max_results=1)[1]["next_page_token"]

    answer = find(api, max_results=1, filter="params.a = '1'", page_token=token)

    assert refused(answer) == INVALID


def test_costs_the_same_for_three_runs_or_thirty(
    api, experiment, django_assert_num_queries
):
    make.candidates(experiment, 30, metrics={"a": 1.0}, params={"b": "1"})
    find(api)

    for number in 3, 30:
        # experiments, page; their numbers, metrics, params, tags, datasets with tags, models
        with django_assert_num_queries(9):
            assert len(eids(find(api, max_results=number))) == number
