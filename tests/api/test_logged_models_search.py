"""The door of the search; the filter itself is tested in tests/search."""

import pytest

from tests import make
from tests.api.words import INVALID, metric, refused
from tracker import logged_models


def find(api, **fields):
    return api.post("logged-models/search", **{"experiment_ids": ["1"]} | fields)


def eids(answer):
    status, body = answer
    assert status == 200, body
    return [model["info"]["model_id"] for model in body.get("models", [])]


@pytest.fixture
def scored(api, experiment):
    """Models with accuracies 0.7 and 0.9, measured on two datasets."""
    run = make.candidate(experiment)
    models = [make.logged_model(experiment, name=name) for name in ("a", "b")]
    for model, value, digest in zip(models, (0.7, 0.9), ("d1", "d2"), strict=True):
        point = metric("acc", value, model_id=model.eid)
        point |= {"dataset_name": "iris", "dataset_digest": digest}
        assert api.post("runs/log-metric", run_id=run.eid, **point)[0] == 200
    return models


def test_answers_whole_models(api, scored):
    (found,) = find(api, filter="name = 'a'")[1]["models"]

    assert found == api.get(f"logged-models/{scored[0].eid}")[1]["model"]


def test_answers_nothing_fast_for_a_name_that_is_a_path(api, experiment):
    assert find(api, filter="name = 'some/path'") == (200, {})


def test_orders_by_a_metric(api, scored):
    low, high = (model.eid for model in scored)

    order = [{"field_name": "metrics.acc", "ascending": False}]
    assert eids(find(api, order_by=order)) == [high, low]
    assert eids(find(api, order_by=[{"field_name": "metrics.acc"}])) == [low, high]


def test_looks_at_one_dataset(api, scored):
    _, high = scored

    only = [{"dataset_name": "iris", "dataset_digest": "d2"}]

    assert eids(find(api, datasets=only)) == [high.eid]


def test_never_shows_deleted_models(api, experiment):
    model = make.logged_model(experiment)
    logged_models.delete(model)

    assert find(api) == (200, {})


def test_pages_to_the_end(api, experiment):
    made = {make.logged_model(experiment).eid for _ in range(5)}

    first = find(api, max_results=3)
    second = find(api, max_results=3, page_token=first[1]["next_page_token"])

    assert set(eids(first) + eids(second)) == made
    assert "next_page_token" not in second[1]


@pytest.mark.parametrize("fields", [{"experiment_ids": []}, {"max_results": 0}])
def test_accepts_what_says_nothing(api, experiment, fields):
    assert find(api, **fields)[0] == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"experiment_ids": None},
        {"experiment_ids": "1"},
        {"experiment_ids": ["abc"]},
        {"filter": "metric.acc > 1"},
        {"filter": "colour = 'x'"},
        {"filter": 5},
        {"datasets": [{}]},
        {"datasets": ["iris"]},
        {"datasets": [{"dataset_name": "iris"}] * 101},
        {"order_by": ["name"]},
        {"order_by": [{"ascending": True}]},
        {"order_by": [{"field_name": "params.a"}]},
        {"max_results": -1},
        {"max_results": "many"},
        {"page_token": "forged"},
    ],
)
def test_refuses_what_it_cannot_answer(api, experiment, fields):
    assert refused(find(api, **fields)) == INVALID


def test_costs_the_same_for_two_models_or_twenty(
    api, experiment, django_assert_num_queries
):
    for _ in range(20):
        make.logged_model(experiment, tags={"a": "b"}, params={"c": "1"})
    find(api)

    for number in 2, 20:
        # experiments, page; their numbers, tags, params, metrics
        with django_assert_num_queries(6):
            assert len(eids(find(api, max_results=number))) == number
