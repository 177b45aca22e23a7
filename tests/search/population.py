"""Random candidates, kept twice: in the database, and as plain values to judge by."""

import math
import uuid
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tracker.models import Candidate, Experiment, Metric, Param, Tag
from tracker.numbers import as_number

# Few of everything, so that questions meet answers.
KEYS = ["k", "a/b c"]
TEXTS = ["", "a", "A", "aab", "b_", "Zz", "é", "10", "9", "1e1", "it's", 'q"q', "%"]
NUMBERS = [-math.inf, -2.5, 0.0, 1.0, 1e308, math.inf, math.nan]
TIMES = [0, 1000, 2000, 2001]


@dataclass
class One:
    """What is known of a candidate. A metric is its latest value."""

    name: str
    status: str
    user: str
    started: int
    ended: int | None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    is_deleted: bool = False
    eid: str = ""
    iid: int = 0


people = st.builds(
    One,
    name=st.sampled_from([*TEXTS[1:], "run-7"]),
    status=st.sampled_from(["RUNNING", "FINISHED", "FAILED"]),
    user=st.sampled_from(TEXTS),
    started=st.sampled_from(TIMES),
    ended=st.none() | st.sampled_from(TIMES),
    params=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS)),
    tags=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS)),
    metrics=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(NUMBERS)),
    is_deleted=st.sampled_from([False, False, False, True]),
)
populations = st.lists(people, min_size=4, max_size=8)


def keep(experiment: Experiment, population: list[One]) -> None:
    """Write them straight to the tables, in place of whoever was there."""
    Candidate.objects.filter(experiment=experiment).delete()
    for number, one in enumerate(population, start=1):
        one.eid, one.iid = uuid.uuid4().hex, number
    made = Candidate.objects.bulk_create(
        Candidate(
            project_id=experiment.project_id,
            experiment=experiment,
            iid=experiment.pk * 1_000_000 + one.iid,
            eid=one.eid,
            name=one.name,
            status=one.status,
            user_id=one.user,
            started_ms=one.started,
            ended_ms=one.ended,
            deleted_at="2026-01-01T00:00:00Z" if one.is_deleted else None,
        )
        for one in population
    )
    pairs = list(zip(made, population, strict=True))
    Param.objects.bulk_create(
        Param(
            candidate=row,
            experiment=experiment,
            key=key,
            value=value,
            number=as_number(value),
        )
        for row, one in pairs
        for key, value in one.params.items()
    )
    Tag.objects.bulk_create(
        Tag(candidate=row, experiment=experiment, key=key, value=value)
        for row, one in pairs
        for key, value in one.tags.items()
    )
    Metric.objects.bulk_create(
        metric(row, key, value)
        for row, one in pairs
        for key, value in one.metrics.items()
    )


def metric(candidate: Candidate, key: str, value: float) -> Metric:
    """A series of one point."""
    is_nan, is_finite = math.isnan(value), math.isfinite(value)
    kept, finite = 0.0 if is_nan else value, value if is_finite else None
    return Metric(
        candidate=candidate,
        experiment_id=candidate.experiment_id,
        started_ms=candidate.started_ms,
        eid=candidate.eid,
        key=key,
        step=0,
        timestamp=0,
        value=kept,
        is_nan=is_nan,
        count=1,
        finite=int(is_finite),
        mean=finite,
        min_value=finite,
        max_value=finite,
        first_step=0,
        first_timestamp=0,
        first_value=kept,
        first_is_nan=is_nan,
        logged_ms=0,
    )


def newest(one: One):
    return -one.started, one.eid


def ordered(population: list[One], terms, tie=newest) -> list[One]:
    """By each term in turn: a function that gives a value or None, and whether it falls.

    Numbers, then NaN, then missing, in both directions; by `tie` among equals.
    """
    rows = sorted(population, key=tie)
    for value, falls in reversed(terms):
        there = [one for one in rows if value(one) is not None]
        numbers = [one for one in there if value(one) == value(one)]
        nans = [one for one in there if value(one) != value(one)]
        missing = [one for one in rows if value(one) is None]
        # With `reverse` equals keep their places, too.
        numbers.sort(key=lambda one, value=value: comparable(value(one)), reverse=falls)
        rows = [*numbers, *nans, *missing]
    return rows


def comparable(value):
    return value.encode() if isinstance(value, str) else value
