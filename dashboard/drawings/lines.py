"""Lines: a metric's curve of each candidate that is drawn."""

from dashboard import (
    frames,
)
from dashboard.chart_specs import Spec
from dashboard.drawings.scene import Answer, Nothing, Scene, who_is_drawn
from tracker.models import Metric


def subject(scene: Scene, spec: Spec) -> frames.Subject:
    """One line for each of the drawn. One query."""
    key = spec.fields[0]
    metrics = {
        metric.candidate_id: metric
        for metric in Metric.objects.filter(
            candidate__in=[candidate.pk for candidate in scene.drawn], key=key
        )
    }
    return subject_of(scene, spec, metrics)


def subject_of(scene: Scene, spec: Spec, metrics: dict[int, Metric]) -> frames.Subject:
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
        spec.fields[0],
        members,
        said._replace(is_log=True) if spec.is_log else said,
        missing=len(scene.drawn) - len(members),
    )


def line(scene: Scene, spec: Spec) -> Answer:
    about = subject(scene, spec)
    if not about.members:
        raise Nothing(f"None of the candidates has logged {spec.fields[0]}.")
    found = frames.answer(about)
    found["notes"].insert(0, who_is_drawn(scene))
    return found
