"""The door of the search; the filter itself is tested in tests/search."""

import pytest

from tests import make
from tests.api.words import INVALID, kv, refused
from tracker import lifecycle


@pytest.fixture
def three(db):
    project = lifecycle.default_project()
    return [make.experiment(project, name, tags={"team": name}) for name in "abc"]


def find(api, **fields):
    return api.post("experiments/search", **{"max_results": 100} | fields)


def names(answer):
    status, body = answer
    assert status == 200, body
    return [one["name"] for one in body.get("experiments", [])]


def test_answers_whole_experiments(api, three):
    _, body = find(api, filter="name = 'a'")

    assert body["experiments"] == [
        api.get("experiments/get", experiment_id="1")[1]["experiment"]
    ]
    assert body["experiments"][0]["tags"] == kv(team="a")


def test_reads_a_query_as_it_reads_a_body(api, three):
    query = {"filter": "name != 'b'", "order_by": ["name DESC"], "view_type": "1"}

    found = api.get("experiments/search", max_results=10, **query)

    assert names(found) == ["c", "a", "Default"]
    assert found == find(api, **query)


def test_pages_to_the_end(api, three):
    order = {"order_by": ["name"], "max_results": 3}
    first = find(api, **order)

    second = find(api, **order, page_token=first[1]["next_page_token"])

    assert names(first) + names(second) == ["Default", "a", "b", "c"]
    assert "next_page_token" not in second[1]


def test_shows_deleted_experiments_where_asked(api, three):
    lifecycle.delete_experiment(three[0])

    assert "a" not in names(find(api))
    assert names(find(api, view_type="DELETED_ONLY")) == ["a"]
    assert len(names(find(api, view_type=3))) == 4


def test_answers_nothing_as_an_empty_object(api):
    assert find(api, filter="name = 'nobody'") == (200, {})


@pytest.mark.parametrize(
    "fields",
    [
        {"max_results": None},
        {"max_results": 0},
        {"max_results": -1},
        {"max_results": 50_001},
        {"max_results": 10**12},
        {"max_results": "many"},
        {"filter": "name = 'x' OR 1=1"},
        {"filter": "name = 'x"},
        {"filter": "colour = 'x'"},
        {"filter": "name > 'a'"},
        {"filter": 5},
        {"order_by": ["colour"]},
        {"order_by": ["name; DROP TABLE"]},
        {"order_by": ["(SELECT 1)"]},
        {"order_by": "name"},
        {"view_type": "SOME"},
        {"page_token": "forged"},
        {"page_token": "eyJvZmZzZXQiOiAtMX0="},
        {"page_token": 5},
    ],
)
def test_refuses_what_it_cannot_answer(api, fields):
    assert refused(find(api, **fields)) == INVALID


def test_costs_the_same_for_one_experiment_or_thirty(api, django_assert_num_queries):
    project = lifecycle.default_project()
    for _ in range(30):
        make.experiment(project, tags={"a": "b"})
    find(api)

    for number in 1, 30:
        # page, tags
        with django_assert_num_queries(2):
            assert len(names(find(api, max_results=number))) == number
