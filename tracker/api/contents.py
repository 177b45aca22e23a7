"""What runs hold, for answers with hundreds of them: read by one statement for each kind
of thing, all on one journey, without the ORM."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from tracker import reading
from tracker.api.wire import KeyValueItem, MetricItem, double, filled
from tracker.models import ModelUse
from tracker.reading import Asked

Items = list[Any]

OF_CANDIDATES = "WHERE candidate_id {among} ORDER BY candidate_id, key"
METRICS = (
    "SELECT candidate_id, key, value, is_nan, timestamp, step FROM tracker_metric"
    f" {OF_CANDIDATES}"
)
METRIC = reading.Told(
    candidate_id=int, key=str, value=float, is_nan=int, timestamp=int, step=int
)
PAIR = reading.Told(candidate_id=int, key=str, value=str)
PARAMS = f"SELECT candidate_id, key, value FROM tracker_param {OF_CANDIDATES}"
TAGS = f"SELECT candidate_id, key, value FROM tracker_tag {OF_CANDIDATES}"
DATASET = ("name", "digest", "source_type", "source", "schema", "profile")
DATASETS = (
    f"SELECT candidate_id, used.id, {', '.join(DATASET)} FROM tracker_datasetuse AS used"
    " JOIN tracker_dataset AS dataset ON dataset.id = dataset_id"
    " WHERE candidate_id {among} ORDER BY used.id"
)
MARKS = (
    "SELECT use_id, key, value FROM tracker_datasetuse AS used"
    " JOIN tracker_datasetusetag AS tag ON use_id = used.id"
    " WHERE candidate_id {among} ORDER BY use_id, key"
)
MODELS = (
    "SELECT candidate_id, direction, model_eid, step FROM tracker_modeluse"
    " WHERE candidate_id {among} ORDER BY id"
)
EXPERIMENTS = "SELECT id, iid FROM tracker_experiment WHERE id {among}"


class Contents(NamedTuple):
    """Of some candidates, by their primary key."""

    experiment_iids: dict[int, int]  # by the experiment's
    metrics: dict[int, Items]
    params: dict[int, Items]
    tags: dict[int, Items]
    datasets: dict[int, Items]
    models: dict[tuple[int, str], Items]  # by the direction too


def of(candidates: Sequence[int], experiments: Iterable[int]) -> Contents:
    iids, metrics, params, tags, datasets, marks, models = reading.of_each(
        Asked(EXPERIMENTS, sorted(set(experiments))),
        Asked(METRICS, candidates, METRIC),
        Asked(PARAMS, candidates, PAIR),
        Asked(TAGS, candidates, PAIR),
        *(Asked(kind, candidates) for kind in (DATASETS, MARKS, MODELS)),
    )
    return Contents(
        dict(iids),
        grouped(metrics, metric),
        grouped(params, KeyValueItem),
        grouped(tags, KeyValueItem),
        dataset_inputs(datasets, grouped(marks, KeyValueItem)),
        model_uses(models),
    )


def grouped(
    found: Iterable[tuple[Any, ...]], shape: Callable[..., Any]
) -> dict[Any, Items]:
    """Shapes of rows, by their first column."""
    groups: dict[Any, Items] = defaultdict(list)
    for first, *rest in found:
        groups[first].append(shape(*rest))
    return groups


def metric(
    key: str, value: float | str, is_nan: bool, timestamp: int, step: int
) -> MetricItem:
    return MetricItem(key, double(float(value), is_nan), timestamp, step)


def dataset_inputs(
    uses: Iterable[tuple[Any, ...]], marks: dict[int, Items]
) -> dict[int, Items]:
    def dataset_input(use: int, *values: str) -> dict[str, Any]:
        # Schema and profile may be missing; the others are never empty.
        texts = [value or None for value in values]
        dataset = filled(**dict(zip(DATASET, texts, strict=True)))
        return filled(tags=marks.get(use), dataset=dataset)

    return grouped(uses, dataset_input)


def model_uses(uses: Iterable[tuple[Any, ...]]) -> dict[tuple[int, str], Items]:
    found: dict[tuple[int, str], Items] = defaultdict(list)
    for candidate, direction, model_id, step in uses:
        use: dict[str, Any] = {"model_id": model_id}
        if direction == ModelUse.Direction.OUTPUT:
            use["step"] = step
        found[candidate, direction].append(use)
    return found
