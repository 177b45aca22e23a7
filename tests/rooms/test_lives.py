"""The quick ways of a life lead to the same rows as the long ones."""

import pytest
from django.db import connection
from django.forms.models import model_to_dict
from django.utils import timezone

from tests import make
from tracker import lifecycle, lives, recording
from tracker.errors import Invalid, NotFound
from tracker.models import Candidate, CIBuild, Experiment, Kind, Status
from tracker.points import Named

pytestmark = pytest.mark.django_db

# SQLite's are those that write: a number, the candidate, its tags.
STATEMENTS = 1 if connection.vendor == "postgresql" else 3
TAGS = {"team": "red", "mlflow.parentRunId": "a" * 32, "long": "x" * 9000}


def born(experiment, monkeypatch, *, quickly):
    if not quickly:
        monkeypatch.setattr(lives, "begin", lambda *_: False)
    made = lifecycle.create_candidate(
        experiment, name="one", user_id="ann", started_ms=5, tags=TAGS
    )
    monkeypatch.undo()
    return made


@pytest.fixture
def known(experiment):
    """The catalogue knows the tags, as after the first candidate of an experiment."""
    lifecycle.create_candidate(experiment, tags=TAGS)
    recording._remember(
        (experiment.pk, Kind.TAG, key) for key in [*TAGS, recording.RUN_NAME]
    )


def test_is_born_alike(experiment, known, monkeypatch, django_assert_num_queries):
    with django_assert_num_queries(STATEMENTS):
        quick = born(experiment, monkeypatch, quickly=True)
    long = born(experiment, monkeypatch, quickly=False)

    assert long.iid == quick.iid + 1
    for made in (quick, long):
        kept = Candidate.objects.get(pk=made.pk)
        assert model_to_dict(made) == model_to_dict(kept)
    own = {"id", "iid", "eid", "artifact_uri", "written_ms"}
    one, other = (model_to_dict(made, exclude=own) for made in (quick, long))
    assert one == other
    assert abs((long.created_at - quick.created_at).total_seconds()) < 60
    tags = [dict(made.tags.values_list("key", "value")) for made in (quick, long)]
    assert tags[0] == tags[1]
    assert len(tags[0]) == 4


def test_leaves_what_is_special_to_the_long_way(experiment, known):
    other = lifecycle.create_candidate(experiment, tags={"new": "key"})
    assert experiment.keys.filter(key="new").exists()

    recording._remember([(experiment.pk, Kind.TAG, "gitlab.CI_JOB_ID")])
    told = lifecycle.create_candidate(experiment, tags={"gitlab.CI_JOB_ID": "7"})
    assert CIBuild.objects.get(candidate=told).job_id == "7"
    assert told.iid == other.iid + 1


def test_begins_with_a_counter_that_is_not_there(experiment, known):
    experiment.project.counters.all().delete()
    Candidate.objects.all().delete()

    made = lifecycle.create_candidate(experiment, tags=TAGS)

    assert (made.iid, Candidate.objects.get().iid) == (1, 1)


def test_begins_in_no_experiment_that_was_deleted(experiment, known):
    remembered = Experiment.objects.get(pk=experiment.pk)
    lifecycle.delete_experiment(experiment)

    with pytest.raises(Invalid, match="must be in the 'active' state"):
        lifecycle.create_candidate(remembered, tags=TAGS)

    Experiment.objects.filter(pk=experiment.pk).delete()
    with pytest.raises(NotFound):
        lifecycle.create_candidate(remembered, tags=TAGS)
    assert Candidate.objects.count() == 0


def test_ends_with_what_is_given(experiment):
    candidate = make.candidate(experiment)
    Candidate.objects.filter(pk=candidate.pk).update(closed_ms=5)
    named = Named(candidate.project_id, candidate.eid)

    ended = lives.changed(named, {"status": Status.FAILED, "ended_ms": 7})

    kept = Candidate.objects.get(pk=candidate.pk)
    assert (kept.status, kept.ended_ms, kept.closed_ms) == ("FAILED", 7, None)
    assert model_to_dict(ended) == model_to_dict(kept)
    assert (ended.created_at, ended.pk) == (kept.created_at, kept.pk)
    assert ended.experiment_iid == experiment.iid
    assert lives.changed(named, {"ended_ms": 8}).status == "FAILED"


def test_changes_nothing_that_may_not_change(experiment, vision):
    locked, deleted = (make.candidate(experiment) for _ in range(2))
    Candidate.objects.filter(pk=locked.pk).update(locked_at=timezone.now())
    Candidate.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    named = [Named(one.project_id, one.eid) for one in (locked, deleted)]
    named.append(Named(locked.project_id, "0" * 32))
    named.append(Named(0, make.candidate(experiment).eid))

    assert [lives.changed(one, {"ended_ms": 7}) for one in named] == [None] * 4
    assert not Candidate.objects.filter(ended_ms=7).exists()
