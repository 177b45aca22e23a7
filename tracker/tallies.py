"""How many candidates very large experiments have, counted by the worker.

No database counts a million rows at once. Pages take this count and add what came since;
what was deleted meanwhile they miss until the next one, a minute or two later.
"""

from datetime import timedelta

from django.db.models import Count, F, Max, Q
from django.utils import timezone

from tracker import catalogue
from tracker.models import Candidate, Experiment, Recount, Status, Tally
from tracker.models.states import now_ms

# A smaller experiment is counted by whoever looks at it.
MANY = 50_000
# Between two counts of one; those of a million take a second.
REST_PER_CANDIDATE = timedelta(microseconds=100)


def count(experiment: Experiment) -> None:
    """Keep how many candidates it has, if they are many."""
    alive = Candidate.objects.alive().filter(experiment=experiment)
    if alive.order_by()[:MANY].count() < MANY:
        Tally.objects.filter(experiment=experiment).delete()
        return
    last = Candidate.objects.aggregate(last=Max("pk"))["last"]
    found = alive.filter(pk__lte=last).aggregate(
        candidates=Count("pk"),
        failed=Count("pk", filter=Q(status=Status.FAILED)),
        ended_ms=Max("ended_ms"),
    )
    Tally.objects.update_or_create(
        experiment=experiment,
        defaults={**found, "upto": last, "counted_at": timezone.now()},
    )


def stale() -> list[Experiment]:
    """Those counted before in which candidates came, ended, were deleted or restored."""
    changed = {
        experiment: at + catalogue.SETTLED
        for experiment, at in catalogue.changes(now_ms()).items()
    }
    asked = Recount.objects.filter(asked_at__gt=F("experiment__tally__counted_at"))
    waiting = set(asked.values_list("experiment", flat=True))
    now = timezone.now()
    return [
        tally.experiment
        for tally in Tally.objects.select_related("experiment").order_by("counted_at")
        if tally.counted_at + tally.candidates * REST_PER_CANDIDATE < now
        and (
            tally.experiment_id in waiting
            or tally.counted_at < changed.get(tally.experiment_id, tally.counted_at)
        )
    ]
