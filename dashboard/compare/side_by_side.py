"""The same file of several candidates, set against each other by what it holds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from artifacts import pages
from artifacts.models import Artifact
from dashboard.candidate import logged_figures
from dashboard.candidate.showing import language_of
from dashboard.charts import figures
from dashboard.compare import importances, linewise, matrices, readings
from dashboard.compare.importances import Feature
from dashboard.compare.joined import Joined
from dashboard.compare.joined import joined as join
from dashboard.compare.matrices import Square
from dashboard.compare.readings import Reading
from dashboard.compare.sides import Side
from tracker.models import Candidate

MAX_READ = 8  # files that are looked into at once
MAX_IMAGES = 50
MAX_DOCUMENTS = 4


class Document(NamedTuple):
    """A page of a script's making, or the figure that is all of it."""

    side: Side
    id: str
    figure: Any = None


class Compared(NamedTuple):
    """What the template shows; only what is there is filled."""

    kind: str  # image, page, figure, matrix, curve, importance, table, text, none
    sides: list[Side]
    missing: list[Candidate]
    is_same: bool  # byte by byte, for all
    pair: tuple[Side, Side] | None = None
    is_document: bool = False  # can be looked at, beside being read
    documents: list[Document] = []
    matrices: list[Square] = []
    differences: list[Square] = []
    weights: list[Feature] = []
    joined: Joined | None = None
    diff: linewise.Diff | None = None
    split: list[linewise.Pair] = []
    curves: list[tuple[Candidate, figures.Look, readings.Curve]] = []
    reason: str = ""
    is_cut: bool = False


class Wanted(NamedTuple):
    """How a reader wants to see it."""

    left: str = ""  # numbers of the two that are compared closely
    right: str = ""
    in_rows: bool = True  # matrices as shares of their rows
    is_split: bool = False
    as_text: bool = False  # of what can be looked at too
    key: str = ""
    by: str = ""
    worst: bool = True


def compared(
    found: Sequence[Side], candidates: Sequence[Candidate], wanted: Wanted
) -> Compared:
    there = {side.candidate.pk for side in found}
    base = Compared(
        "none",
        list(found),
        [c for c in candidates if c.pk not in there],
        len({side.artifact.sha256 for side in found}) == 1,
    )
    if not found:
        return base
    pair = chosen_pair(found, wanted)
    if is_document(found[0].artifact):
        base = base._replace(is_document=True)
        if not wanted.as_text:
            seen = documents(found[:MAX_DOCUMENTS])
            kind = "figure" if any(one.figure for one in seen) else "page"
            return base._replace(kind=kind, pair=pair, documents=seen)
    first = readings.read(pair[0].artifact if pair else found[0].artifact)
    base = base._replace(kind=first.kind, pair=pair, reason=first.reason)
    if first.kind == "image":
        return base._replace(sides=list(found[:MAX_IMAGES]))
    return looked_into(base, first, wanted)


def is_document(artifact: Artifact) -> bool:
    return pages.is_page(artifact) or artifact.facts.get("looks_like") == "plotly"


def documents(found: Sequence[Side]) -> list[Document]:
    return [
        Document(
            side,
            f"figure-{side.candidate.iid}",
            logged_figures.whole(side.artifact),
        )
        for side in found
    ]


def chosen_pair(found: Sequence[Side], wanted: Wanted) -> tuple[Side, Side] | None:
    """Those asked for, else the first and the first that differs from it."""
    if len(found) < 2:
        return None
    by_iid = {str(side.candidate.iid): side for side in found}
    left = by_iid.get(wanted.left) or found[0]
    others = [side for side in found if side is not left]
    unlike = [s for s in others if s.artifact.sha256 != left.artifact.sha256]
    right = by_iid.get(wanted.right)
    return left, right if right and right is not left else (unlike or others)[0]


def looked_into(base: Compared, first: Reading, wanted: Wanted) -> Compared:
    assert base.sides
    if first.kind in ("table", "text", "none") and base.pair:
        return of_pair(base, first, wanted)
    read = [(s, readings.read(s.artifact)) for s in base.sides[:MAX_READ]]
    match first.kind:
        case "matrix":
            return base._replace(
                **matrices.squares(read, in_rows=wanted.in_rows)._asdict()
            )
        case "curve":
            kind = first.curve.kind if first.curve else ""
            curves = [
                (side.candidate, side.look, reading.curve)
                for side, reading in read
                if reading.curve and reading.curve.kind == kind
            ]
            return base._replace(curves=curves)
        case "importance":
            return base._replace(weights=importances.weights(read))
    return base


def of_pair(base: Compared, first: Reading, wanted: Wanted) -> Compared:
    assert base.pair
    second = readings.read(base.pair[1].artifact)
    if first.table and second.table:
        return base._replace(
            kind="table",
            joined=join(
                first.table,
                second.table,
                key=wanted.key,
                by=wanted.by,
                worst=wanted.worst,
            ),
            is_cut=first.is_cut or second.is_cut,
        )
    if first.kind == "none" or second.kind == "none":
        return base._replace(kind="none", reason=first.reason or second.reason)
    language = language_of(base.pair[0].artifact.name)
    diff = linewise.diff(first.text, second.text, language=language)
    return base._replace(
        kind="text",
        diff=diff,
        split=linewise.split(diff) if wanted.is_split else [],
        is_cut=first.is_cut or second.is_cut or diff.is_cut,
    )
