"""What can be asked of candidates in MLflow's words, and where it is kept."""

from typing import NamedTuple

from tracker.models import DatasetUse, DatasetUseTag, Metric, Param, Tag
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
from tracker.search.grammar import Comparison
from tracker.search.kinds import Number, NumberOrNaN, ParamText, Text

STARTED = Field("started_ms", Number(), EQUAL + RANGE)
ENDED = Field("ended_ms", Number(), EQUAL + RANGE, is_optional=True)
ATTRIBUTES = {
    "run_id": Field("eid", Text(), EQUAL + LIKE + LIST),
    **dict.fromkeys(
        ("run_name", "run name", "Run name", "Run Name"),
        Field("name", Text(), EQUAL + LIKE),
    ),
    "status": Field("status", Text(), EQUAL + LIKE),
    "user_id": Field("user_id", Text(), EQUAL + LIKE),
    "artifact_uri": Field("artifact_uri", Text(), EQUAL + LIKE),
    **dict.fromkeys(("start_time", "created", "Created"), STARTED),
    "end_time": ENDED,
}
METRIC = Field(
    "value",
    NumberOrNaN(),
    EQUAL + RANGE,
    rows=Metric,
    owner="candidate",
    relation="metrics",
    is_indexed=True,
)
PARAM = Field(
    "value",
    ParamText(),
    EQUAL + LIKE + PRESENCE,
    rows=Param,
    owner="candidate",
    relation="params",
    is_indexed=True,
)
TAG = Field(
    "value",
    Text(),
    EQUAL + LIKE + PRESENCE,
    rows=Tag,
    owner="candidate",
    relation="tags",
    is_indexed=True,
)
DATASETS = {
    "name": Field(
        "dataset__name",
        Text(),
        EQUAL + LIKE + LIST,
        rows=DatasetUse,
        owner="candidate",
        key=None,
    ),
    "digest": Field(
        "dataset__digest",
        Text(),
        EQUAL + LIKE + LIST,
        rows=DatasetUse,
        owner="candidate",
        key=None,
    ),
    "context": Field(
        "value",
        Text(),
        EQUAL + LIKE + LIST,
        rows=DatasetUseTag,
        owner="use__candidate",
        key="mlflow.data.context",
    ),
}
RUNS = Table(
    [
        Entity(["attributes", "attribute", "attr", "run"], ATTRIBUTES),
        Entity(["metrics", "metric"], METRIC),
        Entity(["params", "param", "parameters", "parameter"], PARAM),
        Entity(["tags", "tag"], TAG),
        Entity(["datasets", "dataset"], DATASETS),
    ]
)


class Question(NamedTuple):
    """A comparison, and the field that it is about."""

    field: Field
    asked: Comparison


class Term(NamedTuple):
    """Something that candidates are ordered by."""

    field: Field
    key: str  # of a field with a row per key
    descending: bool
