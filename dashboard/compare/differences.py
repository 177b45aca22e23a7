"""What differs between candidates: rows for the comparison's table, and a sentence.

Equal rows are counted and folded away; a reader who compares wants what is not the same.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from django.utils.safestring import SafeString

from dashboard.about import is_system
from dashboard.candidate.results import AGGREGATES, value_of, verdict, written_delta
from dashboard.charts import svg
from dashboard.directions import Direction, Used, by_weight, direction
from dashboard.templatetags.tracker_tags import MINUS, grouped, shown
from tracker.models import Candidate, DatasetUse, Metric, Param, Tag
from tracker.seeds import is_seed

MAX_ROWS = 100  # of one section
MAX_CELL_CHARS = 80

COMMIT = "mlflow.source.git.commit"
# Prefixes of tags that tell about code and the machine, and how a reader calls them.
CODE = {
    COMMIT: "commit",
    "mlflow.source.git.branch": "branch",
    "mlflow.source.git.repoURL": "repository",
    "mlflow.source.git.dirty": "uncommitted changes",
    "mlflow.source.git.diff": "diff",
    "mlflow.source.name": "source",
    "mlflow.source.type": "source type",
    "mlflow.project.env": "environment",
    "mlflow.project.entryPoint": "entry point",
    "mlflow.docker.image.name": "image",
    "mlflow.docker.image.id": "image id",
    "mlflow.user": "user",
    "mlflow.databricks.cluster.id": "cluster",
}
# Not compared: names, notes, and what MLflow keeps for itself.
OWN_PLACE = ("mlflow.runName", "mlflow.note.content", "mlflow.parentRunId")


class Cell(NamedTuple):
    """One candidate's value in a row."""

    text: str  # empty: never logged
    full: str = ""  # where the text is cut
    number: float | None = None
    delta: str = ""
    verdict: str = ""  # good, worse, or nothing where the direction is not known
    is_best: bool = False
    is_same: bool = False  # as the baseline


@dataclass
class Row:
    """A key, and what all have there. Cells are made for rows that are shown, not for all."""

    key: str
    aggregate: str
    made: Callable[[], list[Cell]]
    drawn: Callable[[], SafeString] = SafeString
    is_code: bool = False
    differs: bool = True

    @cached_property
    def cells(self) -> list[Cell]:
        return self.made()

    @cached_property
    def strip(self) -> SafeString:
        return self.drawn()


class Section(NamedTuple):
    name: str
    rows: list[Row]
    differing: int
    total: int
    left_out: int  # beyond what a page can show
    same: str = ""  # what all have in common, where nothing differs

    @property
    def folded(self) -> int:
        return self.total - self.differing


class Facts(NamedTuple):
    """Everything that is compared, by the candidates' primary keys. Five queries."""

    candidates: list[Candidate]
    metrics: Mapping[str, Mapping[int, Metric]]
    params: Mapping[str, Mapping[int, str]]
    tags: Mapping[str, Mapping[int, str]]
    datasets: Mapping[str, Mapping[int, str]]


def facts(candidates: Sequence[Candidate], only: str = "") -> Facts:
    """`only`: the kinds that are wanted, in one text; the others stay empty."""
    ids = [candidate.pk for candidate in candidates]
    kinds = set(only.split()) or {"metrics", "params", "tags", "datasets"}
    metrics: dict[str, dict[int, Metric]] = defaultdict(dict)
    if "metrics" in kinds:
        rows = Metric.objects.filter(candidate__in=ids)
        for metric in rows:
            metrics[metric.key][metric.candidate_id] = metric
    return Facts(
        candidates=list(candidates),
        metrics=metrics,
        params=texts(Param.objects.filter(candidate__in=ids))
        if "params" in kinds
        else {},
        tags=texts(Tag.objects.filter(candidate__in=ids)) if "tags" in kinds else {},
        datasets=data_read(ids) if "datasets" in kinds else {},
    )


def texts(rows: "Iterable[Param] | Iterable[Tag]") -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for candidate, key, value in rows.values_list("candidate_id", "key", "value"):  # type: ignore[union-attr]
        found[key][candidate] = value
    return found


def data_read(ids: Sequence[int]) -> dict[str, dict[int, str]]:
    """Datasets by how they were read: train, eval, or just data."""
    uses = (
        DatasetUse.objects.filter(candidate__in=ids)
        .select_related("dataset")
        .only("candidate_id", "dataset__name", "dataset__digest")
        .prefetch_related("tags")
        .order_by("dataset__name", "dataset__digest")
    )
    read: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for use in uses:
        context = next(
            (t.value for t in use.tags.all() if t.key == "mlflow.data.context"), ""
        )
        name = f"{use.dataset.name} {use.dataset.digest}"
        read[context or "data"][use.candidate_id].append(name)
    return {
        context: {pk: ", ".join(names) for pk, names in by_candidate.items()}
        for context, by_candidate in read.items()
    }


