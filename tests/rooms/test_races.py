"""Writers that come at the same moment, through the door and on real connections."""

import contextlib
import json
import math
import random
import threading
import time
from collections import Counter

import pytest
from django.db import DatabaseError, connection, connections, transaction

from tests import make
from tests.api.words import EXISTS, INVALID, dataset, kv, metric, refused
from tests.conftest import Api
from tests.rooms import tiled
from tests.together import together
from tracker import lifecycle, new_versions, purging, recording, tiling
from tracker.models import Candidate, Dataset, Experiment, Key, Metric, Point, Tile
from tracker.recording import Point as P
from tracker.transactions import atomically

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 16


@pytest.fixture
def run(experiment):
    return make.candidate(experiment)


def post(route, **body):
    """As the client does, which asks again where the database was busy."""
    for _ in range(5):
        status, answer = Api().post(route, **body)
        if status != 503:
            break
    return status, answer


def test_loses_nothing_of_many_writers_of_one_run(run):
    def points(index):
        """Forty of a hundred points: each is sent by several writers, in its own order."""
        mine = [(f"m{i % 5}", float(i), i, i) for i in range(index, index + 40)]
        random.Random(index).shuffle(mine)
        return mine

    def write(index):
        batch = [metric(key, value, t, step=s) for key, value, t, s in points(index)]
        shared, own = [f"shared{i}" for i in range(5)], f"own{index}"
        answers = [
            post(
                "runs/log-batch",
                run_id=run.eid,
                metrics=batch[part : part + 10],
                params=kv(**{own: "1"}, **dict.fromkeys(shared, "same")),
                tags=kv(**{own: "1"}, **dict.fromkeys(shared[::-1], str(index))),
            )
            for part in range(0, 40, 10)
        ]
        return {status for status, _ in answers}

    assert together(WRITERS, write) == [{200}] * WRITERS

    expected = {point for index in range(WRITERS) for point in points(index)}
    for row in run.metrics.all():
        values = sorted(value for key, value, _, _ in expected if key == row.key)
        assert row.points.count() == row.count == len(values)
        assert (row.min_value, row.max_value) == (values[0], values[-1])
        assert (row.first_value, row.value) == (values[0], values[-1])
        assert math.isclose(row.mean, math.fsum(values) / len(values))
    assert Point.objects.count() == len(expected)
    assert run.params.count() == WRITERS + 5
    assert Key.objects.filter(experiment=run.experiment, kind="p").count() == 21


def test_keeps_one_of_two_values_for_a_param(run):
    def write(index):
        value = str(index % 2)
        return value, post("runs/log-parameter", run_id=run.eid, key="lr", value=value)

    answers = together(WRITERS, write)

    kept = run.params.get().value
    for value, answer in answers:
        if value == kept:
            assert answer == (200, {})
        else:
            assert refused(answer) == INVALID


def test_makes_one_experiment_of_a_name(db):
    lifecycle.default_project()

    answers = together(WRITERS, lambda _: post("experiments/create", name="a"))

    made = [answer for answer in answers if answer[0] == 200]
    assert len(made) == 1
    assert {refused(answer) for answer in answers if answer not in made} == {EXISTS}
    assert Experiment.objects.filter(name="a").count() == 1


def test_numbers_many_runs_without_a_gap(experiment):
    def create(_):
        _, body = post("runs/create", experiment_id=str(experiment.iid), tags=kv(k="1"))
        return body["run"]["info"]["run_id"]

    eids = together(WRITERS, create)

    made = Candidate.objects.filter(eid__in=eids).values_list("iid", flat=True)
    assert sorted(made) == list(range(1, WRITERS + 1))


def test_shares_one_dataset_between_runs_that_name_it_at_once(experiment):
    runs = make.candidates(experiment, WRITERS)
    names = [f"d{i}" for i in range(5)]

    def write(index):
        mine = random.Random(index).sample(names, 5)
        datasets = [dataset(name) for name in mine]
        return post("runs/log-inputs", run_id=runs[index].eid, datasets=datasets)[0]

    assert set(together(WRITERS, write)) == {200}
    assert Dataset.objects.count() == 5
    assert all(run.dataset_uses.count() == 5 for run in runs)


def test_keeps_the_first_point_of_a_model_that_many_send(run):
    model = make.logged_model(run.experiment)

    def write(index):
        point = metric(value=float(index), model_id=model.eid)
        return post("runs/log-metric", run_id=run.eid, **point)[0]

    assert set(together(WRITERS, write)) == {200}
    assert model.metrics.count() == 1
    assert run.metrics.get().count == WRITERS


def test_makes_the_default_project_once(db):
    answers = together(8, lambda _: post("runs/create"))

    assert Counter(status for status, _ in answers) == {200: 8}


def holding(run, release):
    """Hold a run's lock on another connection until told to let go."""
    held = threading.Event()

    def hold():
        try:
            with transaction.atomic():
                recording.lock(run)
                held.set()
                release.wait(30)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    return holder


def test_waits_for_whoever_writes(run):
    release = threading.Event()
    holder = holding(run, release)
    threading.Timer(0.3, release.set).start()

    assert post("runs/log-metric", run_id=run.eid, **metric())[0] == 200
    holder.join()


