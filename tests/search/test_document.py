"""docs/search.md: every example is a filter that works."""

import re
from pathlib import Path

import pytest

from tests import make
from tracker.models import Experiment
from tracker.search import candidates, table

pytestmark = pytest.mark.django_db

TEXT = (Path(__file__).parents[2] / "docs" / "search.md").read_text()


def examples(level):
    blocks = re.findall(rf"```{level}\n(.*?)```", TEXT, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def sweep(experiment):
    make.candidate(
        experiment,
        metrics={"accuracy": 0.95, "loss": 0.05, "val/acc": 0.93, "val/loss": 0.2},
        params={"model": "resnet50", "lr": "0.001"},
        tags={"team": "vision", "mlflow.user": "ann"},
        name="r101-warm-s0",
        user_id="ann",
    )
    return experiment


@pytest.mark.parametrize("text", examples("mlflow"))
def test_works_in_scripts(sweep, text):
    candidates.find(Experiment.objects.filter(pk=sweep.pk), text=text)


@pytest.mark.parametrize("text", examples("mlflow") + examples("page"))
def test_works_on_pages(sweep, text):
    table.search(sweep, text=text).page(limit=10)


def test_shows_enough():
    assert len(examples("mlflow")) >= 10
    assert len(examples("page")) >= 14
