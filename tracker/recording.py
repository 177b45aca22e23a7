"""What a script reports: metrics, params and tags of a candidate, whole or not at all.

A request costs a handful of statements whatever its size (see also points). Rows are
always written in key order, under the candidate's lock, so that concurrent writers
queue instead of colliding.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from django.db import transaction

from tracker import (
    adding,
    ci,
    documents,
    first_batch,
    gathering,
    liveness,
    points,
    rows,
    seeds,
    summary,
)
from tracker.errors import Conflict, Invalid, NotFound
from tracker.keys import MAX_PARAM_CHARS, MAX_TAG_CHARS, quoted, shown
from tracker.models import (
    Candidate,
    Experiment,
    Key,
    Kind,
    LoggedModel,
    LoggedModelMetric,
    Metric,
    Param,
    Recount,
    Status,
    Tag,
)
from tracker.numbers import as_number
from tracker.points import Named
from tracker.summary import Row
from tracker.transactions import atomically, patiently

EMPTY: Mapping[str, str] = MappingProxyType({})
NONE: frozenset[str] = frozenset()

RUN_NAME = "mlflow.runName"
PARENT = "mlflow.parentRunId"
MIRRORED = frozenset([RUN_NAME, PARENT])  # see mirror
MODEL_HISTORY = "mlflow.log-model.history"
MAX_HISTORY_CHARS = 1_000_000
MAX_NAME_CHARS = 500


class Point(NamedTuple):
    """A value of a metric. `timestamp` is in milliseconds; `value` may be NaN or infinite.

    Points that name a logged model are kept there as well, with the dataset they name.
    """

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class Reported(Protocol):
    """What a point needs to be recorded: a Point is one, and so is what came by wire."""

    @property
    def key(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def model_id(self) -> str: ...
    @property
    def dataset_name(self) -> str: ...
    @property
    def dataset_digest(self) -> str: ...


def log_batch(
    candidate: Candidate | Named,
    *,
    metrics: Sequence[Reported] = (),
    params: Mapping[str, str] = EMPTY,
    tags: Mapping[str, str] = EMPTY,
    by_script: bool = True,
) -> None:
    """Record a batch whole or not at all. Sending it again changes nothing.

    What a person writes, and not the script, is no sign of the script's life.

    Raises NotFound; Invalid for a deleted candidate, for a param that has another value,
    and for a metric of a model that does not exist; Conflict for a locked candidate.
    """
    if by_script:
        if not (params or tags) and next_points(candidate, metrics):
            return
        if report_first(candidate, metrics, params, tags):
            return
    record(candidate, metrics, params, tags, by_script)


@gathering.together
def record(
    candidate: Candidate | Named,
    metrics: Sequence[Reported],
    params: Mapping[str, str],
    tags: Mapping[str, str],
    by_script: bool,
) -> None:
    """The long way, which any batch can take."""
    candidate = lock(candidate)
    if params:
        log_params(candidate, params)
    if metrics:
        log_metrics(candidate, metrics)
        log_model_metrics(candidate, [point for point in metrics if point.model_id])
    if tags:
        set_tags(candidate, tags)
    if by_script:
        liveness.note(
            candidate,
            is_training=liveness.trains(point.key for point in metrics),
            has_data=bool(metrics or params),
        )
    if not by_script or candidate.status != Status.RUNNING:
        Recount.ask([candidate.experiment_id])
    catalogue(candidate, metrics=metrics, params=params, tags=tags)


MOST_AT_ONCE = 100


@patiently
def next_points(candidate: Candidate | Named, metrics: Sequence[Reported]) -> bool:
    """The short way for what training loops send: one more point for series that are there.

    Returns whether that was all, which it is not while a sign of life is to be noted.
    """
    if not 0 < len(metrics) <= MOST_AT_ONCE:
        return False
    if isinstance(candidate, Candidate) or any(one.model_id for one in metrics):
        return False
    each = {
        point.key: summary.kept(point.step, point.timestamp, point.value)
        for point in metrics
    }
    if len(each) < len(metrics):
        return False
    return adding.add(candidate, each)


def report_first(
    candidate: Candidate | Named,
    metrics: Sequence[Reported],
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> bool:
    """The short way for what a candidate reports first, where nothing of it is special.

    Returns whether that was all.
    """
    if not (isinstance(candidate, Named) and first_batch.is_possible()):
        return False
    experiment = first_batch.experiment_of(candidate)
    if (
        experiment is None
        or len(metrics) > first_batch.MOST_POINTS
        or any(point.model_id for point in metrics)
        or not MIRRORED.isdisjoint(tags)
        or ci.concerns(tags)
        or unseen(experiment, metrics, params, tags)
    ):
        return False
    cut = {key: params[key][:MAX_PARAM_CHARS] for key in sorted(params)}
    return first_batch.store(
        candidate,
        experiment,
        first_batch.Batch(
            series=series_of(metrics),
            params=[
                first_batch.Param(key, value, as_number(value))
                for key, value in cut.items()
            ],
            tags={key: tags[key][:MAX_TAG_CHARS] for key in sorted(tags)},
            config=seeds.config(cut),
            is_training=liveness.trains(point.key for point in metrics),
        ),
    )


def lock(candidate: Candidate | Named) -> Candidate:
    """Queue on the candidate's row, and return it as it is now.

    Without it two workers logging the same new param would both see it missing, and the
    later one would fail on the constraint. Raises NotFound; Invalid where it is deleted;
    Conflict where a person locked it against changes.
    """
    if isinstance(candidate, Named):
        where, values = "project_id = %s AND eid = %s", [*candidate]
    else:
        where, values = "id = %s", [candidate.pk]
    found = rows.one(Candidate, where, values, lock=True)
    if found is None:
        raise NotFound(f"Run with id={shown(candidate.eid)} not found")
    if found.is_deleted:
        raise Invalid(
            f"The run {found.eid} must be in the 'active' state. Current state is deleted."
        )
    if found.is_locked:
        raise is_locked(found)
    return found


def is_locked(candidate: Candidate) -> Conflict:
    return Conflict(
        f"The run {candidate.eid} (#{candidate.iid}) is locked. Unlock it on its page first."
    )


# ---------------------------------------------------------------- params


def log_params(candidate: Candidate, params: Mapping[str, str]) -> None:
    """Params are written once: the same value again is nothing, another is refused."""
    cut = {key: params[key][:MAX_PARAM_CHARS] for key in sorted(params)}
    written = rows.insert(
        "tracker_param",
        ["candidate_id", "experiment_id", "key", "value", "number"],
        [
            (candidate.pk, candidate.experiment_id, key, value, as_number(value))
            for key, value in cut.items()
        ],
        returning="key",
        texts=["value"],
    )
    new = {key for (key,) in written}
    if len(new) < len(cut):
        must_be_the_same(candidate, {key: cut[key] for key in cut.keys() - new})
    if added := seeds.config((key, cut[key]) for key in sorted(new)):
        candidate.config = seeds.joined(candidate.config, added)
        rows.change(candidate, "config")


def must_be_the_same(candidate: Candidate, params: Mapping[str, str]) -> None:
    """Raises Invalid where a param that was logged before has another value now."""
    stored = Param.objects.filter(candidate=candidate, key__in=sorted(params))
    for key, value in stored.values_list("key", "value"):
        if value != params[key]:
            raise Invalid(
                f"Changing param values is not allowed. Param with key={quoted(key)} was"
                f" already logged with value={quoted(value)} for run"
                f" ID={quoted(candidate.eid)}. Attempted logging new value"
                f" {quoted(params[key])}."
            )


# ---------------------------------------------------------------- tags


def set_tags(candidate: Candidate, tags: Mapping[str, str]) -> None:
    """The last write wins. Some keys mean something to us: name, parent, CI."""
    insert_tags(candidate, tags)
    mirror(candidate, tags)


def set_first_tags(candidate: Candidate, tags: Mapping[str, str]) -> None:
    """The tags of a candidate that was created in this transaction, name and parent with it."""
    insert_tags(candidate, tags)
    catalogue(candidate, tags=tags)
    if ci.concerns(tags):
        ci.fill(candidate, tags)


def insert_tags(candidate: Candidate, tags: Mapping[str, str]) -> None:
    rows.insert(
        "tracker_tag",
        ["candidate_id", "experiment_id", "key", "value"],
        [
            (candidate.pk, candidate.experiment_id, key, tags[key][:MAX_TAG_CHARS])
            for key in sorted(tags)
        ],
        returning="1",
        conflict="(candidate_id, key) DO UPDATE SET value = excluded.value",
        texts=["value"],
    )


def mirror(candidate: Candidate, tags: Mapping[str, str]) -> None:
    """Carry what tags say over to the columns that pages and trees read."""
    name = tags.get(RUN_NAME, "")[:MAX_NAME_CHARS] or candidate.name
    parent = parent_of(tags) if PARENT in tags else candidate.parent_eid
    if (name, parent) != (candidate.name, candidate.parent_eid):
        candidate.name, candidate.parent_eid = name, parent
        rows.change(candidate, "name", "parent_eid")
    if ci.concerns(tags):
        ci.fill(candidate)


def parent_of(tags: Mapping[str, str]) -> str:
    """The candidate that the tags name as parent; empty for what cannot be an eid."""
    eid = tags.get(PARENT, "")
    return eid if len(eid) == 32 else ""


@atomically
def delete_tag(candidate: Candidate | Named, key: str) -> None:
    """Raises NotFound for a tag that is not there; Invalid for a deleted candidate."""
    candidate = lock(candidate)
    deleted, _ = Tag.objects.filter(candidate=candidate, key=key).delete()
    if not deleted:
        raise NotFound(f"No tag with name: {key[:200]} in run with id {candidate.eid}")
    Recount.ask([candidate.experiment_id])
    if key == PARENT:
        mirror(candidate, {PARENT: ""})
    elif ci.concerns({key: ""}):
        ci.fill(candidate)


@atomically
def log_model(candidate: Candidate | Named, model: Mapping[str, Any]) -> None:
    """Add to the list of models that clients before MLflow 3 keep in a tag."""
    candidate = lock(candidate)
    tag = Tag.objects.filter(candidate=candidate, key=MODEL_HISTORY).first()
    history = listed(tag.value) if tag else []
    value = json.dumps([*history, model])
    if len(value) > MAX_HISTORY_CHARS:
        raise Invalid(f"The run {candidate.eid} holds too many models in one tag.")
    Tag.objects.update_or_create(
        candidate=candidate,
        key=MODEL_HISTORY,
        # Longer than other tags may be: cut short, it would not be JSON.
        defaults={"experiment_id": candidate.experiment_id, "value": value},
    )
    catalogue(candidate, tags={MODEL_HISTORY: value})


def listed(text: str) -> list[Any]:
    """The list that a tag holds as JSON; empty for whatever else a script wrote there."""
    try:
        value = documents.parsed(text)
    except ValueError:
        return []
    return value if isinstance(value, list) else []


# ---------------------------------------------------------------- metrics


def log_metrics(candidate: Candidate, reported: Iterable[Reported]) -> None:
    """Store the points that are new, and bring the summaries of their series up to date."""
    points.store(candidate, series_of(reported))


def series_of(reported: Iterable[Reported]) -> dict[str, set[Row]]:
    series: dict[str, set[Row]] = defaultdict(set)
    for point in reported:
        series[point.key].add(summary.kept(point.step, point.timestamp, point.value))
    return series


def log_model_metrics(candidate: Candidate, reported: Sequence[Reported]) -> None:
    """The points that say which model they measure. The first of an identity stays."""
    if not reported:
        return
    eids = {point.model_id for point in reported}
    models = dict(
        LoggedModel.objects.filter(
            project_id=candidate.project_id, eid__in=sorted(eids)
        ).values_list("eid", "pk")
    )
    if unknown := min(eids - models.keys(), default=None):
        raise Invalid(f"Logged model with ID {quoted(unknown)} not found.")
    measured = [
        LoggedModelMetric(
            model_id=models[point.model_id],
            key=point.key,
            run_id=candidate.eid,
            dataset_name=point.dataset_name,
            dataset_digest=point.dataset_digest,
            **summary.kept(point.step, point.timestamp, point.value)._asdict(),
        )
        for point in reported
    ]
    measured.sort(key=lambda row: (row.model_id, row.key, row.step, row.timestamp))
    LoggedModelMetric.objects.bulk_create(measured, ignore_conflicts=True)


# ---------------------------------------------------------------- the catalogue

# Keys this process has seen committed: logging the same keys again costs no statement.
_seen: dict[tuple[int, Kind], set[str]] = {}
MAX_SEEN = 200_000


def catalogue(
    candidate: Candidate,
    *,
    metrics: Iterable[Reported] = (),
    params: Mapping[str, str] = EMPTY,
    tags: Mapping[str, str] = EMPTY,
) -> None:
    """Make sure that the experiment's catalogue names every key that was used."""
    experiment = candidate.experiment_id
    new = sorted(unseen(experiment, metrics, params, tags))
    if not new:
        return
    Key.objects.bulk_create(
        [Key(experiment_id=experiment, kind=kind, key=key) for kind, key in new],
        ignore_conflicts=True,
    )
    transaction.on_commit(
        lambda: _remember((experiment, kind, key) for kind, key in new)
    )


