"""Charts of an experiment's candidates by their specification: figure, notes, table.

Each answer says under the chart what stands behind it: how many candidates, which value
of a metric, what was left out.
"""

from collections.abc import Callable

from dashboard.charts.chart_specs import Spec
from dashboard.charts.drawings.fields import contoured, heated, parallels, scattered
from dashboard.charts.drawings.groups import band, envelope
from dashboard.charts.drawings.lines import line
from dashboard.charts.drawings.operating import logged_curves
from dashboard.charts.drawings.scene import Answer, Scene
from dashboard.charts.drawings.trials import history, pareto
from dashboard.charts.drawings.values import bar, box


def answer(scene: Scene, spec: Spec) -> Answer:
    """Everything `chart.json` says. Raises Nothing."""
    return DRAWN[spec.kind](scene, spec)


DRAWN: dict[str, Callable[[Scene, Spec], Answer]] = {
    "line": line,
    "band": band,
    "env": envelope,
    "bar": bar,
    "box": box,
    "scatter": scattered,
    "contour": contoured,
    "heat": heated,
    "parallel": parallels,
    "history": history,
    "pareto": pareto,
    "roc": logged_curves,
    "pr": logged_curves,
}
