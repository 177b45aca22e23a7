"""The files of several candidates: which paths there are, and who has what at one."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value

from artifacts.models import Artifact
from dashboard.candidate.head import Found
from dashboard.candidate.shelves import Shelf
from dashboard.charts import figures
from dashboard.compare import pictorial
from tracker.models import Candidate, LoggedModel, Project

MAX_PATHS = 500


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


class Side(NamedTuple):
    """One candidate's file."""

    candidate: Candidate
    look: figures.Look
    artifact: Artifact
    url: str
    image_url: str
    page_url: str
    is_baseline: bool


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
