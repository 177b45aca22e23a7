"""Lines: a metric's curve of each candidate that is drawn."""

from dashboard.charts import curve_answers, frames
from dashboard.charts.chart_specs import Spec
from dashboard.charts.curve_answers import Sheet
from dashboard.charts.drawings.scene import Answer, Nothing, Scene, who_is_drawn
from tracker.models import Metric


def sheet(scene: Scene, spec: Spec) -> Sheet | None:
    """Every metric of a chart, as far as one of the drawn has logged it. One query."""
    metrics: dict[str, dict[int, Metric]] = {key: {} for key in spec.fields}
    rows = Metric.objects.filter(
        candidate__in=[candidate.pk for candidate in scene.drawn], key__in=spec.fields
    )
    for metric in rows:
        metrics[metric.key][metric.candidate_id] = metric
    subjects = [
        subject_of(scene, spec, found, key) for key, found in metrics.items() if found
    ]
    return curve_answers.sheet(subjects, spec.join) if subjects else None


def subject_of(
    scene: Scene, spec: Spec, metrics: dict[int, Metric], key: str = ""
) -> frames.Subject:
    members = [
        frames.Member(
            candidate,
            scene.looks[candidate.pk],
            metrics[candidate.pk],
            is_baseline=candidate == scene.baseline,
        )
        for candidate in scene.drawn
        if candidate.pk in metrics
    ]
    said = scene.options
    return frames.Subject(
        key or spec.fields[0],
        members,
        said._replace(is_log=True) if spec.is_log else said,
        missing=len(scene.drawn) - len(members),
    )


def line(scene: Scene, spec: Spec) -> Answer:
    on = sheet(scene, spec)
    if on is None:
        raise Nothing(f"None of the candidates has logged {spec.title}.")
    found = curve_answers.answer(on)
    found["notes"].insert(0, who_is_drawn(scene))
    return found
