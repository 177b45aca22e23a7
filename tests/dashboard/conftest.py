"""What most tests of pages look at."""

import pytest

from tests import make


@pytest.fixture
def sweep(vision):
    """An experiment without candidates, in the project "vision"."""
    return make.experiment(vision, "sweep")
