"""Which columns a table of candidates offers, shows and sorts by.

A column's address is what stands in the URL: `m:val/acc.max`, `p:lr`, `t:team`,
`a:start`. Keys are only ever taken from the experiment's catalogue.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple, Self
from urllib.parse import quote, unquote

from django.db.models import BooleanField, Count, ExpressionWrapper, Q

from dashboard.directions import Direction, Used, by_weight, direction, rule
from tracker.models import Experiment, Key, Kind, Param
from tracker.recording import PARENT
from tracker.seeds import is_seed

ATTRIBUTE = "a"
ATTRIBUTES = {
    "name": "Candidate",
    "state": "State",
    "user": "User",
    "ci": "CI job",
    "commit": "Commit",
    "files": "Files",
    "duration": "Took",
    "start": "Start",
}
NUMERIC_ATTRIBUTES = {"files", "duration", "start"}  # set to the right
UNSORTED = {"ci", "commit", "files"}
AGGREGATES = ("last", "max", "min", "mean", "first", "count")
AT = re.compile(r"at\((\d{1,15})\)\Z", re.ASCII)  # the value at one step

DEFAULT_METRICS = 4
DEFAULT_PARAMS = 5
MAX_COLUMNS = 120
MAX_SORTS = 3


class Column(NamedTuple):
    kind: str  # a Kind, or ATTRIBUTE
    key: str
    aggregate: str = ""  # of metrics only

    @property
    def address(self) -> str:
        suffix = f".{self.aggregate}" if self.aggregate else ""
        # A comma separates addresses, so one inside a key is written %2C.
        return f"{self.kind}:{quote(self.key, safe=' :/.@+=~!()&#?')}{suffix}"

    @property
    def prefix(self) -> str:
        """What the header groups by: the folder of the key, or the kind's name."""
        if self.kind == ATTRIBUTE:
            return ""
        folder, slash, _ = self.key.rpartition("/")
        if slash:
            return folder + "/"
        return {"m": "", "p": "parameters", "t": "tags"}[self.kind]

    @property
    def label(self) -> str:
        if self.kind == ATTRIBUTE:
            return ATTRIBUTES[self.key]
        return self.key.rpartition("/")[2]

    @property
    def full_label(self) -> str:
        """For people, where no header gives the prefix: "val/acc max"."""
        name = ATTRIBUTES[self.key] if self.kind == ATTRIBUTE else self.key
        return f"{name} {self.aggregate}" if self.aggregate else name

    @property
    def step(self) -> int | None:
        """Of `m:loss.at(1000)`."""
        found = AT.match(self.aggregate)
        return int(found[1]) if found else None

    @property
    def can_sort(self) -> bool:
        if self.step is not None:
            return False
        return self.kind != ATTRIBUTE or self.key not in UNSORTED

    @property
    def unit(self) -> str:
        """As the project's catalogue says; a count of points has none."""
        if self.kind != Kind.METRIC or self.aggregate == "count":
            return ""
        return str(rule(self.key).get("unit", ""))

    @property
    def direction(self) -> Direction:
        if self.kind != Kind.METRIC or self.aggregate == "count":
            return Direction.NONE
        return direction(self.key)


NAME = Column(ATTRIBUTE, "name")


def metric_column(key: str) -> Column:
    """A metric by the aggregate that somebody chose, or that its direction suggests."""
    towards = direction(key)
    usual = "last" if towards is Direction.NONE else str(towards)
    return Column(Kind.METRIC, key, str(rule(key).get("aggregate", "")) or usual)


class Sort(NamedTuple):
    column: Column
    descending: bool

    @property
    def address(self) -> str:
        return ("-" if self.descending else "") + self.column.address


# ---------------------------------------------------------------- the catalogue


class Entry(NamedTuple):
    """A key that candidates of the experiment use."""

    kind: str
    key: str
    candidates: int
    distinct: int
    is_numeric: bool
    is_counted: bool


