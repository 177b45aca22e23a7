"""The same picture of several candidates beside each other, over the steps."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Q
from django.urls import reverse

from artifacts.downloads import is_shown
from artifacts.models import Artifact
from dashboard.candidate.showing import LOGGED
from dashboard.charts import figures
from tracker.models import Candidate, Project

MAX_CANDIDATES = 20
MAX_FILES = 4000

# Files that `mlflow.log_image` names by key, step and time; older clients wrote % for +.
BY_STEP = Q(folder="images") & (Q(name__contains="+step+") | Q(name__contains="%step%"))

Pictures = dict[tuple[int | None, int | None], Artifact]  # by candidate and step


class Tile(NamedTuple):
    """One candidate's picture."""

    candidate: Candidate
    look: figures.Look
    url: str
    image_url: str
    step: int | None


class Gallery(NamedTuple):
    """What is shown at one step."""

    tiles: list[Tile]
    steps: list[int]  # none for a plain file
    step: int | None
    before: int | None
    after: int | None
    missing: int  # candidates without this picture


def gallery(
    project: Project,
    drawn: list[Candidate],
    looks: dict[int, figures.Look],
    name: str,
    asked: str,
) -> Gallery:
    """Two queries. A path is a file; anything else is a key of `mlflow.log_image`."""
    drawn, name = drawn[:MAX_CANDIDATES], name.strip("/")
    ids = [candidate.pk for candidate in drawn]
    plain = [
        one
        for one in Artifact.objects.filter(candidate__in=ids).at(name)
        if is_shown(one)
    ]
    if plain:
        by_candidate: Pictures = {(one.candidate_id, None): one for one in plain}
        return arranged(project, drawn, looks, by_candidate, "")
    return arranged(project, drawn, looks, logged(ids, name), asked)


def keys(ids: list[int]) -> dict[str, int]:
    """The keys that pictures were logged under, and by how many. One query."""
    rows = Artifact.objects.filter(BY_STEP, candidate__in=ids)
    having: dict[str, set[int | None]] = {}
    for candidate, name in rows.values_list("candidate", "name")[:MAX_FILES]:
        if match := LOGGED.match(name):
            having.setdefault(match["key"].replace("~", "/"), set()).add(candidate)
    return {key: len(those) for key, those in sorted(having.items())}


def logged(ids: list[int], key: str) -> Pictures:
    """The newest picture of a key by candidate and step."""
    begins = key.replace("/", "~")
    rows = Artifact.objects.filter(
        candidate__in=ids, folder="images", name__startswith=begins
    ).order_by("name")
    found: Pictures = {}
    for artifact in rows[:MAX_FILES]:
        match = LOGGED.match(artifact.name)
        is_it = match and match["key"].replace("~", "/") == key
        if match and is_it and not match["compressed"] and is_shown(artifact):
            found[artifact.candidate_id, int(match["step"])] = artifact
    return found


def arranged(
    project: Project,
    drawn: Sequence[Candidate],
    looks: dict[int, figures.Look],
    pictures: Pictures,
    asked: str,
) -> Gallery:
    steps = sorted({step for _, step in pictures if step is not None})
    step = chosen(steps, asked)
    tiles = []
    for candidate in drawn:
        mine = [s for pk, s in pictures if pk == candidate.pk]
        if not mine:
            continue
        # The last one that is not later: pictures are rarely logged at the same steps.
        known = sorted(s for s in mine if s is not None and step is not None)
        at = max((s for s in known if step is None or s <= step), default=mine[0])
        artifact = pictures[candidate.pk, at]
        place = [project.slug, candidate.iid, artifact.path]
        tiles.append(
            Tile(
                candidate,
                looks[candidate.pk],
                reverse("artifact", args=place),
                f"{reverse('raw', args=place)}?as=image",
                at,
            )
        )
    place_of = steps.index(step) if step in steps else 0
    return Gallery(
        tiles,
        steps,
        step,
        steps[place_of - 1] if place_of else None,
        steps[place_of + 1] if place_of + 1 < len(steps) else None,
        len(drawn) - len(tiles),
    )


def chosen(steps: list[int], asked: str) -> int | None:
    if not steps:
        return None
    try:
        wanted = int(asked)
    except ValueError:
        return steps[-1]
    return min(steps, key=lambda step: (abs(step - wanted), step))
