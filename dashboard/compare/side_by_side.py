"""The same file of several candidates, set against each other by what it holds."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value

from artifacts import pages
from artifacts.models import Artifact
from dashboard.candidate import logged_figures
from dashboard.candidate.head import Found
from dashboard.candidate.shelves import Shelf
from dashboard.candidate.showing import language_of
from dashboard.charts import figures
from dashboard.compare import linewise, pictorial, readings
from dashboard.compare.joined import Joined
from dashboard.compare.joined import joined as join
from dashboard.compare.readings import Reading
from dashboard.templatetags.tracker_tags import MINUS, shown
from tracker.models import Candidate, LoggedModel, Project

MAX_PATHS = 500
MAX_READ = 8  # files that are looked into at once
MAX_IMAGES = 50
MAX_DOCUMENTS = 4
MAX_LARGE = 4  # matrices of more than twenty labels
MAX_FEATURES = 40


# ---------------------------------------------------------------- which paths there are


class Path(NamedTuple):
    """A path that some of the candidates have."""

    path: str
    many: int
    differs: bool


def paths(candidates: Sequence[Candidate], text: str = "") -> list[Path]:
    """The union of their paths, those that differ first. Three queries."""
    ids = [one.pk for one in candidates]
    own = Artifact.objects.filter(candidate__in=ids).exclude(pictorial.BY_STEP)
    of_models = Artifact.objects.filter(model__in=models_of(candidates))
    if text:
        named = Q(name__icontains=text) | Q(folder__icontains=text)
        own = own.filter(named)
        of_models = of_models.filter(named | Q(model__name__icontains=text))
    found = [
        Path(f"{IMAGES}/{key}", many, differs=True)
        for key, many in pictorial.keys(ids).items()
        if text.lower() in key.lower()
    ]
    for rows, root in ((own, Value("")), (of_models, F("model__name"))):
        counted = (
            rows.values("folder", "name", root=root)
            .annotate(many=Count("pk"), kinds=Count("sha256", distinct=True))
            .order_by("folder", "name")[: MAX_PATHS + 1]
        )
        found += [
            Path(
                "/".join(
                    part
                    for part in (in_model(row["root"]), row["folder"], row["name"])
                    if part
                ),
                row["many"],
                row["kinds"] > 1 or row["many"] < len(candidates),
            )
            for row in counted
        ]
    return sorted(found, key=lambda one: (one.many == 1, not one.differs, one.path))


# MLflow 3 keeps the files of a logged model beside those of its run. Models of the same
# name are set against each other, whatever their ids.
MODELS = "models:"
# What `mlflow.log_image` keeps step by step: no two files of one key have the same name.
IMAGES = "images:"


def in_model(name: str) -> str:
    return f"{MODELS}/{name}" if name else ""


def models_of(candidates: Sequence[Candidate]) -> QuerySet[LoggedModel]:
    """What they logged: the newest of each name, where a candidate has several."""
    made = LoggedModel.objects.alive().filter(
        project__in={one.project_id for one in candidates},
        source_run_id__in=[one.eid for one in candidates],
    )
    newer = made.filter(
        source_run_id=OuterRef("source_run_id"),
        name=OuterRef("name"),
        pk__gt=OuterRef("pk"),
    )
    return made.exclude(Exists(newer))


# ---------------------------------------------------------------- one path


class Side(NamedTuple):
    """One candidate's file."""

    candidate: Candidate
    look: figures.Look
    artifact: Artifact
    url: str
    image_url: str
    page_url: str
    is_baseline: bool


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
    matrices: list[Any] = []
    differences: list[Any] = []
    weights: list[Any] = []
    joined: Joined | None = None
    diff: linewise.Diff | None = None
    split: list[linewise.Pair] = []
    curves: list[tuple[Candidate, figures.Look, readings.Curve]] = []
    reason: str = ""
    is_cut: bool = False


def sides(
    project: Project,
    candidates: Sequence[Candidate],
    looks: Mapping[int, figures.Look],
    baseline: Candidate | None,
    path: str,
    at: "Steps | None" = None,
) -> list[Side]:
    """One query, or none where the steps have been looked up."""
    files = at.files if at and at.steps else at_path(candidates, path)
    found = []
    for candidate in candidates:
        if artifact := files.get(candidate.eid):
            here = Shelf(Found(project, candidate, None), artifact.model)
            found.append(
                Side(
                    candidate,
                    looks[candidate.pk],
                    artifact,
                    here.address(artifact.path),
                    here.raw(artifact, "image"),
                    here.raw(artifact, "page"),
                    candidate == baseline,
                )
            )
    # The baseline in front: the others are told by what differs from it.
    return sorted(found, key=lambda side: not side.is_baseline)


class Steps(NamedTuple):
    """The pictures of a key at one step, and which steps there are."""

    files: Mapping[str, Artifact]  # by the candidate's eid
    steps: Sequence[int] = ()
    step: int | None = None


def at_step(candidates: Sequence[Candidate], path: str, asked: str) -> Steps:
    """For each the picture of this step or the last before. One query, if any."""
    if not path.startswith(f"{IMAGES}/"):
        return Steps({})
    key = path.removeprefix(f"{IMAGES}/")
    pictures = pictorial.logged([one.pk for one in candidates], key)
    steps = sorted({step for _, step in pictures if step is not None})
    step = pictorial.chosen(steps, asked)
    files = {}
    for candidate in candidates:
        known = [s for pk, s in pictures if pk == candidate.pk and s is not None]
        before = [s for s in known if step is not None and s <= step]
        if known:
            at = max(before, default=min(known))
            files[candidate.eid] = pictures[candidate.pk, at]
    return Steps(files, steps, step)


