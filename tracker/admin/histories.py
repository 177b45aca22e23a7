"""What scripts reported and people arranged: read here, changed where it is made.

Points and tiles are not listed: they have no number of their own, and charts show them.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Model

from tracker.admin.frame import History, linked
from tracker.models import (
    Action,
    Alias,
    CIBuild,
    Counter,
    Dataset,
    DatasetUse,
    DatasetUseTag,
    DiscardedSeries,
    ExperimentTag,
    Key,
    LoggedModelMetric,
    LoggedModelParam,
    LoggedModelTag,
    Metric,
    MetricRules,
    ModelUse,
    ModelVersion,
    ModelVersionTag,
    Param,
    Recount,
    RegisteredModel,
    RegisteredModelTag,
    SavedView,
    ShortLink,
    Star,
    Tag,
    Tally,
)

# Model: its columns (a related row as a link: "→ field"), what a search looks at, filters.
LISTS: dict[type[Model], tuple[str, str, str]] = {
    Param: ("key →candidate value", "=key =candidate__eid", ""),
    Tag: ("key →candidate value", "=key =candidate__eid", ""),
    Metric: (
        "key →candidate value step count min_value max_value",
        "=key =candidate__eid",
        "",
    ),
    CIBuild: (
        "provider →candidate job_id pipeline_id branch commit user is_verified",
        "=provider =job_id =pipeline_id =commit =candidate__eid",
        "is_verified",
    ),
    Dataset: ("name digest source_type →experiment", "name =digest", ""),
    DatasetUse: ("pk →candidate →dataset", "=candidate__eid =dataset__digest", ""),
    DatasetUseTag: ("key value →use", "=key", ""),
    ExperimentTag: ("key value →experiment", "=key experiment__name", ""),
    Key: (
        "key kind candidates distinct is_numeric →experiment counted_at",
        "=key experiment__name",
        "kind",
    ),
    LoggedModelParam: ("key value →model", "=key =model__eid", ""),
    LoggedModelTag: ("key value →model", "=key =model__eid", ""),
    LoggedModelMetric: ("key value step →model dataset_name", "=key =model__eid", ""),
    ModelUse: ("model_eid direction →candidate", "=model_eid =candidate__eid", ""),
    RegisteredModel: ("name →project last_version", "name project__slug", ""),
    RegisteredModelTag: ("key value →model", "=key model__name", ""),
    ModelVersion: (
        "version →model stage source run_id",
        "model__name =run_id =model_eid",
        "stage",
    ),
    ModelVersionTag: ("key value →version", "=key", ""),
    Alias: ("alias →model →version", "=alias model__name", ""),
    SavedView: ("pk →experiment →owner", "experiment__name", ""),
    ShortLink: ("pk →project", "project__slug", ""),
    Recount: ("pk →experiment asked_at", "experiment__name", ""),
    Tally: ("pk →experiment candidates failed counted_at", "experiment__name", ""),
    Star: ("pk →user →experiment", "user__username", ""),
    MetricRules: ("pk →project", "project__slug", ""),
    Action: ("pk →project →asked_by", "project__slug", ""),
    Counter: ("kind last →project", "=kind project__slug", ""),
    DiscardedSeries: ("metric_id count", "=metric_id", ""),
}


# What the name of a related row is made of.
NAMED_BY = {"use": "use__dataset", "version": "version__model"}


def history(columns: str, search: str, filters: str) -> type[History]:
    names = columns.split()
    related = [name[1:] for name in names if name.startswith("→")]
    attributes: dict[str, Any] = {
        "list_display": [
            linked(name[1:]) if name.startswith("→") else name for name in names
        ],
        "list_select_related": [NAMED_BY.get(name, name) for name in related],
        "search_fields": search.split(),
        "list_filter": filters.split(),
    }
    return type("Of", (History,), attributes)


for model, of in LISTS.items():
    admin.site.register(model, history(*of))
