"""The rows of `seed_load`: each a function of its number, the same on every machine."""

import math
import random
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from tracker import points, rows, seeds, summary, tiling
from tracker.management import indexes
from tracker.models import (
    Candidate,
    Counter,
    Experiment,
    Key,
    Kind,
    Metric,
    Param,
    Tag,
)
from tracker.models.candidates import new_eid
from tracker.summary import Row

FACTS_AT_ONCE = 20_000  # metrics and params in one transaction
INDEXED_BELOW = 1_000  # so many more candidates arrive as anybody's would
FILLED = (Candidate, Param, Tag, Metric)
TEAMS = "red green blue teal pink gold gray".split()
FIRST_MS = 1_700_000_000_000
CURVE = "curve"

CANDIDATE = (
    "project_id experiment_id iid eid name user_id status started_ms ended_ms"
    " artifact_uri parent_eid config created_at written_ms"
).split()
Progress = Iterator[tuple[int, int]]  # done, of how many


@dataclass(frozen=True)
class Size:
    """What each candidate holds."""

    metrics: int = 10
    params: int = 10
    keys: int = 0  # of metrics in the whole experiment; otherwise all have the same
    repeats: int = 1  # candidates of the same params but for `seed`

    @property
    def chunk(self) -> int:
        return max(1, FACTS_AT_ONCE // (self.metrics + self.params))

    def metric_keys(self, number: int) -> list[str]:
        """Each candidate takes up where the one before it ended."""
        many = max(self.keys, self.metrics)
        return [f"m{(number * self.metrics + n) % many}" for n in range(self.metrics)]


SIZE = Size()


@dataclass
class Load:
    experiment: Experiment
    size: Size = SIZE

    # ------------------------------------------------------------ many candidates

    def candidates(self, wanted: int) -> Progress:
        """Make the experiment hold that many, a chunk at a time."""
        self.name_keys()
        done = self.experiment.candidates.count()
        yield done, wanted
        with self.quickly(wanted - done):
            while done < wanted:
                size = min(self.size.chunk, wanted - done)
                with transaction.atomic():
                    self.chunk(range(done, done + size))
                done += size
                yield done, wanted

    def quickly(self, more: int) -> AbstractContextManager[None]:
        """Where most of the rows are still to come, index them when all are there."""
        indexes.complete(FILLED)
        if more < max(INDEXED_BELOW, Candidate.objects.count()):
            return nullcontext()
        return indexes.set_aside(FILLED)

    def name_keys(self) -> None:
        one = told(0, self.size)
        many = max(self.size.keys, self.size.metrics)
        kinds: dict[Kind, Iterable[str]] = {
            Kind.METRIC: [f"m{place}" for place in range(many)],
            Kind.PARAM: one.params,
            Kind.TAG: one.tags,
        }
        Key.objects.bulk_create(
            [
                Key(experiment=self.experiment, kind=kind, key=key)
                for kind, keys in kinds.items()
                for key in keys
            ],
            ignore_conflicts=True,
        )

    def chunk(self, numbers: range) -> None:
        made = {number: told(number, self.size) for number in numbers}
        ids = self.insert_candidates(made)
        experiment = self.experiment.pk
        append(
            "tracker_param",
            ["candidate_id", "experiment_id", "key", "value", "number"],
            [
                (ids[number], experiment, key, value, float(value))
                for number, one in made.items()
                for key, value in one.params.items()
            ],
        )
        append(
            "tracker_tag",
            ["candidate_id", "experiment_id", "key", "value"],
            [
                (ids[number], experiment, key, value)
                for number, one in made.items()
                for key, value in one.tags.items()
            ],
        )
        self.insert_metrics(ids, made)

    def insert_candidates(self, told: dict[int, "Told"]) -> dict[int, int]:
        """Returns their primary keys."""
        numbers = list(told)
        experiment = self.experiment
        project = experiment.project_id
        last = reserved(project, len(numbers))
        made = []
        for place, number in enumerate(numbers):
            eid, started = new_eid(), FIRST_MS + number * 1000
            made.append(
                (
                    project,
                    experiment.pk,
                    last - len(numbers) + place + 1,
                    eid,
                    f"run-{number}",
                    "load",
                    "FINISHED",
                    started,
                    started + 900,
                    f"mlflow-artifacts:/{experiment.iid}/{eid}/artifacts",
                    "",
                    seeds.config(told[number].params),
                    "2024-01-01 00:00:00+00:00",
                    started + 900,
                )
            )
        append("tracker_candidate", CANDIDATE, made)
        stored = Candidate.objects.filter(eid__in=[one[3] for one in made])
        by_iid = dict(stored.values_list("iid", "pk"))
        return {
            number: by_iid[last - len(numbers) + place + 1]
            for place, number in enumerate(numbers)
        }

    def insert_metrics(self, ids: dict[int, int], made: dict[int, "Told"]) -> None:
        """The series and the one point of each."""
        owners = dict(
            Candidate.objects.filter(pk__in=ids.values()).values_list("pk", "eid")
        )
        first = following("tracker_metric", len(made) * self.size.metrics)
        series: list[rows.Values] = []
        stored: list[rows.Values] = []
        for number, one in made.items():
            started = FIRST_MS + number * 1000
            owner = (ids[number], self.experiment.pk, started, owners[ids[number]])
            for key, value in one.metrics.items():
                pk, point = first + len(series), Row(0, started, value, False)
                series.append((pk, *owner, key, *summary.of({point}, started)))
                stored.append((pk, *point))
        append("tracker_metric", ["id", *points.SERIES], series)
        append("tracker_point", points.POINT, stored)

    # ------------------------------------------------------------ long series

    def curves(self, number: int, length: int) -> Progress:
        """Give the newest candidates a series of many points each, one after the other."""
        newest = self.experiment.candidates.alive().order_by("-started_ms", "eid")
        wanted = number * length
        yield 0, wanted
        for place, candidate in enumerate(newest[:number]):
            if not candidate.metrics.filter(key=CURVE).exists():
                with transaction.atomic():
                    series = self.insert_curve(candidate, length)
                tiling.build(series)
            yield (place + 1) * length, wanted

    def insert_curve(self, candidate: Candidate, length: int) -> int:
        """Returns the id of the series."""
        Key.objects.get_or_create(
            experiment=self.experiment, kind=Kind.METRIC, key=CURVE
        )
        series = following("tracker_metric", 1)
        curve = [on_curve(candidate.pk, step) for step in range(length)]
        row = (
            series,
            candidate.pk,
            self.experiment.pk,
            candidate.started_ms,
            candidate.eid,
            CURVE,
            *summary.of(curve, curve[-1].timestamp),
        )
        append("tracker_metric", ["id", *points.SERIES], [row])
        append("tracker_point", points.POINT, ((series, *point) for point in curve))
        return series


@dataclass
class Told:
    """What a script would have told of a candidate."""

    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]


