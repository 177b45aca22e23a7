"""Finding candidates, against a plain reading of the contract in Python."""

from tests import make
from tracker.models import Experiment
from tracker.search import candidates


def found(experiment, text="", **options):
    page = candidates.find(
        Experiment.objects.filter(pk=experiment.pk), text=text, **options
    )
    return [candidate.name for candidate in page.rows]


def test_smoke(experiment):
    make.candidate(experiment, name="a", metrics={"m": 1}, params={"lr": "0.1"})
    make.candidate(experiment, name="b", metrics={"m": float("nan")}, tags={"x": "Red"})
    make.candidate(experiment, name="c", metrics={"m": float("inf")})
    make.candidate(experiment, name="d")

    assert found(experiment, "metrics.m > 0") == ["c", "a"]
    assert found(experiment, "metrics.m != 1") == ["c", "b"]
    assert found(experiment, "params.lr = '0.1' and attributes.status = 'RUNNING'") == [
        "a"
    ]
    assert found(experiment, "params.lr != '0.1'") == []
    assert found(experiment, "tags.x LIKE 'r%'") == []
    assert found(experiment, "tags.x ILIKE 'r%'") == ["b"]
    assert found(experiment, "tags.x IS NULL AND start_time > 5.5") == ["d", "c", "a"]
    assert found(experiment, "datasets.context = 'train'") == []
    assert found(experiment, "datasets.name NOT IN ('train')") == []
    assert found(experiment, order_by=["metrics.m"]) == ["a", "c", "b", "d"]
    assert found(experiment, order_by=["metrics.m DESC"]) == ["c", "a", "b", "d"]
    assert found(experiment, order_by=["params.lr DESC"]) == ["a", "d", "c", "b"]
    assert found(experiment, order_by=["tags.x", "metrics.m"]) == ["b", "a", "c", "d"]
    for order in (
        ["metrics.m"],
        ["metrics.m DESC"],
        ["end_time", "run_name DESC"],
        ["metrics.m", "run_id"],
        [],
    ):
        names, token = [], ""
        while token is not None:
            page = candidates.find(
                Experiment.objects.all(), order_by=order, limit=1, token=token
            )
            names += [c.name for c in page.rows]
            token = page.next_token
        assert names == found(experiment, order_by=order), order
