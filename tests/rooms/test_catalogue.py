"""The catalogue's counts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tracker import bulk, catalogue, lifecycle, many, purging, recording, tasks
from tracker.models import Action, Candidate, Key, Recount, Status
from tracker.models.states import now_ms
from tracker.purging import Scope

pytestmark = pytest.mark.django_db


def counts(experiment, kind, key):
    row = Key.objects.get(experiment=experiment, kind=kind, key=key)
    return row.candidates, row.distinct, row.is_numeric


def test_counts_candidates_and_values_of_each_key(experiment):
    for lr, model in [("0.1", "r50"), ("1e-3", "r50"), ("0.1", "r101")]:
        make.candidate(
            experiment, params={"lr": lr, "model": model}, metrics={"acc": 0.5}
        )
    make.candidate(experiment, params={"lr": "fast"})

    catalogue.count(experiment)

    assert counts(experiment, "p", "lr") == (4, 3, False)
    assert counts(experiment, "p", "model") == (3, 2, False)
    assert counts(experiment, "m", "acc") == (3, 1, True)


def test_knows_a_param_whose_every_value_is_a_number(experiment):
    for lr in ("0.1", " 1e-3", "-5"):
        make.candidate(experiment, params={"lr": lr})

    catalogue.count(experiment)

    assert counts(experiment, "p", "lr") == (3, 3, True)


def test_leaves_deleted_candidates_out(experiment):
    gone = make.candidate(experiment, params={"lr": "1"})
    gone.deleted_at = timezone.now()
    gone.save()

    catalogue.count(experiment)

    assert counts(experiment, "p", "lr") == (0, 0, False)


class Changed:
    """An experiment that was counted an hour ago, when nobody had written for a day."""

    def __init__(self, experiment):
        self.experiment = experiment
        old = now_ms() - 24 * 3600 * 1000
        self.candidates = [
            make.candidate(
                experiment,
                started_ms=old,
                params={"lr": lr},
                metrics={"acc": n / 10},
                tags={"team": "red"},
            )
            for n, lr in enumerate(["0.1", "0.1", "0.2"])
        ]
        for one in self.candidates:
            one.eid, one.status = f"{old:012x}{one.eid[12:]}", Status.FINISHED
            one.ended_ms = one.written_ms = old
            one.save()
        Recount.objects.all().delete()
        catalogue.count(experiment)
        self.rest()

    def rest(self):
        """Until the next count may be made, and all wishes for one are old."""
        hour = timezone.now() - timedelta(hours=1)
        Key.objects.filter(counted_at__gt=hour).update(counted_at=hour)
        Recount.objects.update(asked_at=hour)

    def counted(self, experiment=None):
        """What a round of the task makes of its keys."""
        self.rest()
        tasks.count_keys()
        of = experiment or self.experiment
        return {
            key: counts(of, kind, key)[:2]
            for kind, key in [("p", "lr"), ("m", "acc"), ("t", "team")]
        }


THREE = {"lr": (3, 2), "acc": (3, 3), "team": (3, 1)}
TWO = {"lr": (2, 2), "acc": (2, 2), "team": (2, 1)}
NONE = {"lr": (0, 0), "acc": (0, 0), "team": (0, 0)}


@pytest.fixture
def changed(experiment):
    return Changed(experiment)


def test_has_nothing_to_count_while_nothing_changes(changed):
    assert catalogue.stale() == []


def test_counts_again_after_one_was_deleted_and_restored(changed):
    one = changed.candidates[0]

    lifecycle.delete_candidate(one)
    assert changed.counted() == TWO

    lifecycle.restore_candidate(one)
    assert changed.counted() == THREE
    assert catalogue.stale() == []


def test_counts_again_after_many_were_deleted_and_that_was_undone(changed):
    ids = [one.pk for one in changed.candidates]
    project = changed.experiment.project
    action, _ = bulk.start(Action.Verb.DELETE, project, ids, asked_by=None)
    assert changed.counted() == NONE
    assert {k.key for k in offered(changed.experiment)} >= set(THREE)

    bulk.undo(action, asked_by=None)
    assert changed.counted() == THREE


def test_counts_again_where_an_experiment_came_back(changed):
    lifecycle.delete_candidate(changed.candidates[0])
    lifecycle.delete_experiment(changed.experiment)
    changed.counted()
    lifecycle.restore_experiment(changed.experiment)

    assert changed.counted() == THREE


def test_counts_both_experiments_after_a_move(changed):
    other = make.experiment(changed.experiment.project, "other")
    ids = [one.pk for one in changed.candidates]

    many.move(ids[:1], other)
    assert changed.counted() == TWO
    assert changed.counted(other) == {"lr": (1, 1), "acc": (1, 1), "team": (1, 1)}

    many.move(ids[1:], other)
    assert changed.counted(other) == THREE
    assert changed.counted() == NONE
    assert offered(changed.experiment) == []

    many.move(ids, changed.experiment)
    assert {k.key for k in offered(changed.experiment)} >= set(THREE)
    assert changed.counted() == THREE


def test_offers_nothing_that_only_the_purged_had(changed):
    many.delete([one.pk for one in changed.candidates])
    changed.counted()
    assert {k.key for k in offered(changed.experiment)} >= set(THREE)

    while purging.step(Scope(candidates=tuple(c.pk for c in changed.candidates))):
        pass

    assert changed.counted() == NONE
    assert offered(changed.experiment) == []


def offered(experiment):
    return list(Key.objects.filter(experiment=experiment, is_unused=False))


def test_counts_again_what_a_long_training_writes(changed):
    running = changed.candidates[0]
    Candidate.objects.filter(pk=running.pk).update(status=Status.RUNNING)
    recording.log_batch(running, metrics=[recording.Point("acc", 0.2, 0, 1)])

    assert changed.counted()["acc"] == (3, 2)


@pytest.mark.parametrize("by_script", [True, False])
def test_counts_again_what_was_written_after_the_end(changed, by_script):
    one = changed.candidates[0]
    recording.log_batch(one, tags={"team": "blue"}, by_script=by_script)
    assert changed.counted()["team"] == (3, 2)

    recording.delete_tag(one, "team")
    assert changed.counted()["team"] == (2, 1)


def test_waits_a_moment_for_what_is_being_written(changed):
    lifecycle.delete_candidate(changed.candidates[0])

    assert catalogue.stale() == []


def test_keeps_a_wish_that_came_while_it_counted(changed, monkeypatch):
    lifecycle.delete_candidate(changed.candidates[0])
    save = catalogue._save

    def slowly(found):
        save(found)
        lifecycle.delete_candidate(changed.candidates[1])

    monkeypatch.setattr(catalogue, "_save", slowly)
    changed.counted()
    monkeypatch.undo()

    assert changed.counted()["lr"] == (1, 1)


def test_counts_again_only_what_changed_and_has_rested(experiment):
    make.candidate(experiment, params={"lr": "1"})
    assert catalogue.stale() == [experiment]

    tasks.count_keys()
    assert catalogue.stale() == []

    Key.objects.update(counted_at=timezone.now() - timedelta(minutes=2))
    assert catalogue.stale() == [experiment]


def test_costs_the_same_for_three_candidates_or_thirty(
    experiment, django_assert_max_num_queries
):
    make.candidates(experiment, 30, params={"lr": "1"}, metrics={"acc": 1.0})

    # wishes, params of text and of numbers, metrics, tags, keys, update in its savepoint
    with django_assert_max_num_queries(9):
        catalogue.count(experiment)
