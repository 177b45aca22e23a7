"""Requests that come together share one commit, and none loses anything by it."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from tests import make
from tests.together import together
from tracker import adding, audit, gathering, lifecycle, recording, rows
from tracker.database.sqlite3 import writer
from tracker.database.sqlite3.base import in_lane
from tracker.errors import Invalid, NotFound
from tracker.models import Candidate, Param, Point, Tag
from tracker.points import Named
from tracker.recording import Point as P

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's way"),
]

WRITERS = 8


@pytest.fixture
def run(experiment):
    candidate = make.candidate(experiment)
    for step in range(
        2
    ):  # the second notes that it trains; from then on nothing is due
        recording.log_batch(candidate, metrics=points(step))
    return candidate


@pytest.fixture
def transactions(monkeypatch):
    """How many requests each group had."""
    sizes = []
    write = gathering.group.write_all

    def counted(take, taken):
        write(take, taken)
        sizes.append(len(taken))

    monkeypatch.setattr(gathering.group, "write_all", counted)
    return sizes


def points(step):
    return [P(f"m{key}", float(step), step, step) for key in range(WRITERS)]


def gathered(write):
    """Let them all come while somebody else writes, and only then have their turn."""
    waiting = gathering.group.waiting

    def run(index):
        if index < WRITERS:
            return write(index)
        with in_lane(connection):
            until = time.monotonic() + 20
            while len(waiting) < WRITERS and time.monotonic() < until:
                time.sleep(0.002)
        return None

    return together(WRITERS + 1, run)[:WRITERS]


def test_writes_together_what_waits_together(run, transactions):
    named = Named(run.project_id, run.eid)

    gathered(lambda index: recording.log_batch(named, metrics=[points(5)[index]]))

    assert sum(transactions) == WRITERS
    assert len(transactions) <= 2  # who came first may have gone first
    assert Point.objects.count() == 3 * WRITERS
    assert {row.count for row in run.metrics.all()} == {3}
    assert {row.value for row in run.metrics.all()} == {5.0}


def test_refuses_one_without_the_others(run, transactions):
    def write(index):
        eid = "0" * 32 if index == 3 else run.eid
        try:
            recording.log_batch(Named(run.project_id, eid), metrics=[points(5)[index]])
        except NotFound:
            return "refused"

    assert gathered(write) == [None] * 3 + ["refused"] + [None] * 4
    assert Point.objects.count() == 3 * WRITERS - 1


def test_lets_each_try_alone_when_a_group_fails(run, transactions, monkeypatch):
    def fails(*_):
        with rows.cursor() as cursor:
            cursor.execute("UPDATE tracker_metric SET count = count + 1")
            cursor.execute("INSERT INTO tracker_point SELECT * FROM nowhere")

    monkeypatch.setattr(adding, "added", fails)
    named = Named(run.project_id, run.eid)

    gathered(lambda index: recording.log_batch(named, metrics=[points(5)[index]]))

    assert Point.objects.count() == 3 * WRITERS
    assert not gathering.group.has_leader


def test_says_so_when_the_database_stays_busy(run, monkeypatch):
    def busy(*_):
        raise OperationalError("database is locked")

    monkeypatch.setattr(gathering.group, "write_all", busy)

    def write(index):
        with pytest.raises(OperationalError, match="locked"):
            adding.add(
                Named(run.project_id, run.eid),
                {"m0": recording.summary.kept(5, 5, 5.0)},
            )

    together(WRITERS, write)
    assert not gathering.group.has_leader
    assert not gathering.group.waiting


def test_leaves_to_the_long_way_what_is_not_the_next_point(run):
    named = Named(run.project_id, run.eid)
    row = recording.summary.kept

    assert not adding.add(named, {"m0": row(1, 1, 1.0)})  # there already
    assert not adding.add(named, {"m0": row(0, 0, 7.0)})  # before the last
    assert not adding.add(named, {"m0": row(9, 9, 1.0), "new": row(9, 9, 1.0)})
    assert adding.add(named, {"m0": row(9, 9, 1.0)})


def test_gathers_whole_lives(experiment, transactions):
    """Each in the context of whoever asked, and no number given twice."""

    def live(index):
        with audit.asking(audit.Origin(address=f"10.0.0.{index}")):
            made = lifecycle.create_candidate(experiment, name=f"run {index}")
        named = Named(made.project_id, made.eid)
        recording.log_batch(
            named,
            metrics=points(1),
            params={"lr": str(index)},
            tags={"team": f"{index}"},
        )
        return lifecycle.update_candidate(named, status="FINISHED", ended_ms=index)

    made = gathered(live)

    assert max(transactions) > 1
    assert sorted(one.iid for one in made) == [*range(1, WRITERS + 1)]
    for index, one in enumerate(made):
        kept = Candidate.objects.get(pk=one.pk)
        assert (kept.name, kept.status, kept.ended_ms) == (
            f"run {index}",
            "FINISHED",
            index,
        )
        assert Param.objects.get(candidate=kept).value == str(index)
        assert Tag.objects.get(candidate=kept, key="team").value == str(index)
        assert Point.objects.filter(metric__candidate=kept).count() == WRITERS


def test_undoes_what_fails_half_way_and_only_that(experiment, run, transactions):
    recording.log_batch(run, params={"lr": "0.1"})
    named = Named(run.project_id, run.eid)

    def write(index):
        """Every second changes something before it finds that it may not."""
        value = "0.1" if index % 2 else "0.2"
        params = {"a": "same", "lr": value, f"p{index}": value}
        try:
            recording.log_batch(named, params=params)
        except Invalid as refused:
            return "Changing param values" in str(refused)

    assert gathered(write) == [True, None] * 4
    assert set(run.params.values_list("key", flat=True)) == {
        *("a", "lr", "p1", "p3", "p5", "p7")
    }
    assert max(transactions) > 1


def test_runs_each_as_whoever_asks(run):
    seen = {}

    def verb(index):
        seen[index] = audit.origin().address

    verb = gathering.together(verb)

    def ask(index):
        with audit.asking(audit.Origin(address=f"10.0.0.{index}")):
            verb(index)

    gathered(ask)

    assert seen == {index: f"10.0.0.{index}" for index in range(WRITERS)}


def test_tells_nobody_of_a_failure_that_is_another_s(run, transactions):
    """Who fails before changing anything costs the others no second try."""

    def refuse(index):
        if index == 3:
            raise Invalid("no")
        run.params.create(experiment_id=run.experiment_id, key=f"p{index}", value="")

    refuse = gathering.together(refuse)

    def ask(index):
        try:
            refuse(index)
        except Invalid as refused:
            return str(refused)

    assert gathered(ask) == [None] * 3 + ["no"] + [None] * 4
    assert sum(transactions) == WRITERS  # nobody came twice
    assert run.params.count() == WRITERS - 1


def test_counts_as_written_once_it_is_committed(run):
    """Whoever wants to hear of it afterwards cannot have it written a second time."""
    times = []

    def verb():
        times.append(1)
        transaction.on_commit(lambda: 1 / 0)
        recording.lock(run)

    gathering.together(verb)()

    assert times == [1]


def test_writes_by_one_connection_and_gives_each_thread_its_own_back(run):
    by = set()
    verb = gathering.together(lambda: by.add(id(connection.connection)))

    def ask(_):
        recording.lock(run)
        own = connection.connection
        verb()
        return connection.connection is own and id(own) not in by

    assert gathered(ask) == [True] * WRITERS
    assert len(by) == 1


def test_opens_its_connection_anew_when_it_cannot_begin(run, monkeypatch):
    # Django never closes a connection to a database in memory.
    monkeypatch.setattr(writer.opened(), "is_in_memory_db", lambda: False)
    writer.opened().connection.close()
    written = []

    with pytest.raises(DatabaseError):
        gathering.together(lambda: written.append("lost"))()
    gathering.together(lambda: written.append("kept"))()

    assert written == ["kept"]


def test_writes_by_its_connection_in_a_thread_with_an_event_loop(run, monkeypatch):
    """As the tests with a browser are: there Django keeps connections per context."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

    async def used():
        return gathering.together(lambda: connection.connection)()

    # A thread of its own: this one may have a loop already.
    with ThreadPoolExecutor(1) as thread:
        lent = thread.submit(asyncio.run, used()).result()

    assert lent is writer.opened().connection
