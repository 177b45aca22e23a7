"""Jobs: done once asked for, taken up after a death, given up with a reason."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from tests import make
from tracker import jobs, tasks, wakeups
from tracker.errors import Conflict, Invalid, Unavailable
from tracker.models import Job


@pytest.fixture
def kind(monkeypatch):
    """Register functions for one test: `kind(work)`."""
    monkeypatch.setattr(jobs, "KINDS", {})
    return lambda work: jobs.kind("tests.work")(work)


@pytest.fixture
def messages(monkeypatch):
    """What goes to the broker."""
    sent = []
    monkeypatch.setattr(wakeups, "_silent_until", 0.0)
    monkeypatch.setattr(
        wakeups.current_app, "send_task", lambda *call, **how: sent.append(call)
    )
    return sent


def seen(job):
    job.refresh_from_db()
    return job


def lapse(job):
    """Let its lease, or its pause, run out."""
    Job.objects.filter(pk=job.pk).update(
        claimed_until=timezone.now() - timedelta(seconds=1)
    )


def count(attempt):
    attempt.progress(3, 3)
    return f"{attempt.arguments['what']} are counted."


@pytest.mark.django_db(transaction=True)
def test_is_a_row_before_it_is_a_message(kind, messages):
    with transaction.atomic():
        job = jobs.enqueue(kind(count), "Count", arguments={"what": "Three"})
        assert messages == []

    assert messages == [("tracker.tasks.do", (job.pk,))]
    assert job.state == Job.State.PENDING


@pytest.mark.django_db(transaction=True)
def test_leaves_nothing_where_the_transaction_is_undone(kind, messages):
    with pytest.raises(Invalid), transaction.atomic():
        jobs.enqueue(kind(count), "Count")
        raise Invalid("no")

    assert messages == []
    assert not Job.objects.exists()


def test_is_done_and_says_what_came_of_it(kind, vision, owner):
    job = jobs.enqueue(
        kind(count), "Count", project=vision, asked_by=owner, arguments={"what": "All"}
    )

    tasks.do(job.pk)

    assert seen(job).state == Job.State.DONE
    assert (job.outcome, job.done, job.total) == ("All are counted.", 3, 3)
    assert job.finished_at >= job.started_at >= job.created_at
    assert job.claimed_by == ""


def test_keeps_facts_for_the_page_that_waits(kind, db):
    job = jobs.enqueue(kind(lambda _: jobs.Done("Ready.", {"file": "a.csv"})), "Export")

    tasks.do(job.pk)

    assert seen(job).result == {"file": "a.csv"}
    assert job.as_facts()["outcome"] == "Ready."


def test_is_done_once_however_often_it_is_woken(kind, db):
    runs = []
    job = jobs.enqueue(kind(lambda _: runs.append(1) or "Done."), "Once")

    for _ in range(3):
        tasks.do(job.pk)
    tasks.sweep()

    assert runs == [1]


def test_nobody_takes_what_another_holds(kind, db):
    job = jobs.enqueue(kind(count), "Count")

    assert jobs.claim(job.pk)
    assert jobs.claim(job.pk) is None
    assert jobs.run_waiting(1) is False
    assert seen(job).state == Job.State.RUNNING


def test_the_sweep_takes_up_what_a_dead_worker_left(kind, db):
    job = jobs.enqueue(kind(count), "Count", arguments={"what": "Two"})
    jobs.claim(job.pk)  # and the worker is killed
    lapse(job)

    tasks.sweep()

    assert seen(job).state == Job.State.DONE
    assert job.attempts == 2


def test_a_worker_that_lost_its_lease_records_nothing(kind, db):
    def slow(attempt):
        lapse(attempt.job)
        thief = jobs.claim(attempt.job.pk)
        jobs.end(thief, outcome="The other was faster.")
        attempt.progress(1, 2, now=True)
        raise AssertionError("it must not come this far")

    job = jobs.enqueue(kind(slow), "Slow")

    tasks.do(job.pk)

    assert seen(job).outcome == "The other was faster."
    assert (job.state, job.done) == (Job.State.DONE, 0)


def test_tells_its_progress_and_renews_its_lease(kind, db):
    told = []

    def steps(attempt):
        lapse(attempt.job)
        attempt.remembered["last"] = "b"
        attempt.progress(5, 10, now=True)
        told.append(Job.objects.get())
        return "Done."

    job = jobs.enqueue(kind(steps), "Steps")
    tasks.do(job.pk)

    [row] = told
    assert (row.done, row.total, row.percent) == (5, 10, 50)
    assert row.remembered == {"last": "b"}
    assert row.claimed_until > timezone.now()


def test_progress_is_written_once_a_second(kind, db, django_assert_num_queries):
    job = jobs.claim(jobs.enqueue(kind(count), "Count").pk)
    attempt = jobs.Attempt(job, jobs.LEASE)

    with django_assert_num_queries(0):
        for number in range(1000):
            attempt.progress(number, 1000)


def test_a_long_one_gives_others_a_turn(kind, db, messages):
    def rounds(attempt):
        attempt.remembered["round"] = attempt.remembered.get("round", 0) + 1
        attempt.progress(attempt.remembered["round"], 3)
        return "Done." if attempt.remembered["round"] == 3 else jobs.Again()

    job = jobs.enqueue(kind(rounds), "Rounds")
    tasks.do(job.pk)
    assert (seen(job).state, job.done, job.attempts) == (Job.State.PENDING, 1, 0)
    assert messages[-1] == ("tracker.tasks.do", (job.pk,))

    tasks.sweep()
    assert (seen(job).state, job.done) == (Job.State.DONE, 3)


def test_an_unexpected_failure_is_tried_again_with_growing_pauses(kind, db):
    def broken(attempt):
        raise ZeroDivisionError("by\nzero")

    job = jobs.enqueue(kind(broken), "Break")
    pauses = []
    for _ in range(jobs.MAX_ATTEMPTS - 1):
        tasks.do(job.pk)
        assert seen(job).state == Job.State.PENDING
        pauses.append((job.claimed_until - timezone.now()).total_seconds())
        assert jobs.claim(job.pk) is None
        lapse(job)
    tasks.do(job.pk)

    assert [round(pause) for pause in pauses] == [30, 60, 120, 240]
    assert seen(job).state == Job.State.FAILED
    assert job.problem == (
        "It failed 5 times. The last time: ZeroDivisionError: by zero"
    )
    assert job.finished_at


def test_what_is_refused_is_not_tried_again(kind, db):
    def refuse(attempt):
        raise Invalid("The experiment is gone.")

    job = jobs.enqueue(kind(refuse), "Refuse")
    tasks.do(job.pk)

    assert seen(job).state == Job.State.FAILED
    assert (job.problem, job.attempts) == ("The experiment is gone.", 1)


def test_waits_for_a_storage_that_is_away_as_long_as_it_takes(kind, db):
    def away(attempt):
        raise Unavailable("The storage does not answer.")

    job = jobs.enqueue(kind(away), "Wait")
    for _ in range(jobs.MAX_ATTEMPTS + 2):
        tasks.do(job.pk)
        lapse(job)

    assert seen(job).state == Job.State.PENDING
    assert job.problem == "The storage does not answer."


def test_gives_up_on_a_job_that_kills_its_workers(kind, db):
    job = jobs.enqueue(kind(count), "Kill")
    for _ in range(jobs.MAX_ATTEMPTS):
        assert jobs.claim(job.pk)  # and the worker dies
        lapse(job)

    tasks.do(job.pk)

    assert seen(job).state == Job.State.FAILED
    assert job.problem == "It was broken off 5 times."


def test_a_failed_one_can_be_tried_again(kind, db, messages):
    outcomes = [Invalid("Not now."), "Done."]

    def moody(attempt):
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    job = jobs.enqueue(kind(moody), "Try")
    tasks.do(job.pk)
    jobs.retry(job)
    tasks.do(job.pk)

    assert (seen(job).state, job.problem) == (Job.State.DONE, "")
    with pytest.raises(Conflict):
        jobs.retry(job)


def test_of_what_is_to_be_done_once_there_is_one(kind, db):
    work = kind(count)
    first = jobs.enqueue(work, "Count", once="count:7", arguments={"what": "It"})

    assert jobs.enqueue(work, "Count", once="count:7") == first
    assert jobs.enqueue(work, "Count", once="count:8") != first
    assert jobs.enqueue(work, "Count") != jobs.enqueue(work, "Count")

    tasks.do(first.pk)
    assert jobs.enqueue(work, "Count", once="count:7") != first


def test_an_unknown_kind_fails_with_a_sentence(db):
    job = Job.objects.create(kind="tests.forgotten", title="From another version")

    tasks.do(job.pk)

    assert seen(job).problem == "This server does not know how to do that."


def test_a_job_whose_project_is_purged_ends_without_a_word(kind, vision):
    def fall(attempt):
        Job.objects.all().delete()
        return "Done."

    job = jobs.enqueue(kind(fall), "Fall", project=vision)

    tasks.do(job.pk)

    assert not Job.objects.exists()


def test_is_seen_by_who_asked_and_by_operators(kind, owner, reader):
    job = jobs.enqueue(kind(count), "Count", asked_by=owner)
    operator = make.user("operator", is_superuser=True)

    assert list(Job.objects.visible_to(owner)) == [job]
    assert list(Job.objects.visible_to(operator)) == [job]
    assert not Job.objects.visible_to(reader)


def test_finished_ones_are_forgotten_after_a_month(kind, db):
    work = kind(count)
    old, new, waiting = (jobs.enqueue(work, "Count") for _ in range(3))
    long_ago = timezone.now() - jobs.KEEP_FINISHED - timedelta(hours=1)
    Job.objects.filter(pk=old.pk).update(state=Job.State.DONE, finished_at=long_ago)
    Job.objects.filter(pk=new.pk).update(
        state=Job.State.FAILED, finished_at=timezone.now()
    )

    assert jobs.forget_finished() == 1
    assert set(Job.objects.all()) == {new, waiting}


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_no_more_than_a_moment(kind, monkeypatch):
    calls = []

    def refuse(*call, **how):
        calls.append(call)
        raise OSError("no broker")

    monkeypatch.setattr(wakeups, "_silent_until", 0.0)
    monkeypatch.setattr(wakeups.current_app, "send_task", refuse)
    work = kind(count)

    for _ in range(3):
        jobs.enqueue(work, "Count")

    assert len(calls) == 1
    assert Job.objects.count() == 3


def test_a_worker_knows_every_kind():
    """A kind in a module that no `tasks.py` imports would wait for ever."""
    listing = (
        "import django; django.setup()\n"
        "from tracker.celery import app; app.loader.import_default_modules()\n"
        "from tracker import jobs; print(*jobs.KINDS)"
    )
    known = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True
    ).stdout.split()

    from tests.test_layers import MODULES

    declared = {
        line.split('"')[1]
        for path in MODULES.values()
        for line in path.read_text().splitlines()
        if line.startswith("@jobs.kind(")
    }
    assert declared == set(known)
