"""Every bad message, by what it is about; importing a part adds its cases."""

from tests.hostile.cases import CASES
from tests.hostile.catalogue import (
    experiments,
    files,
    registry,
    reports,
    runs,
    searches,
)

__all__ = ["CASES", "experiments", "files", "registry", "reports", "runs", "searches"]
