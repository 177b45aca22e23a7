"""Locking and moving candidates, one and many."""

import pytest

from tests import make
from tracker import inputs, lifecycle, many, recording
from tracker.errors import Conflict, Invalid
from tracker.models import (
    Candidate,
    DatasetUse,
    ExperimentTag,
    Key,
    LoggedModel,
    Metric,
    Param,
    Status,
)

pytestmark = pytest.mark.django_db


def fresh(candidate):
    return Candidate.objects.get(pk=candidate.pk)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: recording.log_batch(c, tags={"a": "b"}),
        lambda c: recording.log_batch(c, params={"a": "b"}),
        lambda c: recording.log_batch(c, metrics=[recording.Point("a", 1, 1)]),
        lambda c: recording.delete_tag(c, "team"),
        lambda c: lifecycle.update_candidate(c, name="other"),
        lambda c: lifecycle.update_candidate(c, status=Status.FAILED),
        lifecycle.delete_candidate,
    ],
)
def test_a_locked_candidate_refuses_to_change(vision, change):
    candidate = make.finished(make.experiment(vision), tags={"team": "x"})
    assert many.lock([candidate.pk]) == [candidate.pk]

    with pytest.raises(Conflict, match="is locked"):
        change(candidate)

    assert fresh(candidate).name == candidate.name
    many.unlock([candidate.pk])
    change(candidate)


def test_what_still_runs_cannot_be_locked(vision):
    experiment = make.experiment(vision)
    running, ended = make.candidate(experiment), make.finished(experiment)

    assert many.lock([running.pk, ended.pk]) == [ended.pk]
    assert not fresh(running).is_locked


def test_many_are_deleted_but_for_the_locked(vision):
    experiment = make.experiment(vision)
    one, locked, gone = (make.finished(experiment) for _ in range(3))
    many.lock([locked.pk])
    lifecycle.delete_candidate(gone)

    deleted = many.delete([one.pk, locked.pk, gone.pk])

    assert deleted == [one.pk]
    many.restore(deleted)
    assert not fresh(one).is_deleted and fresh(gone).is_deleted


def test_a_move_takes_everything_along(vision):
    old, new = make.experiment(vision, "old"), make.experiment(vision, "new")
    candidate = make.candidate(
        old, metrics={"acc": 0.9}, params={"lr": "1"}, tags={"team": "x"}
    )
    inputs.log_inputs(
        candidate, datasets=[inputs.DatasetInput("cifar", "d1", "code", "{}")]
    )
    make.logged_model(old, source_run_id=candidate.eid)

    before = many.move([candidate.pk], new)

    assert before == {candidate.pk: old.pk}
    moved = fresh(candidate)
    assert (moved.experiment, moved.iid, moved.eid, moved.artifact_uri) == (
        new,
        candidate.iid,
        candidate.eid,
        candidate.artifact_uri,
    )
    for model in (Metric, Param, LoggedModel):
        assert set(model.objects.values_list("experiment", flat=True)) == {new.pk}
    assert DatasetUse.objects.get().dataset.experiment == new
    known = set(Key.objects.filter(experiment=new).values_list("kind", "key"))
    assert {("m", "acc"), ("p", "lr"), ("t", "team")} <= known
    recording.log_batch(candidate, metrics=[recording.Point("late", 1, 1)])
    assert Metric.objects.get(key="late").experiment == new


def test_moves_neither_the_locked_nor_the_deleted_nor_from_elsewhere(vision):
    old, new = make.experiment(vision, "old"), make.experiment(vision, "new")
    locked, gone = make.finished(old), make.finished(old)
    many.lock([locked.pk])
    lifecycle.delete_candidate(gone)
    foreign = make.finished(make.experiment(make.project()))

    assert many.move([locked.pk, gone.pk, foreign.pk], new) == {}


def test_nothing_moves_into_the_trash(vision):
    old, new = make.experiment(vision, "old"), make.experiment(vision, "new")
    lifecycle.delete_experiment(new)
    new.refresh_from_db()

    with pytest.raises(Invalid):
        many.move([make.finished(old).pk], new)
    assert not ExperimentTag.objects.exists()
