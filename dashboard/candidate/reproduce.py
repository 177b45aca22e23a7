"""What is known of a candidate that someone would need to make it again."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dashboard.about import Read
from dashboard.candidate.surroundings import Surroundings
from dashboard.compare.differences import COMMIT
from tracker.models import CIBuild
from tracker.seeds import is_seed

DIFF = "mlflow.source.git.diff"


class Check(NamedTuple):
    """One condition, and the part of the recipe page that tells how to meet it."""

    title: str
    is_met: bool
    detail: str = ""
    recipe: str = ""


def checks(
    tags: Mapping[str, str],
    params: Mapping[str, str],
    build: CIBuild | None,
    datasets: Iterable[Read],
    known: Surroundings,
) -> list[Check]:
    return [
        code(tags, build),
        data(list(datasets)),
        seed(params),
        packages(known),
    ]


def code(tags: Mapping[str, str], build: CIBuild | None) -> Check:
    commit = (build.commit if build else "") or tags.get(COMMIT, "")
    if not commit:
        return Check("No commit", False, recipe="code")
    state = tags.get("mlflow.source.git.dirty", "").lower()
    if state == "true" and not tags.get(DIFF):
        return Check("Changes that were not kept", False, recipe="code")
    title = {"true": "Commit with its changes", "false": "Clean commit"}.get(state)
    return Check(title or "Commit", True, commit[:8])


def data(datasets: list[Read]) -> Check:
    if not datasets:
        return Check("No dataset", False, recipe="data")
    if not all(dataset.digest for dataset in datasets):
        return Check("Data without a digest", False, recipe="data")
    many = len(datasets)
    return Check("Data digest", True, f"{many} input{'s' if many > 1 else ''}")


def seed(params: Mapping[str, str]) -> Check:
    key = next(filter(is_seed, params), None)
    if key is None:
        return Check("No seed", False, recipe="seed")
    return Check("Seed", True, params[key][:20])


def packages(known: Surroundings) -> Check:
    if known.locks:
        return Check("Packages locked", True, known.locks[0].name)
    if known.is_pinned:
        return Check("Packages with versions", True, f"{len(known.packages)}")
    if known.packages:
        return Check("Not all packages have a version", False, recipe="packages")
    return Check("No list of packages", False, recipe="packages")