def at_path(candidates: Sequence[Candidate], path: str) -> dict[str, Artifact]:
    """By the candidate's eid."""
    if path.startswith(f"{MODELS}/"):
        _, name, inside = (*path.split("/", 2), "")[:3]
        rows = Artifact.objects.filter(
            model__in=models_of(candidates).filter(name=name)
        ).select_related("model")
        return {one.model.source_run_id: one for one in rows.at(inside) if one.model}
    eids = {one.pk: one.eid for one in candidates}
    own = Artifact.objects.filter(candidate__in=eids).at(path)
    return {eids[one.candidate_id]: one for one in own if one.candidate_id}


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
            return of_matrices(base, read, in_rows=wanted.in_rows)
        case "curve":
            kind = first.curve.kind if first.curve else ""
            curves = [
                (side.candidate, side.look, reading.curve)
                for side, reading in read
                if reading.curve and reading.curve.kind == kind
            ]
            return base._replace(curves=curves)
        case "importance":
            return base._replace(weights=weights(read))
    return base


# ---------------------------------------------------------------- matrices


class Shade(NamedTuple):
    """One cell of a matrix: what it says, and how dark it is."""

    text: str
    css: str


class Square(NamedTuple):
    """A matrix as a table."""

    side: Side
    labels: list[str]
    rows: list[tuple[str, list[Shade]]]
    note: str


def of_matrices(
    base: Compared, read: Sequence[tuple[Side, Reading]], *, in_rows: bool
) -> Compared:
    known = [(side, reading.matrix) for side, reading in read if reading.matrix]
    if known and len(known[0][1].labels) > 20:
        known = known[:MAX_LARGE]
    labels = known[0][1].labels if known else []
    alike = [(side, m) for side, m in known if m.labels == labels]
    values = [(side, shares(m.values) if in_rows else m.values) for side, m in alike]
    drawn = [
        square(side, labels, numbers, in_rows=in_rows, total=correct(m))
        for (side, numbers), (_, m) in zip(values, alike, strict=True)
    ]
    differences = [
        difference(side, labels, values[0][1], numbers, in_rows=in_rows)
        for side, numbers in values[1:]
    ]
    return base._replace(
        matrices=drawn,
        differences=differences,
        reason=""
        if len(alike) == len(known)
        else f"{len(known) - len(alike)} have other labels and are left out.",
    )


def shares(values: Sequence[Sequence[float]]) -> list[list[float]]:
    return [
        [value / total if (total := sum(row)) else 0.0 for value in row]
        for row in values
    ]


def correct(matrix: readings.Matrix) -> str:
    total = sum(map(sum, matrix.values))
    right = sum(matrix.values[place][place] for place in range(len(matrix.labels)))
    return f"{shown(right / total)} on the diagonal" if total else ""


def square(
    side: Side,
    labels: list[str],
    values: Sequence[Sequence[float]],
    *,
    in_rows: bool,
    total: str,
) -> Square:
    most = 1.0 if in_rows else max(max(row) for row in values) or 1.0
    return Square(
        side,
        labels,
        [
            (label, [Shade(said(value, in_rows), f"h{round(8 * value / most)}")
                     for value in row])
            for label, row in zip(labels, values, strict=True)
        ],
        total,
    )  # fmt: skip


def difference(
    side: Side,
    labels: list[str],
    base: Sequence[Sequence[float]],
    values: Sequence[Sequence[float]],
    *,
    in_rows: bool,
) -> Square:
    apart = [
        [value - before for value, before in zip(row, old, strict=True)]
        for row, old in zip(values, base, strict=True)
    ]
    most = max(abs(value) for row in apart for value in row) or 1.0
    rows = []
    for label, row in zip(labels, apart, strict=True):
        shades = []
        for value in row:
            steps = round(4 * abs(value) / most)
            way = "p" if value > 0 else "m"
            text = said(abs(value), in_rows)
            is_none = not text.strip("0. %")
            sign = "" if is_none else "+" if value > 0 else MINUS
            shades.append(Shade("" if is_none else f"{sign}{text}", f"d{way}{steps}"))
        rows.append((label, shades))
    return Square(side, labels, rows, "")


def said(value: float, in_rows: bool) -> str:
    if in_rows:
        return f"{100 * value:.1f}" if 0 < value < 0.995 else f"{100 * value:.0f}"
    return shown(value)


# ---------------------------------------------------------------- importances


class Weight(NamedTuple):
    """One candidate's importance of a feature."""

    side: Side
    text: str
    width: int  # of a hundred
    delta: str


class Feature(NamedTuple):
    name: str
    weights: list[Weight]


def weights(read: Sequence[tuple[Side, Reading]]) -> list[Feature]:
    """Paired by feature; where they differ most first, then by weight."""
    known = [(s, r.importances) for s, r in read if r.importances]
    if not known:
        return []
    base = known[0][1]
    names = list(dict.fromkeys(name for _, found in known for name in found))

    def spread(name: str) -> tuple[float, float]:
        values = [found.get(name, 0.0) for _, found in known]
        return max(values) - min(values), max(map(abs, values))

    names.sort(key=spread, reverse=True)
    most = max(abs(v) for _, found in known for v in found.values()) or 1.0
    return [
        Feature(
            name,
            [
                Weight(
                    side,
                    shown(found.get(name)),
                    round(100 * abs(found.get(name, 0.0)) / most),
                    signed(found.get(name), base.get(name))
                    if found is not base
                    else "",
                )
                for side, found in known
            ],
        )
        for name in names[:MAX_FEATURES]
    ]


def signed(value: float | None, before: float | None) -> str:
    if value is None or before is None or shown(value) == shown(before):
        return ""
    distance = value - before
    return f"{'+' if distance > 0 else MINUS}{shown(abs(distance))}"


# ---------------------------------------------------------------- tables and texts


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
