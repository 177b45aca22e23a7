"""What tests of the registry begin with."""

import pytest

from tests import make
from tracker import lifecycle


@pytest.fixture
def churn(experiment):
    return make.registered_model(lifecycle.default_project(), "churn")


@pytest.fixture
def run(experiment):
    return make.candidate(experiment)


@pytest.fixture
def model(experiment, run):
    return make.logged_model(experiment, name="clf", source_run_id=run.eid)
