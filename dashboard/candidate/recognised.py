"""What a table among a candidate's files means: a label matrix, a curve, importances.

Read and drawn as it is where the files of several candidates are compared.
"""

from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from artifacts.models import Artifact
from dashboard.candidate.shelves import Shelf
from dashboard.charts import frames
from dashboard.compare import importances, matrices, readings
from dashboard.compare.importances import Feature
from dashboard.compare.matrices import Square
from dashboard.compare.readings import Reading
from dashboard.compare.sides import Side


class Meaning(NamedTuple):
    """Only what is there is filled."""

    square: Square | None = None
    in_rows: bool = False  # shares of each row, and no counts
    weights: list[Feature] = []
    chart_url: str = ""
    svg_url: str = ""

    def __bool__(self) -> bool:
        return bool(self.square or self.weights or self.chart_url)


def meaning(here: Shelf, artifact: Artifact, *, in_rows: bool) -> Meaning:
    candidate = here.where.candidate
    reading = readings.read(artifact)
    look = frames.looks([candidate])[candidate.pk]
    side = Side(candidate, look, artifact, "", "", "", is_baseline=False)
    match reading.kind:
        case "matrix":
            return square(side, reading, in_rows=in_rows)
        case "importance":
            return Meaning(weights=importances.weights([(side, reading)]))
        case "curve" if not here.model:
            return curve(here, artifact)
    return Meaning()


def square(side: Side, reading: Reading, *, in_rows: bool) -> Meaning:
    found = matrices.squares([(side, reading)], in_rows=in_rows)
    return Meaning(square=found.matrices[0], in_rows=in_rows)


def curve(here: Shelf, artifact: Artifact) -> Meaning:
    """The comparison draws it, of one candidate."""
    query = {"chart": "file", "path": artifact.path, "c": here.where.candidate.iid}
    slug = here.where.project.slug
    return Meaning(
        chart_url=f"{reverse('compare_chart', args=[slug])}?{urlencode(query)}",
        svg_url=f"{reverse('compare_chart_svg', args=[slug])}?{urlencode(query)}",
    )
