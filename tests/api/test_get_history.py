import pytest

from tests import make
from tests.api.words import INVALID, refused
from tracker.recording import Point as P


@pytest.fixture
def run(experiment):
    return make.candidate(experiment)


def history(api, run, **query):
    return api.get("metrics/get-history", run_id=run.eid, metric_key="loss", **query)


def pages(api, run, size):
    """All points, page by page, and how many pages there were."""
    found, number, token = [], 0, ""
    while True:
        _, body = history(api, run, max_results=size, page_token=token)
        found += body.get("metrics", [])
        number += 1
        token = body.get("next_page_token")
        if not token:
            return found, number


def keys(metrics):
    return [(one["timestamp"], one["step"], one["value"]) for one in metrics]


IN_ORDER = [P("loss", i / 2, 10 * i, i) for i in range(20)]
ONE_STEP = [P("loss", i / 2, 10 * i, 0) for i in range(20)]
ONE_TIME = [P("loss", i / 2, 10, i) for i in range(20)]
TWINS = [P("loss", value, 10, 0) for value in (3.0, 1.0, float("inf"), 2.0, -1.0)]
# Time runs against the steps: the order of time is another than the order of steps.
CLOCK_SET_BACK = [P("loss", i / 2, 1000 - 10 * i, i) for i in range(20)]
RESUMED = [*IN_ORDER, *(P("loss", i / 3, 500 + i, i) for i in range(15))]


@pytest.mark.parametrize(
    "points", [IN_ORDER, ONE_STEP, ONE_TIME, TWINS, CLOCK_SET_BACK, RESUMED]
)
@pytest.mark.parametrize("size", [1, 3, 20])
def test_pages_in_the_order_of_time(api, experiment, points, size):
    run = make.candidate(experiment)
    for point in points[::2] + points[1::2]:
        make.recording.log_batch(run, metrics=[point])

    _, whole = history(api, run)
    paged, number = pages(api, run, size)

    assert paged == whole["metrics"]
    number_of_pages, rest = divmod(len(points), size)
    assert number == number_of_pages + (rest > 0)
    sortable = [
        (t, s, float(v) if isinstance(v, str) else v)
        for t, s, v in keys(whole["metrics"])
    ]
    assert sortable == sorted((p.timestamp, p.step, p.value) for p in points)


def test_goes_on_where_it_was_when_the_order_changes_in_between(api, run):
    make.recording.log_batch(run, metrics=IN_ORDER)
    _, first = history(api, run, max_results=5)

    # A late point turns the fast way of reading into the slow one.
    make.recording.log_batch(run, metrics=[P("loss", 9.0, 10_000, -1)])
    _, rest = history(api, run, page_token=first["next_page_token"])

    found = keys(first["metrics"] + rest["metrics"])
    assert found == sorted(found)
    assert len(found) == 21


def test_answers_what_the_client_reads(api, run):
    make.recording.log_batch(run, metrics=[P("loss", float("nan"), 5, 3)])

    assert history(api, run) == (
        200,
        {"metrics": [{"key": "loss", "value": "NaN", "timestamp": 5, "step": 3}]},
    )


def test_understands_run_uuid(api, run):
    make.recording.log_batch(run, metrics=[P("loss", 1.0, 5)])

    status, body = api.get("metrics/get-history", run_uuid=run.eid, metric_key="loss")

    assert (status, len(body["metrics"])) == (200, 1)


def test_answers_nothing_for_a_run_or_a_metric_that_is_not_there(api, run, vision):
    foreign = make.candidate(make.experiment(vision), metrics={"loss": 1.0})
    query = {"metric_key": "loss"}

    assert history(api, run) == (200, {})
    assert api.get("metrics/get-history", run_id="nobody", **query) == (200, {})
    assert api.get("metrics/get-history", run_id=foreign.eid, **query) == (200, {})


@pytest.mark.parametrize(
    "query",
    [
        {"run_id": "r"},
        {"metric_key": "loss"},
        {"run_id": "r", "metric_key": ""},
        {"run_id": "r", "metric_key": "loss", "max_results": 0},
        {"run_id": "r", "metric_key": "loss", "max_results": -1},
        {"run_id": "r", "metric_key": "loss", "max_results": "many"},
        {"run_id": "r", "metric_key": "loss", "max_results": 10**12},
        {"run_id": "r", "metric_key": "loss", "page_token": "forged"},
        {"run_id": "r", "metric_key": "loss", "page_token": "eyJvZmZzZXQiOiAtMX0="},
    ],
)
def test_refuses_what_it_cannot_answer(api, query):
    assert refused(api.get("metrics/get-history", **query)) == INVALID


def test_refuses_the_token_of_another_series(api, run, experiment):
    other = make.candidate(experiment, points=IN_ORDER)
    make.recording.log_batch(run, metrics=IN_ORDER)
    token = history(api, other, max_results=5)[1]["next_page_token"]

    assert refused(history(api, run, page_token=token)) == INVALID


@pytest.mark.parametrize("points", [IN_ORDER, CLOCK_SET_BACK])
def test_costs_the_same_for_every_page(
    api, experiment, points, django_assert_num_queries
):
    run = make.candidate(experiment, points=points)
    token = history(api, run, max_results=2)[1]["next_page_token"]

    # series, points
    with django_assert_num_queries(2):
        history(api, run, max_results=2, page_token=token)
