"""What surrounds the compared candidates: a bounded sample of their experiments.

Charts of a whole sweep read at most the newest 2,000 candidates, and of those only the
keys that are drawn.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models import Q

from dashboard.candidate.results import AGGREGATES, value_of
from dashboard.charts.scatter import Field
from dashboard.directions import direction
from tracker.models import Candidate, Key, Kind, Metric, Param
from tracker.seeds import is_seed

MAX_CANDIDATES = 2000
MAX_OFFERED = 60  # keys of a kind that a reader can choose from
MAX_AXES = 12
USUAL_PARAMS = 6
# Beyond so many different texts a parameter is a name, not a choice.
MAX_TEXTS = 40
LOG_RATIO = 8

Value = float | str | None


class Address(NamedTuple):
    """What an axis shows, as it stands in the URL: `p:lr`, `m:val/acc`."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"

    @property
    def label(self) -> str:
        if self.kind == Kind.PARAM:
            return self.key
        return f"{self.key} {AGGREGATES[direction(self.key)]}"


def read_address(text: str) -> Address | None:
    kind, colon, key = text.partition(":")
    known = kind in (Kind.PARAM, Kind.METRIC)
    if not (colon and key and known) or "\0" in key:
        return None
    return Address(kind, key)


class Sample(NamedTuple):
    """Candidates, and what is known of them by address."""

    candidates: list[Candidate]
    values: Mapping[Address, Sequence[Value]]
    is_cut: bool

    def field(self, address: Address) -> Field:
        values = self.values[address]
        return Field(
            address.label,
            values,
            is_log=spans_magnitudes(values),
            is_choice=address.kind == Kind.PARAM,
        )


def spans_magnitudes(values: Iterable[Value]) -> bool:
    """Whether numbers are better told apart by their logarithm."""
    numbers = [v for v in values if isinstance(v, float) and math.isfinite(v)]
    return (
        bool(numbers) and min(numbers) > 0 and max(numbers) / min(numbers) >= LOG_RATIO
    )


def offered(experiments: Collection[int]) -> tuple[list[str], list[str]]:
    """The params and the metrics to choose from, those that vary. One query."""
    rows = (
        Key.objects.filter(
            Q(kind=Kind.METRIC) | Q(counted_at=None) | Q(distinct__gt=1),
            experiment__in=experiments,
            kind__in=[Kind.PARAM, Kind.METRIC],
            is_unused=False,
        )
        .order_by("-candidates", "key")
        .values_list("kind", "key")
    )
    params: dict[str, None] = {}
    metrics: dict[str, None] = {}
    for kind, key in rows[:1000]:
        (params if kind == Kind.PARAM else metrics)[key] = None
    return list(params)[:MAX_OFFERED], list(metrics)[:MAX_OFFERED]


def sample(
    experiments: Collection[int],
    compared: Sequence[Candidate],
    addresses: Collection[Address],
) -> Sample:
    """The newest candidates with the compared ones among them. Three queries."""
    newest = list(
        Candidate.objects.alive()
        .filter(experiment__in=experiments)
        .only("iid", "name", "started_ms")
        .order_by("-started_ms", "eid")[:MAX_CANDIDATES]
    )
    known = {candidate.pk for candidate in newest}
    candidates = [*newest, *(c for c in compared if c.pk not in known)]
    return sampled(candidates, addresses, is_cut=len(newest) == MAX_CANDIDATES)


def sampled(
    candidates: Sequence[Candidate], addresses: Collection[Address], *, is_cut: bool
) -> Sample:
    """Two queries."""
    ids = [candidate.pk for candidate in candidates]
    found = read_params(ids, [a.key for a in addresses if a.kind == Kind.PARAM])
    found |= read_metrics(ids, [a.key for a in addresses if a.kind == Kind.METRIC])
    return Sample(
        list(candidates),
        {
            address: [found.get(address, {}).get(pk) for pk in ids]
            for address in addresses
        },
        is_cut,
    )


def read_params(
    ids: Sequence[int], keys: Sequence[str]
) -> dict[Address, dict[int, Value]]:
    """As numbers where every value is one."""
    if not keys:
        return {}
    texts: dict[Address, dict[int, Value]] = {}
    numbers: dict[Address, dict[int, Value]] = {}
    rows = Param.objects.filter(candidate__in=ids, key__in=keys)
    for candidate, key, value, number in rows.values_list(
        "candidate_id", "key", "value", "number"
    ):
        address = Address(Kind.PARAM, key)
        texts.setdefault(address, {})[candidate] = value[:200]
        if number is not None:
            numbers.setdefault(address, {})[candidate] = number
    return {
        address: numbers[address]
        if len(numbers.get(address, {})) == len(values)
        else values
        for address, values in texts.items()
    }


def read_metrics(
    ids: Sequence[int], keys: Sequence[str]
) -> dict[Address, dict[int, Value]]:
    if not keys:
        return {}
    found: dict[Address, dict[int, Value]] = {}
    rows = Metric.objects.filter(candidate__in=ids, key__in=keys).only(
        "candidate_id", "key", "value", "is_nan", "step", "min_value", "max_value",
        "min_step", "max_step",
    )  # fmt: skip
    for metric in rows:
        number = value_of(metric, direction(metric.key)).number
        if number is not None and math.isfinite(number):
            address = Address(Kind.METRIC, metric.key)
            found.setdefault(address, {})[metric.candidate_id] = number
    return found


def telling(known: Sample, addresses: Sequence[Address]) -> list[Address]:
    """Of some params those worth an axis: they vary, and are a choice rather than a name."""
    chosen = []
    for address in addresses:
        values = [value for value in known.values[address] if value is not None]
        different = len(set(values))
        is_name = different > MAX_TEXTS and not isinstance(values[0], float)
        if different > 1 and not is_name and not is_seed(address.key):
            chosen.append(address)
    return chosen[:USUAL_PARAMS]