# ---------------------------------------------------------------- sections


class Wanted(NamedTuple):
    """Which rows a reader wants to see."""

    only_differences: bool = True
    text: str = ""
    first: str | None = None  # the metric to begin with

    def takes(self, key: str) -> bool:
        return not self.text or self.text.lower() in key.lower()


def sections(known: Facts, baseline: Candidate | None, wanted: Wanted) -> list[Section]:
    """Metrics, parameters, code, tags and data, each with the rows that are wanted."""
    code = {label: known.tags[key] for key, label in CODE.items() if key in known.tags}
    own = {key: values for key, values in known.tags.items() if not is_system(key)}
    text_row = row_of_texts(known.candidates, baseline)
    found = [
        section("Metrics", metric_rows(known, baseline, wanted), wanted),
        section("Parameters", map(text_row, *columns(known.params)), wanted),
        section(
            "Code and environment",
            (
                replace(row, is_code=row.key in ("commit", "image id"))
                for row in map(text_row, *columns(code, in_order=True))
            ),
            wanted,
        ),
        section("Tags", map(text_row, *columns(own)), wanted),
        in_common(
            section("Data", map(text_row, *columns(known.datasets)), wanted), known
        ),
    ]
    return [each for each in found if each.total]


def in_common(data: Section, known: Facts) -> Section:
    """Where all read the same data, say which instead of folding it away."""
    if data.differing or not known.datasets:
        return data
    values = {value for used in known.datasets.values() for value in used.values()}
    return data._replace(same=f"all use {', '.join(sorted(values))}")


def columns(
    values: Mapping[str, Mapping[int, str]], *, in_order: bool = False
) -> tuple[list[str], list[Mapping[int, str]]]:
    keys = list(values) if in_order else sorted(values)
    return keys, [values[key] for key in keys]


def section(name: str, rows: Iterable[Row], wanted: Wanted) -> Section:
    every = [row for row in rows if wanted.takes(row.key)]
    differing = [row for row in every if row.differs]
    chosen = differing if wanted.only_differences else every
    return Section(
        name=name,
        rows=chosen[:MAX_ROWS],
        differing=len(differing),
        total=len(every),
        left_out=max(0, len(chosen) - MAX_ROWS),
    )


# ---------------------------------------------------------------- texts


def row_of_texts(
    candidates: Sequence[Candidate], baseline: Candidate | None
) -> Callable[[str, Mapping[int, str]], Row]:
    ids, base_pk = keys_of(candidates, baseline)

    def row(key: str, values: Mapping[int, str]) -> Row:
        base = values.get(base_pk) if base_pk else None
        return Row(
            key=key,
            aggregate="",
            made=lambda: [
                cell_of_text(values.get(pk), base, is_baseline=pk == base_pk)
                for pk in ids
            ],
            differs=differ(map(values.get, ids)),
        )

    return row


def keys_of(
    candidates: Sequence[Candidate], baseline: Candidate | None
) -> tuple[list[int], int | None]:
    """Primary keys: comparing models would take longer than all else about a cell."""
    return [candidate.pk for candidate in candidates], baseline.pk if baseline else None


def differ(values: Iterable[object]) -> bool:
    return len(set(values)) > 1


def cell_of_text(value: str | None, base: str | None, *, is_baseline: bool) -> Cell:
    if value is None:
        return Cell("")
    is_long = len(value) > MAX_CELL_CHARS
    return Cell(
        text=f"{value[:MAX_CELL_CHARS]}…" if is_long else value or "empty",
        full=value if is_long else "",
        is_same=not is_baseline and value == base,
    )


def row_of_numbers(
    candidates: Sequence[Candidate], baseline: Candidate | None
) -> Callable[[str, Mapping[int, float | None]], Row]:
    """Numbers of which nobody says what is better."""
    ids, base_pk = keys_of(candidates, baseline)

    def row(key: str, numbers: Mapping[int, float | None]) -> Row:
        base = numbers.get(base_pk) if base_pk else None
        return Row(
            key=key,
            aggregate="",
            made=lambda: [
                metric_cell(
                    numbers.get(pk),
                    None if pk == base_pk else base,
                    Direction.NONE,
                    is_known=pk in numbers,
                    best=None,
                )
                for pk in ids
            ],
            differs=differ(shown(numbers.get(pk)) for pk in ids),
        )

    return row


# ---------------------------------------------------------------- metrics


