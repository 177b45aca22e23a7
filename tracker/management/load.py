"""The rows of `seed_load`: each a function of its number, the same on every machine."""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from tracker import points, seeds, summary, tiling
from tracker.management import copying, indexes
from tracker.management.copying import append, following
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

FACTS_AT_ONCE = 60_000  # metrics and params in one transaction
INDEXED_BELOW = 1_000  # so many more candidates arrive as anybody's would
FILLED = (Candidate, Param, Tag, Metric)
TEAMS = "red green blue teal pink gold gray".split()
FIRST_MS = 1_700_000_000_000
CURVE = "curve"

CANDIDATE = (
    "id project_id experiment_id iid eid name user_id status started_ms ended_ms"
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
        with copying.hurried(), self.quickly(wanted - done):
            while done < wanted:
                size = min(self.size.chunk, wanted - done)
                with transaction.atomic():
                    self.chunk(range(done, done + size))
                done += size
                yield done, wanted

    def quickly(self, more: int) -> AbstractContextManager[None]:
        """Where many of the rows are still to come, index them when all are there."""
        indexes.complete(FILLED)
        if more < max(INDEXED_BELOW, Candidate.objects.count() // 4):
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
        made = [(told(number, self.size), number) for number in numbers]
        ids = following("tracker_candidate", len(made))
        last = reserved(self.experiment.project_id, len(made))
        several = [
            Made(pk, iid, new_eid(), FIRST_MS + number * 1000, number, one)
            for (one, number), pk, iid in zip(
                made, ids, range(last - len(made) + 1, last + 1), strict=True
            )
        ]
        experiment = self.experiment.pk
        append("tracker_candidate", CANDIDATE, map(self.candidate, several))
        append(
            "tracker_param",
            ["candidate_id", "experiment_id", "key", "value", "number"],
            (
                (one.pk, experiment, key, value, float(value))
                for one in several
                for key, value in one.told.params.items()
            ),
        )
        append(
            "tracker_tag",
            ["candidate_id", "experiment_id", "key", "value"],
            (
                (one.pk, experiment, key, value)
                for one in several
                for key, value in one.told.tags.items()
            ),
        )
        self.insert_metrics(several)

    def candidate(self, one: "Made") -> tuple[Any, ...]:
        experiment = self.experiment
        return (
            one.pk,
            experiment.project_id,
            experiment.pk,
            one.iid,
            one.eid,
            f"run-{one.number}",
            "load",
            "FINISHED",
            one.started_ms,
            one.started_ms + 900,
            f"mlflow-artifacts:/{experiment.iid}/{one.eid}/artifacts",
            "",
            seeds.config(one.told.params),
            "2024-01-01 00:00:00+00:00",
            one.started_ms + 900,
        )

    def insert_metrics(self, several: Sequence["Made"]) -> None:
        """The series and the one point of each."""
        ids = iter(following("tracker_metric", len(several) * self.size.metrics))
        series, stored = [], []
        for one in several:
            owner = (one.pk, self.experiment.pk, one.started_ms, one.eid)
            for key, value in one.told.metrics.items():
                pk, point = next(ids), Row(0, one.started_ms, value, False)
                series.append((pk, *owner, key, *summary.of_one(point, one.started_ms)))
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
                with copying.hurried(), transaction.atomic():
                    series = self.insert_curve(candidate, length)
                tiling.build(series)
            yield (place + 1) * length, wanted

    def insert_curve(self, candidate: Candidate, length: int) -> int:
        """Returns the id of the series."""
        Key.objects.get_or_create(
            experiment=self.experiment, kind=Kind.METRIC, key=CURVE
        )
        [series] = following("tracker_metric", 1)
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


@dataclass(frozen=True, slots=True)
class Made:
    """A candidate on its way into the tables."""

    pk: int
    iid: int
    eid: str
    started_ms: int
    number: int
    told: Told


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