def told(number: int, size: Size = SIZE) -> Told:
    chance = random.Random(number)  # noqa: S311  (nothing secret)
    metrics = {key: chance.random() for key in size.metric_keys(number)}
    params = {"p0": str(number % 10)}
    if size.repeats > 1:
        group, seed = divmod(number, size.repeats)
        chance = random.Random(group)  # noqa: S311
        params = {"p0": str(group % 10), "seed": str(seed)}
    for place in range(len(params), size.params):
        params[f"p{place}"] = f"{chance.random():.6f}"
    return Told(
        metrics=metrics,
        params=params,
        tags={
            "mlflow.runName": f"run-{number}",
            "mlflow.source.name": "train.py",
            "mlflow.source.type": "LOCAL",
            "mlflow.user": "load",
            "team": f"team-{TEAMS[number % len(TEAMS)]}-{number % 100}",
        },
    )


def on_curve(candidate: int, step: int) -> Row:
    """A loss that falls, with noise and a rare spike."""
    noise = (step * 2654435761 + candidate) % 1000 / 10_000
    spike = 5.0 if step % 99_991 == candidate % 99_991 else 0.0
    value = math.exp(-step / 300_000) + noise + spike
    return Row(step, FIRST_MS + step * 100, value, False)


def reserved(project: int, size: int) -> int:
    """The last of so many new iids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tracker_counter (project_id, kind, last) VALUES (%s, %s, %s)"
            " ON CONFLICT (project_id, kind) DO UPDATE"
            " SET last = tracker_counter.last + excluded.last RETURNING last",
            [project, Counter.Kind.CANDIDATE.value, size],
        )
        [last] = cursor.fetchone()
    return int(last)


def following(table: str, size: int) -> int:
    """The first of so many new primary keys."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT min(nextval(pg_get_serial_sequence(%s, 'id')))"
                " FROM generate_series(1, %s)",
                [table, size],
            )
        else:
            cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
        [first] = cursor.fetchone()
    return int(first)


def append(table: str, columns: list[str], values: Any) -> None:
    """Rows that nobody else knows, from any iterable: COPY, or a statement run for each."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        else:
            cursor.executemany(
                f"INSERT INTO {table} ({', '.join(columns)})"
                f" VALUES ({rows.places(len(columns))})",
                values,
            )
