"""Which candidates repeat one configuration."""

from importlib import import_module

import pytest
from django.apps import apps

from tests import make
from tracker import recording, seeds
from tracker.models import Candidate


@pytest.mark.parametrize(
    ("key", "is_seed"),
    [
        ("seed", True),
        ("random_state", True),
        ("model/seed", True),
        ("data_seed", True),
        ("seeds", False),
        ("lr", False),
        ("reseed", False),
    ],
)
def test_knows_the_keys_of_seeds(key, is_seed):
    assert seeds.is_seed(key) is is_seed


def config(candidate):
    return Candidate.objects.values_list("config", flat=True).get(pk=candidate.pk)


def test_is_alike_for_the_same_params_in_any_order_and_any_batches(db, vision):
    experiment = make.experiment(vision)
    one = make.candidate(experiment, params={"lr": "1", "model": "vit", "seed": "1"})
    two = make.candidate(experiment, params={"model": "vit"})
    recording.log_batch(two, params={"seed": "2", "model": "vit"})
    recording.log_batch(two, params={"lr": "1"})
    other = make.candidate(experiment, params={"lr": "2", "model": "vit"})
    swapped = make.candidate(experiment, params={"lr": "vit", "model": "1"})

    assert config(one) == config(two)
    assert len({config(one), config(other), config(swapped), 0}) == 4
    assert config(make.candidate(experiment, params={"seed": "3"})) == 0


def test_the_migration_fills_in_the_same_numbers(db, vision):
    experiment = make.experiment(vision)
    candidates = [
        make.candidate(experiment, params={"lr": str(n % 2), "seed": str(n)})
        for n in range(4)
    ]
    before = [config(candidate) for candidate in candidates]
    Candidate.objects.update(config=0)

    import_module("tracker.migrations.0008_fill_candidate_config").fill(apps, None)

    assert [config(candidate) for candidate in candidates] == before