@dataclass(slots=True)
class Catalogue:
    """The keys of an experiment, and how many of its candidates use which."""

    entries: dict[tuple[str, str], Entry]
    primary: str = ""  # the metric that somebody chose to judge by
    _metrics: list[str] | None = None  # by weight, once somebody has asked

    @classmethod
    def of(cls, experiment: Experiment, *, primary: str = "") -> Self:
        rows = (
            Key.objects.filter(experiment=experiment, is_unused=False)
            .order_by("kind", "key")
            .values_list(
                "kind",
                "key",
                "candidates",
                "distinct",
                "is_numeric",
                # Not the time itself: making thousands of them takes longer than all else.
                ExpressionWrapper(Q(counted_at__isnull=False), BooleanField()),
            )
        )
        return cls({(row[0], row[1]): Entry._make(row) for row in rows}, primary)

    def __contains__(self, address: tuple[str, str]) -> bool:
        return address in self.entries

    def of_kind(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.kind == kind]

    @property
    def offered(self) -> int:
        """How many columns there are to choose from, the name aside."""
        return len(self.entries) + len(ATTRIBUTES) - 1

    def metrics_by_weight(self) -> list[str]:
        """The one that somebody chose for the experiment stands before all others."""
        if self._metrics is None:
            keys = by_weight(
                Used(entry.key, entry.candidates) for entry in self.of_kind(Kind.METRIC)
            )
            if (Kind.METRIC, self.primary) in self.entries:
                keys = [self.primary, *(key for key in keys if key != self.primary)]
            self._metrics = keys
        return self._metrics

    @property
    def is_nested(self) -> bool:
        """Whether any candidate was logged as another one's child."""
        return (Kind.TAG, PARENT) in self.entries

    def is_numeric(self, column: Column) -> bool:
        entry = self.entries.get((column.kind, column.key))
        return entry is not None and entry.is_numeric

    def varies(self, column: Column, total: int) -> bool:
        """Whether candidates differ in it; missing from some is a difference too."""
        entry = self.entries.get((column.kind, column.key))
        if entry is None or entry.distinct == 0:  # nobody has counted
            return True
        return entry.distinct > 1 or entry.candidates < total

    def measure(self, shown: Collection[int]) -> None:
        """Count params that no task has counted yet, over the candidates that are shown.

        So the first page of a new experiment chooses its columns as well as any other.
        One query, or none.
        """
        if all(entry.is_counted for entry in self.of_kind(Kind.PARAM)):
            return
        counted = (
            Param.objects.filter(candidate__in=shown)
            .values("key")
            .annotate(
                used=Count("pk"),
                different=Count("value", distinct=True),
                texts=Count("pk", filter=Q(number=None)),
            )
            .values_list("key", "used", "different", "texts")
        )
        for key, used, different, texts in counted:
            known = self.entries.get((Kind.PARAM, key))
            if known and not known.is_counted:
                self.entries[Kind.PARAM, key] = known._replace(
                    candidates=used, distinct=different, is_numeric=texts == 0
                )


# ---------------------------------------------------------------- what the URL says


def parse(address: str, catalogue: Catalogue) -> Column | None:
    """The column that an address names, or None where there is no such key."""
    kind, colon, name = address.partition(":")
    key = unquote(name)
    if not colon:
        return None
    if kind == ATTRIBUTE:
        return Column(kind, key) if key in ATTRIBUTES else None
    if kind in (Kind.PARAM, Kind.TAG):
        return Column(kind, key) if (kind, key) in catalogue else None
    if kind != Kind.METRIC:
        return None
    stem, dot, suffix = key.rpartition(".")
    # A key may itself end in ".max"; then the longer reading loses to the explicit one.
    if dot and (kind, stem) in catalogue:
        if suffix == "best":
            return metric_column(stem)
        if suffix in AGGREGATES or AT.match(suffix):
            return Column(kind, stem, suffix)
    return metric_column(key) if (kind, key) in catalogue else None


