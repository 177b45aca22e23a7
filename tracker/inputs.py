"""What a candidate read and made: datasets with their tags, and logged models."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tracker import liveness, recording
from tracker.models import (
    Candidate,
    Dataset,
    DatasetUse,
    DatasetUseTag,
    Experiment,
    ModelUse,
)
from tracker.points import Named
from tracker.recording import EMPTY
from tracker.transactions import atomically


class DatasetInput(NamedTuple):
    """A dataset as a script describes it; name and digest say which one it is."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""
    tags: Mapping[str, str] = EMPTY

    @property
    def identity(self) -> tuple[str, str]:
        return self.name, self.digest


class ModelOutput(NamedTuple):
    model_eid: str
    step: int = 0


@atomically
def log_inputs(
    candidate: Candidate | Named,
    *,
    datasets: Iterable[DatasetInput] = (),
    model_eids: Iterable[str] = (),
) -> None:
    """A dataset that is logged again is ignored, its new tags too: the first context wins.

    Raises NotFound; Invalid for a deleted candidate.
    """
    candidate = recording.lock(candidate)
    liveness.note(candidate, has_data=False)
    log_datasets(candidate, list(datasets))
    log_uses(candidate, ModelUse.Direction.INPUT, [ModelOutput(e) for e in model_eids])


@atomically
def log_outputs(candidate: Candidate | Named, outputs: Iterable[ModelOutput]) -> None:
    """Models that the candidate made. Raises NotFound; Invalid for a deleted candidate."""
    candidate = recording.lock(candidate)
    liveness.note(candidate, has_data=False)
    log_uses(candidate, ModelUse.Direction.OUTPUT, list(outputs))


def log_datasets(candidate: Candidate, inputs: Sequence[DatasetInput]) -> None:
    # Of two in one request the first wins, as it does of two requests.
    described = {one.identity: one for one in reversed(inputs)}
    if not described:
        return
    ids = dataset_ids(candidate.experiment_id, described)
    used = set(
        DatasetUse.objects.filter(
            candidate=candidate, dataset__in=ids.values()
        ).values_list("dataset_id", flat=True)
    )
    new = [one for key, one in sorted(described.items()) if ids[key] not in used]
    uses = DatasetUse.objects.bulk_create(
        DatasetUse(candidate=candidate, dataset_id=ids[one.identity]) for one in new
    )
    DatasetUseTag.objects.bulk_create(
        DatasetUseTag(use=use, key=key, value=value)
        for use, one in zip(uses, new, strict=True)
        for key, value in sorted(one.tags.items())
    )


def dataset_ids(
    experiment_id: int, described: Mapping[tuple[str, str], DatasetInput]
) -> dict[tuple[str, str], int]:
    """The experiment's rows for datasets, made where they are missing."""
    known = known_datasets(experiment_id, described)
    missing = sorted(described.keys() - known.keys())
    if not missing:
        return known
    # Another candidate may be adding the same dataset at this moment.
    Dataset.objects.bulk_create(
        [
            Dataset(
                experiment_id=experiment_id,
                name=one.name,
                digest=one.digest,
                source_type=one.source_type,
                source=one.source,
                schema=one.schema,
                profile=one.profile,
            )
            for one in map(described.__getitem__, missing)
        ],
        ignore_conflicts=True,
    )
    return known_datasets(experiment_id, described)


def known_datasets(
    experiment_id: int, described: Mapping[tuple[str, str], DatasetInput]
) -> dict[tuple[str, str], int]:
    rows = Dataset.objects.filter(
        experiment=experiment_id, name__in=[name for name, _ in described]
    ).values_list("name", "digest", "pk")
    return {
        (name, digest): pk for name, digest, pk in rows if (name, digest) in described
    }


def take_along(candidates: Sequence[int], experiment: Experiment) -> None:
    """What candidates read, when they move to another experiment."""
    uses = list(
        DatasetUse.objects.filter(candidate__in=candidates)
        .exclude(dataset__experiment=experiment)
        .select_related("dataset")
    )
    described = {
        (use.dataset.name, use.dataset.digest): DatasetInput(
            use.dataset.name,
            use.dataset.digest,
            use.dataset.source_type,
            use.dataset.source,
            use.dataset.schema,
            use.dataset.profile,
        )
        for use in uses
    }
    ids = dataset_ids(experiment.pk, described)
    for use in uses:
        use.dataset_id = ids[use.dataset.name, use.dataset.digest]
    DatasetUse.objects.bulk_update(uses, ["dataset"], batch_size=500)


def log_uses(
    candidate: Candidate, direction: ModelUse.Direction, models: Sequence[ModelOutput]
) -> None:
    """Naming a model twice changes nothing."""
    first = {model.model_eid: model.step for model in reversed(models)}
    ModelUse.objects.bulk_create(
        [
            ModelUse(candidate=candidate, model_eid=eid, direction=direction, step=step)
            for eid, step in sorted(first.items())
        ],
        ignore_conflicts=True,
    )
