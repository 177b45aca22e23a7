"""Answers that hold more rows than a statement takes keys."""

import pytest

from tests import make
from tracker import lifecycle
from tracker.api import parts


@pytest.fixture
def few(monkeypatch):
    """Change how many rows are shaped at a time."""
    return lambda number: monkeypatch.setattr(parts, "SIZE", number)


@pytest.mark.parametrize(
    ("route", "asked"),
    [
        ("runs/search", {"experiment_ids": ["1"], "order_by": ["run_name"]}),
        ("experiments/search", {"max_results": 100}),
        ("logged-models/search", {"experiment_ids": ["1"]}),
    ],
)
def test_is_the_same_in_parts(api, experiment, few, route, asked):
    for number in range(5):
        run = make.candidate(
            experiment,
            name=f"run {number}",
            metrics={"loss": number},
            params={"p": str(number)},
            tags={"t": str(number)},
        )
        make.logged_model(experiment, source_run_id=run.eid, params={"n": str(number)})
        make.experiment(experiment.project, tags={"n": str(number)})
    whole = api.post(route, **asked)

    few(2)

    assert api.post(route, **asked) == whole
    assert len(next(iter(whole[1].values()))) >= 5


def test_is_the_same_in_parts_for_versions(api, few):
    model = make.registered_model(lifecycle.default_project(), "churn")
    for number in range(5):
        make.version(model, tags={"n": str(number)})
    whole = api.get("model-versions/search")

    few(2)

    assert api.get("model-versions/search") == whole
    assert len(whole[1]["model_versions"]) == 5