def metric_rows(known: Facts, baseline: Candidate | None, wanted: Wanted) -> list[Row]:
    used = [Used(key, len(values)) for key, values in known.metrics.items()]
    keys = by_weight(used)  # without those of the machine, which have a tab
    keys.sort(key=lambda key: key != wanted.first)
    return [metric_row(known, key, baseline) for key in keys]


def metric_row(known: Facts, key: str, baseline: Candidate | None) -> Row:
    towards = direction(key)
    by_candidate = known.metrics[key]
    numbers = {
        pk: value_of(metric, towards).number for pk, metric in by_candidate.items()
    }
    ids, base_pk = keys_of(known.candidates, baseline)
    base = numbers.get(base_pk) if base_pk else None
    best = best_of(numbers.values(), towards)
    is_single = all(metric.count == 1 for metric in by_candidate.values())
    differs = differ((pk in numbers, shown(numbers.get(pk))) for pk in ids)
    return Row(
        key=key,
        aggregate="" if is_single else AGGREGATES[towards],
        made=lambda: [
            metric_cell(
                numbers.get(pk),
                None if pk == base_pk else base,
                towards,
                is_known=pk in numbers,
                best=best if differs else None,
            )
            for pk in ids
        ],
        drawn=lambda: svg.strip(
            [
                (c.iid % 8, number)
                for c in known.candidates
                if (number := numbers.get(c.pk)) is not None
            ],
            base,
        ),
        differs=differs,
    )


def best_of(numbers: Iterable[float | None], towards: Direction) -> float | None:
    finite = [n for n in numbers if n is not None and math.isfinite(n)]
    if towards is Direction.NONE or not finite:
        return None
    return max(finite) if towards is Direction.MAX else min(finite)


def metric_cell(
    number: float | None,
    base: float | None,
    towards: Direction,
    *,
    is_known: bool,
    best: float | None,
) -> Cell:
    if number is None:
        # Logged, but never a finite value: its maximum does not exist.
        return Cell("NaN" if is_known else "")
    delta = "" if base is None else written_delta(number, base)
    return Cell(
        text=shown(number),
        full=repr(number),
        number=number,
        delta=delta,
        verdict=verdict(number, base, towards) if delta else "",
        is_best=number == best,
        is_same=base is not None and not delta,
    )


# ---------------------------------------------------------------- the sentence


class Sentence(NamedTuple):
    """One paragraph by rule: what differs, then who is best."""

    differ: str
    best: Candidate | None = None
    metric: str = ""
    distance: str = ""  # "0.0100 above the baseline"


def sentence(known: Facts, baseline: Candidate | None, primary: str | None) -> Sentence:
    said = what_differs(known)
    if primary is None or primary not in known.metrics:
        return Sentence(said)
    towards = direction(primary)
    numbers = {
        pk: value_of(metric, towards).number
        for pk, metric in known.metrics[primary].items()
    }
    best = best_of(numbers.values(), towards)
    leaders = [
        c for c in known.candidates if best is not None and numbers.get(c.pk) == best
    ]
    if not leaders or best is None:
        return Sentence(said)
    base = numbers.get(baseline.pk) if baseline else None
    return Sentence(
        differ=said,
        best=leaders[0],
        metric=primary,
        distance="" if leaders[0] == baseline or base is None else distance(best, base),
    )


def distance(best: float, base: float) -> str:
    delta = written_delta(best, base)
    if not delta:
        return "level with the baseline"
    way = "above" if best > base else "below"
    return f"{delta.lstrip('+' + MINUS)} {way} the baseline"


def what_differs(known: Facts) -> str:
    def differing(values: Mapping[str, Mapping[int, str]]) -> list[str]:
        return [
            key
            for key, by_candidate in values.items()
            if differ(by_candidate.get(c.pk) for c in known.candidates)
        ]

    params = differing(known.params)
    tags = differing({k: v for k, v in known.tags.items() if k not in OWN_PLACE})
    code = [key for key in tags if key in CODE and key not in (COMMIT, "mlflow.user")]
    parts = []
    if params:
        parts.append(
            f"{grouped(len(params))} parameter{'s' if len(params) > 1 else ''}"
        )
    if len(code) <= 2:
        parts += [f"the {CODE[key]}" for key in code]
    else:
        parts.append(f"{grouped(len(code))} details of code and environment")
    if COMMIT in tags:
        parts.append("the commit")
    if differing(known.datasets):
        parts.append("the data")
    if not parts:
        return "They have the same parameters, code and data: these are repeats."
    if params and len(parts) == 1 and all(map(is_seed, params)):
        return "They differ only in the seed: these are repeats."
    listed = ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]
    return f"They differ in {listed}."