def parse_many(
    texts: Iterable[str], catalogue: Catalogue
) -> tuple[list[Column], list[str]]:
    """The columns of `cols`, given once or repeated, and what is wrong with it."""
    columns: dict[Column, None] = {}
    unknown: list[str] = []
    for address in (part.strip() for text in texts for part in text.split(",")):
        column = parse(address, catalogue)
        if column is None:
            unknown += [address] if address else []
        elif column != NAME:  # always there
            columns[column] = None
    notes = [f"This experiment has no column {name[:100]!r}." for name in unknown[:3]]
    if len(columns) > MAX_COLUMNS:
        notes.append(f"A table shows at most {MAX_COLUMNS} columns; choose fewer.")
    return list(columns)[:MAX_COLUMNS], notes


def parse_sorts(text: str, catalogue: Catalogue) -> tuple[list[Sort], list[str]]:
    """The keys of `sort`: up to three, a minus in front for descending."""
    sorts: dict[Column, Sort] = {}
    notes = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        column = parse(part.removeprefix("-"), catalogue)
        if column is None or not column.can_sort:
            notes.append(f"Candidates cannot be sorted by {part[:100]!r}.")
        else:
            sorts.setdefault(column, Sort(column, part.startswith("-")))
    return list(sorts.values())[:MAX_SORTS], notes


# ---------------------------------------------------------------- what is shown first


def default_columns(
    catalogue: Catalogue,
    *,
    total: int,
    present: Collection[str],
    without_seeds: bool = False,
) -> list[Column]:
    """The first visit: never all, and what is worth most in front.

    `present` names the optional attributes worth a column.
    """
    metrics = default_metrics(catalogue)
    params = catalogue.of_kind(Kind.PARAM)
    if without_seeds:  # where a row stands for all of them
        params = [entry for entry in params if not is_seed(entry.key)]
    if total > 1:
        params = [entry for entry in params if entry.distinct != 1] or params
    params.sort(key=worth)
    chosen = [Column(Kind.PARAM, entry.key) for entry in params[:DEFAULT_PARAMS]]
    turns = zip_longest(metrics[1:], chosen[1:])
    optional = ("user", "ci", "files")
    return [
        Column(ATTRIBUTE, "state"),
        *metrics[:1],
        Column(ATTRIBUTE, "start"),
        *chosen[:1],
        *(column for turn in turns for column in turn if column),
        Column(ATTRIBUTE, "duration"),
        *(Column(ATTRIBUTE, key) for key in optional if key in present),
    ]


MANY_VALUES = 12


def worth(entry: Entry) -> tuple[bool, bool, int, int, str]:
    """What was swept over stands in front of what is one thing or the other; behind them
    come seeds, and what has so many values that it tells nothing apart."""
    is_many = entry.distinct > MANY_VALUES or entry.distinct >= entry.candidates
    towards_few = entry.distinct if is_many else -entry.distinct
    return is_many, is_seed(entry.key), towards_few, -entry.candidates, entry.key


def arranged(columns: Collection[Column]) -> list[Column]:
    """As a table shows them: the state, metrics, params, and the other attributes."""
    state = Column(ATTRIBUTE, "state")
    kinds = [
        [c for c in columns if c.kind == kind] for kind in (Kind.METRIC, Kind.PARAM)
    ]
    rest = [Column(ATTRIBUTE, key) for key in ATTRIBUTES if key != "state"]
    tags = [column for column in columns if column.kind == Kind.TAG]
    return [
        *([state] if state in columns else []),
        *(column for some in kinds for column in by_prefix(some)),
        *tags,
        *(column for column in rest if column in columns),
    ]


def default_metrics(catalogue: Catalogue) -> list[Column]:
    """The weightiest; those that nobody can judge only where there is little else."""
    columns = [metric_column(key) for key in catalogue.metrics_by_weight()]
    judged = [c for c in columns if c.direction is not Direction.NONE]
    return (judged if len(judged) > 1 else columns)[:DEFAULT_METRICS]


def by_prefix(columns: Sequence[Column]) -> list[Column]:
    """Columns of one folder side by side, the folders in order of first appearance."""
    order = list(dict.fromkeys(column.prefix for column in columns))
    return sorted(columns, key=lambda column: order.index(column.prefix))
