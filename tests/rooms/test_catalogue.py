"""The catalogue's counts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tracker import catalogue, tasks
from tracker.models import Key

pytestmark = pytest.mark.django_db


def counts(experiment, kind, key):
    row = Key.objects.get(experiment=experiment, kind=kind, key=key)
    return row.candidates, row.distinct, row.is_numeric


def test_counts_candidates_and_values_of_each_key(experiment):
    for lr, model in [("0.1", "r50"), ("1e-3", "r50"), ("0.1", "r101")]:
        make.candidate(
            experiment, params={"lr": lr, "model": model}, metrics={"acc": 0.5}
        )
    make.candidate(experiment, params={"lr": "fast"})

    catalogue.count(experiment)

    assert counts(experiment, "p", "lr") == (4, 3, False)
    assert counts(experiment, "p", "model") == (3, 2, False)
    assert counts(experiment, "m", "acc") == (3, 1, True)


def test_knows_a_param_whose_every_value_is_a_number(experiment):
    for lr in ("0.1", " 1e-3", "-5"):
        make.candidate(experiment, params={"lr": lr})

    catalogue.count(experiment)

    assert counts(experiment, "p", "lr") == (3, 3, True)


def test_leaves_deleted_candidates_out(experiment):
    gone = make.candidate(experiment, params={"lr": "1"})
    gone.deleted_at = timezone.now()
    gone.save()

    catalogue.count(experiment)

    assert counts(experiment, "p", "lr") == (0, 0, False)


def test_counts_again_only_what_changed_and_has_rested(experiment):
    make.candidate(experiment, params={"lr": "1"})
    assert catalogue.stale() == [experiment]

    tasks.count_keys()
    assert catalogue.stale() == []

    Key.objects.update(counted_at=timezone.now() - timedelta(minutes=2))
    assert catalogue.stale() == [experiment]


def test_costs_the_same_for_three_candidates_or_thirty(
    experiment, django_assert_max_num_queries
):
    make.candidates(experiment, 30, params={"lr": "1"}, metrics={"acc": 1.0})

    # params, metrics, tags, keys, update in its savepoint
    with django_assert_max_num_queries(7):
        catalogue.count(experiment)
