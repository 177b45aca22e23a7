"""Purging: what leaves the trash is gone whole, and nothing else goes with it."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from artifacts import ingest, inspection
from artifacts.models import Artifact, DiscardedBlob
from artifacts.paths import Place
from tests import make
from tests.rooms import tiled
from tracker import (
    catalogue,
    jobs,
    lifecycle,
    logged_models,
    projects,
    purging,
    recording,
    tasks,
    tiling,
    tokens,
)
from tracker.errors import Conflict, NotFound
from tracker.models import (
    AuditEvent,
    Candidate,
    DiscardedSeries,
    Experiment,
    Job,
    LoggedModel,
    Metric,
    ModelVersion,
    Point,
    Project,
    RegisteredModel,
    What,
)


@pytest.fixture
def sweep(vision):
    return make.experiment(vision, "sweep")


def full(experiment, **fields):
    """A candidate that has something of everything."""
    curve = [recording.Point("loss", 1 / n, 1_000 + n, n) for n in range(1, 31)]
    made = make.candidate(
        experiment,
        params={"lr": "0.1"},
        tags={"team": "vision", "CI_JOB_ID": "7"},
        metrics={"acc": 0.9},
        points=curve,
        **fields,
    )
    upload(made, "model/weights.bin", b"12345")
    return made


def upload(owner, path, content):
    return ingest.receive(Place(owner, path), [content], size_bytes=len(content))


def age(thing, days):
    then = timezone.now() - timedelta(days=days)
    type(thing).objects.filter(pk=thing.pk).update(deleted_at=then)


def run(job):
    tasks.do(job.pk)
    job.refresh_from_db()
    return job


def left():
    """How many rows there are of each of our models, jobs and the audit apart."""
    ours = (*apps.get_app_config("tracker").get_models(), Artifact, DiscardedBlob)
    return {
        model.__name__: number
        for model in ours
        if model not in (Job, AuditEvent) and (number := model._base_manager.count())
    }


def test_leaves_no_row_and_no_file_behind(sweep, vision, owner, monkeypatch):
    tiled.make_small(monkeypatch)
    before = left()
    gone = full(sweep)
    assert tiled.build(gone).tiled == 28
    late = [recording.Point("loss", 9.0, 0, 0)]
    recording.log_batch(gone, metrics=late)  # makes the tiles stale
    series = gone.metrics.get(key="loss").pk
    building = tiling.claim(series)
    lifecycle.delete_candidate(gone)

    scope = purging.Scope.chosen(vision, candidates=[gone.pk])
    job = run(purging.begin(scope, asked_by=owner))

    assert job.outcome == (
        "Purged: 1 candidate, with 32 points and 1 file. The space of the files is free"
        " within two hours."
    )
    assert (job.project, job.asked_by) == (vision, owner)
    inspection.discard_litter()
    [blob] = DiscardedBlob.objects.all()
    blob.delete()
    # The catalogue of keys stays with the experiment; the number is never given again.
    catalogue.count(sweep)
    assert left() == before | {"Key": left()["Key"]}
    assert make.candidate(sweep).iid == gone.iid + 1
    with pytest.raises(tiling.LeaseLost):  # whoever was building its tiles
        tiling.append(series, building)


def test_touches_nothing_that_is_alive_or_not_chosen(sweep, vision):
    alive, trashed, gone = (full(sweep) for _ in range(3))
    for one in (trashed, gone):
        lifecycle.delete_candidate(one)

    run(purging.begin(purging.Scope.chosen(vision, candidates=[alive.pk, gone.pk])))

    assert set(Candidate.objects.all()) == {alive, trashed}
    assert Point.objects.count() == 2 * 31
    assert Artifact.objects.filter(project=vision).count() == 2


def test_another_project_s_trash_is_out_of_reach(vision):
    other = full(make.experiment(make.project("other")))
    lifecycle.delete_candidate(other)

    run(purging.begin(purging.Scope.chosen(vision, candidates=[other.pk])))
    run(purging.begin(purging.Scope.all_of(vision)))

    assert Candidate.objects.get() == other


def test_says_first_what_it_frees(sweep, vision, django_assert_num_queries):
    experiment = make.experiment(vision, "old")
    inside, alone, _ = full(experiment), full(sweep), full(sweep)
    model = make.logged_model(experiment, name="net")
    upload(model, "MLmodel", b"flavors: {}")
    lifecycle.delete_candidate(alone)
    lifecycle.delete_experiment(experiment)

    # experiments; candidates with files, points and versions, models with files: twice
    with django_assert_num_queries(13):
        found = purging.frees(purging.Scope.all_of(vision))

    assert found == purging.Frees(
        experiments=1, candidates=2, models=1, points=62, files=3, size_bytes=21
    )
    assert found.things == "1 experiment, 2 candidates and 1 logged model"
    assert inside.experiment == experiment


def test_an_experiment_is_out_of_sight_at_once(sweep, vision, api):
    full(sweep)
    lifecycle.delete_experiment(sweep)

    purging.begin(purging.Scope.chosen(vision, experiments=[sweep.pk]))

    assert not Experiment.objects.filter(pk=sweep.pk).exists()
    with pytest.raises(NotFound):
        lifecycle.restore_experiment(sweep)
    inside = Candidate.objects.get()
    lifecycle.restore_candidate(inside)
    inside.refresh_from_db()
    assert inside.is_deleted
    make.experiment(vision, "sweep")  # its name is free


def test_an_experiment_goes_with_all_that_is_in_it(sweep, vision):
    before = left()
    del before["Experiment"]
    for _ in range(3):
        full(sweep)
    upload(make.logged_model(sweep, name="net"), "MLmodel", b"flavors: {}")
    lifecycle.delete_experiment(sweep)

    job = run(purging.begin(purging.Scope.chosen(vision, experiments=[sweep.pk])))
    inspection.discard_litter()

    assert job.state == Job.State.DONE
    assert left() == before | {"Experiment": 1, "DiscardedBlob": 4}  # “Default” stays


def test_experiment_0_stays(vision):
    default = vision.experiments.get(iid=0)
    full(default)
    lifecycle.delete_experiment(default)

    run(purging.begin(purging.Scope.all_of(vision)))

    assert not Candidate.objects.exists()
    lifecycle.restore_experiment(default)


def test_models_go_too(sweep, vision):
    gone, kept = (make.logged_model(sweep, name=name) for name in "ab")
    upload(gone, "MLmodel", b"flavors: {}")
    logged_models.delete(gone)

    job = run(purging.begin(purging.Scope.chosen(vision, models=[gone.pk, kept.pk])))

    assert job.outcome.startswith("Purged: 1 logged model, with 1 file.")
    assert LoggedModel.objects.get() == kept
    assert Artifact.objects.litter().count() == 1


def test_the_trash_keeps_things_for_its_time(sweep, settings):
    settings.PURGE_AFTER_DAYS = 30
    old, young = full(sweep), full(sweep)
    for one, days in ((old, 31), (young, 29)):
        lifecycle.delete_candidate(one)
        age(one, days)

    tasks.purge()
    run(Job.objects.get())

    assert Candidate.objects.get() == young


def test_the_clock_asks_for_one_purge_at_a_time(sweep, settings):
    tasks.purge()
    assert not Job.objects.exists()  # there is nothing to purge

    old = full(sweep)
    lifecycle.delete_candidate(old)
    age(old, 365)
    for _ in range(3):
        tasks.purge()

    assert Job.objects.count() == 1


def test_the_clock_spares_what_a_registered_model_was_made_of(sweep, vision):
    origin, other = full(sweep), full(sweep)
    model = RegisteredModel.objects.create(
        project=vision, name="net", created_ms=0, updated_ms=0
    )
    ModelVersion.objects.create(
        model=model,
        version=1,
        source=f"runs:/{origin.eid}/model",
        run_id=origin.eid,
        created_ms=0,
        updated_ms=0,
    )
    lifecycle.delete_experiment(sweep)
    for one in (sweep, origin, other):
        age(one, 365)

    tasks.purge()
    run(Job.objects.get())

    assert Candidate.objects.get() == origin
    assert Experiment.objects.filter(pk=sweep.pk).exists()
    # By hand it may be thrown away, with open eyes.
    scope = purging.Scope.chosen(vision, candidates=[origin.pk])
    assert purging.frees(scope).versions == 1
    run(purging.begin(scope))
    assert not Candidate.objects.exists()


def test_is_written_down_with_who_asked(sweep, vision, owner):
    lifecycle.delete_candidate(full(sweep))

    purging.begin(purging.Scope.all_of(vision), asked_by=owner)

    event = AuditEvent.objects.get(what=What.PURGED)
    assert (event.project, event.user, event.note) == (vision, owner, "1 candidate")


def test_a_deleted_project_goes_with_all_that_is_in_it(owner, stranger):
    before = left()
    name = make.project("old", owner=owner)
    full(make.experiment(name))
    full(name.experiments.get(iid=0))
    upload(name, "shared/notes.txt", b"1")
    tokens.issue_for_project(name, name="bot")
    RegisteredModel.objects.create(project=name, name="net", created_ms=0, updated_ms=0)
    projects.delete(name)
    age(name, 365)

    tasks.purge()
    with pytest.raises(NotFound):
        projects.restore(name)
    assert not Project.objects.filter(slug="old").exists()  # the address is free
    job = run(Job.objects.get())
    inspection.discard_litter()

    assert job.state == Job.State.DONE, job.problem
    assert (job.title, job.project) == ("Purge the project old", None)
    assert left() == before | {"DiscardedBlob": 3}
    tasks.purge()
    assert Job.objects.count() == 1


def test_a_project_that_is_not_deleted_stays(vision, sweep):
    full(sweep)

    with pytest.raises(Conflict):
        purging.begin(purging.Scope.project_of(vision))

    assert Candidate.objects.exists()
    assert vision.experiments.count() == 2


def test_a_restore_that_was_faster_wins(sweep, vision):
    saved = full(sweep)
    lifecycle.delete_candidate(saved)
    job = purging.begin(purging.Scope.chosen(vision, candidates=[saved.pk]))
    lifecycle.restore_candidate(saved)

    run(job)

    assert Candidate.objects.get() == saved
    assert Point.objects.count() == 31


def test_what_is_deleted_after_the_trash_was_emptied_stays(sweep, vision):
    first, later = full(sweep), full(sweep)
    lifecycle.delete_candidate(first)
    job = purging.begin(purging.Scope.all_of(vision))
    lifecycle.delete_candidate(later)

    run(job)

    assert Candidate.objects.get() == later


def test_works_in_bounded_batches(sweep, vision, monkeypatch):
    monkeypatch.setattr(purging, "BATCH", 2)
    monkeypatch.setattr(purging, "BATCH_POINTS", 25)
    for _ in range(5):
        lifecycle.delete_candidate(full(sweep))
    sizes = []
    whole = purging.purge_candidates
    monkeypatch.setattr(
        purging, "purge_candidates", lambda ids: sizes.append(len(ids)) or whole(ids)
    )

    run(purging.begin(purging.Scope.all_of(vision)))

    assert max(sizes) == 2
    assert not Point.objects.exists()
    assert not DiscardedSeries.objects.exists()


def test_a_candidate_of_many_metrics_is_a_batch_of_its_own(sweep, monkeypatch):
    monkeypatch.setattr(purging, "BATCH_ROWS", 40)
    wide = [
        make.candidate(sweep, metrics={f"m{n}": 1.0 for n in range(100)})
        for _ in range(2)
    ]
    small = make.candidates(sweep, 5)

    assert purging.batch(Candidate.objects.all()) == [wide[0].pk]
    assert purging.batch(Candidate.objects.exclude(pk__in=[w.pk for w in wide])) == [
        one.pk for one in small[:4]
    ]


@pytest.mark.parametrize(("timestamps", "steps"), [(1, 55), (55, 1), (1, 1), (5, 5)])
def test_shortens_a_series_whose_points_share_a_place(
    sweep, vision, monkeypatch, timestamps, steps
):
    monkeypatch.setattr(purging, "BATCH_POINTS", 10)
    points = [
        recording.Point("m", float(n), n % timestamps, n % steps) for n in range(55)
    ]
    lifecycle.delete_candidate(make.candidate(sweep, points=points))

    run(purging.begin(purging.Scope.all_of(vision)))

    assert not Point.objects.exists()
    assert not DiscardedSeries.objects.exists()


class Killed(BaseException):
    """The worker ends here."""


@pytest.mark.parametrize("after", range(12))
def test_goes_on_after_a_kill_at_any_step(sweep, vision, monkeypatch, after):
    monkeypatch.setattr(purging, "BATCH", 2)
    for _ in range(3):
        full(sweep)
    kept = full(make.experiment(vision, "kept"))
    lifecycle.delete_experiment(sweep)
    job = purging.begin(purging.Scope.chosen(vision, experiments=[sweep.pk]))
    steps = []
    whole = purging.step

    def fragile(scope):
        if len(steps) == after:
            steps.append(0)
            raise Killed
        number = whole(scope)
        steps.append(number)
        # A candidate is there with all its series, or not at all.
        for candidate in Candidate.objects.all():
            assert candidate.metrics.count() == 2
        return number

    monkeypatch.setattr(purging, "step", fragile)
    try:
        tasks.do(job.pk)
    except Killed:
        Job.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
        jobs.run_waiting(5)

    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert Candidate.objects.get() == kept
    assert (Metric.objects.count(), Point.objects.count()) == (2, 31)
    assert not purging.begun().exists()
    assert Artifact.objects.litter().count() == 3


def test_long_ones_give_others_a_turn(sweep, vision, monkeypatch):
    monkeypatch.setattr(purging, "BATCH", 1)
    monkeypatch.setattr(jobs, "ROUND_SECONDS", 0)
    for _ in range(2):
        lifecycle.delete_candidate(full(sweep))
    job = purging.begin(purging.Scope.all_of(vision))

    rounds = 0
    while job.state != Job.State.DONE:
        run(job)
        rounds += 1

    assert rounds == 7  # two candidates, two series each, and the end
    assert (job.done, job.percent) == (64, 100)
