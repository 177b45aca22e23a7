"""ROC and precision over recall, out of files that candidates logged."""

from collections.abc import Sequence

from artifacts.models import Artifact
from dashboard.charts import figures, frames
from dashboard.charts.chart_specs import Spec
from dashboard.charts.drawings.scene import Answer, Nothing, Scene
from dashboard.compare import readings
from dashboard.templatetags.tracker_tags import shown
from tracker.models import Candidate

MAX_FILES = 20


def logged_curves(scene: Scene, spec: Spec) -> Answer:
    """ROC or precision over recall, out of the same file of each drawn candidate."""
    path = spec.fields[0].strip("/")
    files = Artifact.objects.filter(
        candidate__in=[c.pk for c in scene.drawn[:MAX_FILES]]
    ).at(path)
    by_candidate = {one.candidate_id: one for one in files}
    found = []
    for candidate in scene.drawn[:MAX_FILES]:
        artifact = by_candidate.get(candidate.pk)
        curve = readings.read(artifact).curve if artifact else None
        if curve and curve.kind == spec.kind:
            found.append((candidate, scene.looks[candidate.pk], curve))
    if not found:
        columns = "fpr and tpr" if spec.kind == "roc" else "precision and recall"
        raise Nothing(f"No drawn candidate has a table of {columns} at {path}.")
    return curves_answer(found, spec.kind, len(scene.drawn))


def curves_answer(
    found: Sequence[tuple[Candidate, figures.Look, readings.Curve]],
    kind: str,
    among: int,
) -> Answer:
    ordered = sorted(found, key=lambda one: -one[2].area)
    return {
        "figure": figures.operating(
            [(str(c.iid), look, curve.x, curve.y) for c, look, curve in ordered], kind
        ),
        "legend": [
            frames.Entry(
                id=str(c.iid),
                name=c.name,
                slot=look.slot,
                dash=look.dash,
                value=shown(curve.area),
                is_live=False,
                is_baseline=False,
                is_hidden=False,
            )._asdict()
            for c, look, curve in ordered
        ],
        "notes": [
            f"{len(found)} of {among} candidates have this file",
            "the number beside a name is the area below, by trapezoids",
        ],
        "table": [
            frames.Table(
                "Area below the curve",
                ["Candidate", "Area", "Points"],
                [
                    [f"#{c.iid} {c.name}", shown(curve.area), str(len(curve.x))]
                    for c, _, curve in ordered
                ],
            )._asdict()
        ],
        "title": "ROC" if kind == "roc" else "precision over recall",
        "at": "",
    }
