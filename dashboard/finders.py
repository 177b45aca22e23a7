"""Static files that come out of installed packages."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

BUNDLE = "plotly.min.js"


class PlotlyFinder(BaseFinder):
    """plotly.js, as the Python package of the same release carries it: plotly/plotly.min.js."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        package = find_spec("plotly")
        assert package and package.submodule_search_locations
        folder = Path(package.submodule_search_locations[0]) / "package_data"
        self.storage = FileSystemStorage(location=folder)
        self.storage.prefix = "plotly"  # type: ignore[attr-defined]  # read by collectstatic

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = path == f"plotly/{BUNDLE}"
        if find_all:
            return [self.storage.path(BUNDLE)] if found else []
        return self.storage.path(BUNDLE) if found else None

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Storage]]:
        yield BUNDLE, self.storage
