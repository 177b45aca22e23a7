"""Large experiments are not counted for every page."""

from dashboard import find
from dashboard.table import totals
from tests import make


def test_counts_a_large_experiment_now_and_then(vision, monkeypatch):
    monkeypatch.setattr(totals, "MANY", 2)
    experiment = make.experiment(vision)
    make.candidates(experiment, 2)

    assert find.experiment(vision, experiment.iid).total == 2
    make.candidate(experiment)
    assert find.experiment(vision, experiment.iid).total == 2

    monkeypatch.setattr(totals, "SECONDS", 0)
    totals.forget()
    assert find.experiment(vision, experiment.iid).total == 3
    make.candidate(experiment)
    assert find.experiment(vision, experiment.iid).total == 4


def test_counts_a_small_one_each_time(vision):
    experiment = make.experiment(vision)
    make.candidate(experiment)

    assert find.experiment(vision, experiment.iid).total == 1
    make.candidate(experiment)
    assert find.experiment(vision, experiment.iid).total == 2
