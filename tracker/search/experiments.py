"""Finding experiments: the filter and the order of MLflow's `experiments/search`."""

from collections.abc import Sequence

from django.db.models import CharField, F
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from tracker.models import Experiment, ExperimentTag, Project
from tracker.search import grammar, ordering
from tracker.search.fields import (
    EQUAL,
    LIKE,
    LIST,
    PRESENCE,
    RANGE,
    Entity,
    Field,
    Table,
)
from tracker.search.kinds import Column, Text, WholeNumber
from tracker.search.lookups import Bytewise
from tracker.search.paging import Page, View, viewed

EXPERIMENTS = Table(
    [
        Entity(
            ["attributes", "attribute"],
            {
                "name": Field("name", Text(), EQUAL + LIKE),
                "experiment_id": Field("wire_id", Text(), EQUAL + LIST),
                "creation_time": Field("created_ms", WholeNumber(), EQUAL + RANGE),
                "last_update_time": Field("updated_ms", WholeNumber(), EQUAL + RANGE),
            },
        ),
        Entity(
            ["tags", "tag"],
            Field(
                "value",
                Text(),
                EQUAL + LIKE + PRESENCE,
                rows=ExperimentTag,
                owner="experiment",
            ),
        ),
    ]
)
ORDERED: dict[str, Combinable] = {
    "name": Bytewise(F("name")),
    "experiment_id": F("iid"),
    "creation_time": F("created_ms"),
    "last_update_time": F("updated_ms"),
}
NEWEST = [
    Column(ORDERED["creation_time"], descending=True),
    Column(ORDERED["experiment_id"]),
]


def find(
    project: Project,
    *,
    text: str = "",
    order_by: Sequence[str] = (),
    view: View = View.ACTIVE_ONLY,
    limit: int = 1000,
    token: str = "",
) -> Page[Experiment]:
    """A page of a project's experiments, the newest first. Raises Invalid."""
    asked = grammar.comparisons(text)
    order = ordering.by_attributes(
        order_by,
        ORDERED,
        default=NEWEST,
        tail=[Column(ORDERED["experiment_id"], descending=True)],
    )
    rows = Experiment.objects.filter(project=project).alias(
        wire_id=Cast("iid", CharField())
    )
    return ordering.page(
        viewed(rows, view).filter(EXPERIMENTS.conditions(asked)),
        order,
        limit=limit,
        token=token,
        query=["experiments", project.pk, text, list(order_by), view],
    )
