"""Signs of life: noted by the write, and what pages make of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tracker import lifecycle, recording, tasks
from tracker.models import Candidate, State, Status, Tag
from tracker.models.states import state
from tracker.search import table

pytestmark = pytest.mark.django_db

START = 1_700_000_000_000
SECOND, MINUTE = 1000, 60_000


class Clock:
    def __init__(self):
        self.ms = START

    def __call__(self):
        return self.ms

    def wait(self, seconds):
        self.ms += int(seconds * SECOND)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in ("models.candidates", "models.states", "liveness", "closing"):
        monkeypatch.setattr(f"tracker.{module}.now_ms", clock)
    monkeypatch.setattr(Candidate._meta.get_field("written_ms"), "default", clock)
    monkeypatch.setattr(
        Candidate._meta.get_field("written_ms"), "_get_default", clock, raising=False
    )
    return clock


@pytest.fixture
def candidate(experiment, clock):
    return make.candidate(experiment)


def log(candidate, *keys):
    step = Candidate.objects.get(pk=candidate.pk).written_ms
    recording.log_batch(
        candidate,
        metrics=[recording.Point(key, 1.0, step, step) for key in keys or ["loss"]],
    )


def now(candidate):
    """Its state by Python, which must be its state by SQL."""
    fresh = Candidate.objects.select_related("experiment").get(pk=candidate.pk)
    by_python = state(fresh)
    for each in State:
        named = table.matching(fresh.experiment, f"state = {each.value}")
        assert named.filter(pk=candidate.pk).exists() == (each == by_python), each
        found = Candidate.objects.in_state(each).filter(pk=candidate.pk).exists()
        assert found == (each == by_python), each
    return by_python


def test_learns_the_interval_from_nine_of_ten_gaps(candidate, clock):
    for gap in [20, 30, 30, 30, 30, 30, 30, 30, 30, 30, 300]:
        clock.wait(gap)
        log(candidate)

    fresh = Candidate.objects.get(pk=candidate.pk)
    assert fresh.interval_ms == 30 * SECOND
    assert fresh.written_ms == clock.ms


def test_notices_no_interval_below_ten_seconds(candidate, clock):
    for _ in range(40):
        clock.wait(6)
        log(candidate)

    assert Candidate.objects.get(pk=candidate.pk).interval_ms == 10 * SECOND
    assert len(Candidate.objects.get(pk=candidate.pk).gaps.split()) == 32


def test_a_script_that_logs_often_costs_no_statement_more(candidate, clock):
    log(candidate)

    def statements(step):
        with CaptureQueriesContext(connection) as done:
            recording.log_batch(
                candidate, metrics=[recording.Point("loss", 1.0, 1, step)]
            )
        return len(done)

    usual = statements(10)
    clock.wait(1)
    assert statements(11) == usual
    clock.wait(60)
    assert statements(12) == usual + 1
    assert statements(13) == usual


@pytest.mark.parametrize(
    "seconds, expected",
    [
        (0, State.LIVE),
        (30, State.LIVE),
        (31, State.QUIET),
        (600, State.QUIET),
        (601, State.LOST),
    ],
)
def test_says_how_long_nothing_arrived(candidate, clock, seconds, expected):
    clock.wait(6)
    log(candidate)
    clock.wait(seconds)

    assert now(candidate) == expected


def test_is_more_patient_with_who_logs_rarely(candidate, clock):
    for _ in range(5):
        clock.wait(300)
        log(candidate)

    clock.wait(3 * 300)
    assert now(candidate) == State.LIVE
    clock.wait(1)
    assert now(candidate) == State.QUIET
    clock.wait(7 * 300)
    assert now(candidate) == State.LOST


def test_has_stalled_where_only_system_metrics_arrive(candidate, clock):
    log(candidate, "loss", "system/cpu")
    for _ in range(10):
        clock.wait(10)
        log(candidate, "system/cpu")
    assert now(candidate) == State.LIVE

    clock.wait(10)
    log(candidate, "system/cpu")
    assert now(candidate) == State.STALLED

    log(candidate, "loss")
    assert now(candidate) == State.LIVE


def test_each_experiment_says_how_patient_it_is(candidate, clock):
    experiment = candidate.experiment
    experiment.quiet_factor, experiment.lost_factor = 1, 5
    experiment.lost_minutes = 0
    experiment.save()
    clock.wait(11)
    assert now(candidate) == State.QUIET
    clock.wait(40)
    assert now(candidate) == State.LOST


@pytest.mark.parametrize("status", [s for s in Status if s != Status.RUNNING])
def test_believes_a_script_that_says_it_ended(candidate, clock, status):
    lifecycle.update_candidate(candidate, status=status)
    clock.wait(10_000_000)

    assert now(candidate).value in (status.value.lower(), "stopped")


def test_a_person_is_no_sign_of_life(candidate, clock):
    clock.wait(100)
    recording.log_batch(candidate, tags={"note": "why?"}, by_script=False)

    assert Candidate.objects.get(pk=candidate.pk).written_ms == START


def test_running_is_every_state_in_which_a_script_has_not_ended(candidate, clock):
    ended = make.candidate(candidate.experiment)
    lifecycle.update_candidate(ended, status=Status.FINISHED)
    clock.wait(100)

    def found(text):
        return list(table.matching(candidate.experiment, text))

    assert found("state = running") == [candidate]
    assert found("state in (quiet, lost)") == [candidate]
    assert found("state != running") == [ended]
    assert found("state = done") == [ended]


class TestClosing:
    @pytest.fixture
    def silent(self, candidate, clock):
        """Of an experiment that waits two hours."""
        candidate.experiment.close_hours = 2
        candidate.experiment.save()
        log(candidate)
        clock.wait(2 * 3600 + 1)
        return candidate

    def fresh(self, candidate):
        return Candidate.objects.get(pk=candidate.pk)

    def test_ends_what_was_silent_for_too_long(self, silent):
        tasks.close_silent()

        closed = self.fresh(silent)
        assert (closed.status, closed.ended_ms) == (Status.FAILED, START)
        reason = Tag.objects.get(candidate=silent, key="tracker.closed")
        assert reason.value == "Nothing arrived for 2 hours."
        assert closed.written_ms == START

    def test_leaves_all_others_alone(self, candidate, clock):
        clock.wait(10_000_000)
        tasks.close_silent()
        assert self.fresh(candidate).status == Status.RUNNING

    def test_data_bring_it_back(self, silent):
        tasks.close_silent()
        log(silent)

        back = self.fresh(silent)
        assert (back.status, back.ended_ms, back.closed_ms) == (
            Status.RUNNING,
            None,
            None,
        )
        assert not Tag.objects.filter(candidate=silent, key="tracker.closed").exists()

    def test_what_its_script_ends_stays_ended(self, silent):
        tasks.close_silent()
        lifecycle.update_candidate(silent, status=Status.FINISHED, ended_ms=START)
        log(silent)

        assert self.fresh(silent).status == Status.FINISHED