def test_asks_to_come_again_when_waiting_takes_too_long(run, api, monkeypatch):
    release = threading.Event()
    holder = holding(run, release)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET lock_timeout = '100ms'")
        else:
            options = connection.settings_dict["OPTIONS"]
            monkeypatch.setitem(options, "timeout", 0.1)

    url = "/api/2.0/mlflow/runs/log-metric"
    body = {"run_id": run.eid} | metric()
    try:
        response = api.client.post(url, body, "application/json")
        assert response.status_code == 503
        assert response.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
        assert int(response["Retry-After"]) >= 1
    finally:
        release.set()
        holder.join()
        connection.close()
    assert post("runs/log-metric", **body) == (200, {})


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_asks_to_come_again_when_the_server_hangs_up(run, api):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (mine,) = cursor.fetchone()

    def hang_up(_):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [mine])

    together(1, hang_up)

    assert refused(post("runs/create")) == (503, "TEMPORARILY_UNAVAILABLE")
    connection.close()
    assert post("runs/create")[0] == 200


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_tries_again_after_a_deadlock(experiment):
    runs = make.candidates(experiment, 2)
    crossed = threading.Barrier(2)
    attempts = Counter()

    @atomically
    def write(index):
        """Locks both runs, each writer from its own end: one of them must give way."""
        attempts[index] += 1
        for run in (runs[index], runs[1 - index]):
            recording.log_metrics(recording.lock(run), [P("m", float(index), 1, index)])
            if attempts[index] == 1 and run is runs[index]:
                crossed.wait(30)

    together(2, write)

    assert max(attempts.values()) > 1
    assert all(run.metrics.get().count == 2 for run in runs)


def test_gives_up_on_what_another_attempt_cannot_mend(db):
    attempts = []

    @atomically
    def fail():
        attempts.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")

    with pytest.raises(DatabaseError):
        fail()

    assert len(attempts) == 1


def test_gives_no_version_number_twice(experiment):
    model = make.registered_model(experiment.project)
    source = make.logged_model(experiment)

    def add(index):
        status, body = post(
            "model-versions/create",
            name=model.name,
            source=f"models:/{source.eid}",
            model_id=source.eid,
        )
        assert status == 200, body
        return int(body["model_version"]["version"])

    assert sorted(together(WRITERS, add)) == list(range(1, WRITERS + 1))
    # Each was added to the list that the logged model keeps.
    told = json.loads(source.tags.get(key=new_versions.VERSIONS_OF_MODEL).value)
    assert sorted(one["version"] for one in told) == list(range(1, WRITERS + 1))


def test_leaves_no_alias_of_a_deleted_version(experiment):
    model = make.registered_model(experiment.project)
    make.version(model)
    one = {"name": model.name, "version": "1"}

    def change(index):
        if index % 2:
            api = Api()
            return api.delete("model-versions/delete", **one)[0]
        return post("registered-models/alias", **one, alias=f"a{index}")[0]

    statuses = together(WRITERS, change)

    assert set(statuses) <= {200, 404}
    assert not model.aliases.exists() and not model.versions.exists()


def test_archives_all_but_one_when_many_are_promoted(experiment):
    model = make.registered_model(experiment.project)
    for _ in range(WRITERS):
        make.version(model)

    def promote(index):
        return post(
            "model-versions/transition-stage",
            name=model.name,
            version=str(index + 1),
            stage="Production",
            archive_existing_versions=True,
        )[0]

    assert together(WRITERS, promote) == [200] * WRITERS
    assert model.versions.filter(stage="Production").count() == 1


def test_registers_a_name_once(db):
    answers = together(
        WRITERS, lambda _: post("registered-models/create", name="churn")
    )

    assert Counter(
        "made" if status == 200 else refused((status, body)) for status, body in answers
    ) == {"made": 1, EXISTS: WRITERS - 1}


def test_purges_no_series_while_its_tiles_are_written(experiment, monkeypatch):
    """Tiles of a series that is gone would stay for good: nothing leads to them."""
    tiled.make_small(monkeypatch)
    run = make.candidate(experiment)
    tiled.log(run, [(n, n, 0.5) for n in range(40)])
    Candidate.objects.filter(pk=run.pk).update(deleted_at=run.created_at)
    writing, purging_waits = threading.Event(), threading.Event()
    write = tiling.write

    def slowly(*args):
        writing.set()
        assert purging_waits.wait(20)
        write(*args)

    monkeypatch.setattr(tiling, "write", slowly)

    def act(index):
        if index == 0:
            return tiled.build(run)
        if index == 1:
            assert writing.wait(20)
            return purging.purge_candidates([run.pk])
        assert writing.wait(20)
        wait_until_blocked()
        purging_waits.set()

    with contextlib.suppress(Metric.DoesNotExist):  # the builder's last look
        together(3, act)

    assert not Candidate.objects.exists() and not Metric.objects.exists()
    while purging.delete_points():
        pass
    assert not Tile.objects.exists() and not Point.objects.exists()


def wait_until_blocked():
    """Until somebody waits for somebody else; SQLite does not tell."""
    for _ in range(100):
        time.sleep(0.02)
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            if cursor.fetchone():
                return
    raise AssertionError("nobody waits")
