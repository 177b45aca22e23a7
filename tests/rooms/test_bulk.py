"""One thing done to many candidates, and undone: at once, and by a worker."""

import pytest

from tests import make
from tracker import bulk, jobs, lifecycle, many, recording
from tracker.errors import Conflict, Invalid
from tracker.models import Candidate, Job, Tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def sweep(vision):
    return make.experiment(vision, "sweep")


def of(experiment):
    return Candidate.objects.filter(experiment=experiment)


def done(verb, experiment, **arguments):
    ids = bulk.prospect(verb, of(experiment)).ids
    action, job = bulk.start(
        verb, experiment.project, ids, asked_by=None, arguments=arguments
    )
    while jobs.run_waiting(5):
        pass
    action.refresh_from_db()
    return action, job


def undone(action):
    job = bulk.undo(action, asked_by=None)
    while jobs.run_waiting(5):
        pass
    return job


def test_tells_beforehand_what_is_left_out(sweep):
    running, locked, other = (
        make.candidate(sweep),
        make.finished(sweep),
        make.finished(sweep),
    )
    many.lock([locked.pk])

    deletion = bulk.prospect("delete", of(sweep))
    locking = bulk.prospect("lock", of(sweep))

    assert deletion.ids == [running.pk, other.pk]
    assert deletion.exclusions == ["1 is locked and will be skipped"]
    assert locking.ids == [other.pk]
    assert len(locking.exclusions) == 2


@pytest.mark.parametrize("number", [3, 130])
def test_deletes_and_brings_back_those_and_no_others(sweep, number, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 50)
    candidates = [make.finished(sweep) for _ in range(number)]
    gone = candidates[0]
    lifecycle.delete_candidate(gone)

    ids = [candidate.pk for candidate in candidates]
    action, job = bulk.start("delete", sweep.project, ids, asked_by=None)
    assert (job is not None) == (number > bulk.AT_ONCE)
    while jobs.run_waiting(5):
        pass
    assert not of(sweep).alive().exists()

    action.refresh_from_db()
    undone(action)

    assert of(sweep).alive().count() == number - 1
    assert not of(sweep).alive().filter(pk=gone.pk).exists()
    assert all(job.state == Job.State.DONE for job in Job.objects.all())


def test_undo_of_a_tag_writes_what_was_there(sweep):
    with_tag = make.finished(sweep, tags={"team": "red"})
    without = make.finished(sweep)

    action, _ = done("tag", sweep, key="team", value="blue")
    assert set(Tag.objects.filter(key="team").values_list("value", flat=True)) == {
        "blue"
    }

    undone(action)
    left = dict(Tag.objects.filter(key="team").values_list("candidate", "value"))
    assert left == {with_tag.pk: "red"}
    assert without.pk not in left


def test_undo_of_a_move_leads_each_back(vision, sweep):
    other, target = make.experiment(vision, "other"), make.experiment(vision, "target")
    first, second = make.finished(sweep), make.finished(other)

    action, _ = bulk.start(
        "move",
        vision,
        [first.pk, second.pk],
        asked_by=None,
        arguments={"to": target.iid},
    )
    assert bulk.done(action) == "2 candidates are moved to target."
    assert of(target).count() == 2

    undone(action)
    assert list(of(sweep)) == [first] and list(of(other)) == [second]


def test_locks_and_unlocks(sweep):
    make.finished(sweep)

    action, _ = done("lock", sweep)
    assert of(sweep).filter(locked_at__isnull=False).count() == 1

    undone(action)
    assert of(sweep).filter(locked_at=None).count() == 1


def test_undoes_once(sweep):
    make.finished(sweep)
    action, _ = done("delete", sweep)
    undone(action)

    with pytest.raises(Conflict, match="undone already"):
        undone(action)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("move", {"to": 99}),
        ("tag", {"key": " ", "value": "x"}),
        ("tag", {"key": "x" * 251, "value": "x"}),
        ("tag", {"key": "x", "value": "x" * (recording.MAX_TAG_CHARS + 1)}),
    ],
)
def test_refuses_what_makes_no_sense(sweep, verb, arguments):
    candidate = make.finished(sweep)

    with pytest.raises(Invalid):
        bulk.start(
            verb, sweep.project, [candidate.pk], asked_by=None, arguments=arguments
        )


def test_refuses_more_than_can_be_undone(sweep, monkeypatch):
    monkeypatch.setattr(bulk, "MAX_CANDIDATES", 2)
    make.candidates(sweep, 3)

    with pytest.raises(Invalid, match="At most 2"):
        bulk.prospect("delete", of(sweep))