def unseen(
    experiment: int,
    metrics: Iterable[Reported] = (),
    params: Iterable[str] = (),
    tags: Iterable[str] = (),
) -> set[tuple[Kind, str]]:
    """The keys of which this process does not know that the catalogue names them."""
    used: list[tuple[Kind, Iterable[str]]] = [
        (Kind.METRIC, [point.key for point in metrics]),
        (Kind.PARAM, params),
        (Kind.TAG, tags),
    ]
    new = set()
    for kind, keys in used:
        seen = _seen.get((experiment, kind), NONE)
        new |= {(kind, key) for key in keys if key not in seen}
    return new


def catalogue_again(candidates: Sequence[int], experiment: Experiment) -> None:
    """The keys of candidates that came from another experiment."""
    rows: list[tuple[Kind, type[Param] | type[Metric] | type[Tag]]] = [
        (Kind.METRIC, Metric),
        (Kind.PARAM, Param),
        (Kind.TAG, Tag),
    ]
    for kind, model in rows:
        keys = (
            model._default_manager.filter(candidate__in=candidates)
            .values_list("key", flat=True)
            .distinct()
        )
        Key.objects.bulk_create(
            [Key(experiment=experiment, kind=kind, key=key) for key in sorted(keys)],
            ignore_conflicts=True,
        )
        Key.objects.filter(
            experiment=experiment, kind=kind, key__in=list(keys), is_unused=True
        ).update(is_unused=False)


def _remember(keys: Iterable[tuple[int, Kind, str]]) -> None:
    if sum(map(len, [*_seen.values()])) > MAX_SEEN:  # others add meanwhile
        _seen.clear()
    for experiment, kind, key in keys:
        _seen.setdefault((experiment, kind), set()).add(key)


def forget_keys() -> None:
    """Empty this process's memory of the catalogue: after a purge, and between tests."""
    _seen.clear()
