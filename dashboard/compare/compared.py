"""The candidates that an address asks to compare, and one of them as the baseline."""

from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpRequest

from dashboard import find
from dashboard.charts import options
from tracker.models import Candidate, Project

MAX_COMPARED = 200
SUGGESTED = 30


class Chosen(NamedTuple):
    """What the address asks to compare."""

    project: Project
    candidates: list[Candidate]
    baseline: Candidate | None
    problems: list[str]

    @property
    def iids(self) -> list[int]:
        return [candidate.iid for candidate in self.candidates]

    @property
    def experiments(self) -> list[int]:
        return list({candidate.experiment_id: None for candidate in self.candidates})


def chosen(request: HttpRequest, slug: str, *names: str) -> Chosen:
    """The set in `c`, or what these keys of the query name."""
    project = find.project(request, slug)
    problems: list[str] = []
    texts = [text for name in names or ("c",) for text in request.GET.getlist(name)]
    iids = options.read_iids(texts, MAX_COMPARED, problems)
    rows = {
        candidate.iid: candidate
        for candidate in Candidate.objects.filter(
            project=project, iid__in=iids
        ).select_related("experiment")
    }
    candidates = [rows[i] for i in iids if i in rows and not rows[i].is_deleted]
    problems += not_here(iids, rows)
    base = None if names else baseline(request, candidates, problems)
    return Chosen(project, candidates, base, problems)


def not_here(iids: Sequence[int], rows: dict[int, Candidate]) -> list[str]:
    deleted = [f"#{iid}" for iid in iids if iid in rows and rows[iid].is_deleted]
    unknown = [f"#{iid}" for iid in iids if iid not in rows]
    found = []
    if deleted:
        found.append(f"Deleted, so left out: {listed(deleted)}.")
    if unknown:
        found.append(f"Not in this project: {listed(unknown)}.")
    return found


def listed(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def baseline(
    request: HttpRequest, candidates: Sequence[Candidate], problems: list[str]
) -> Candidate | None:
    """The one that `b` names, else the first; `b=0` is none."""
    asked = request.GET.get("b", "")
    if asked == "0" or not candidates:
        return None
    if asked:
        for candidate in candidates:
            if str(candidate.iid) == asked.lstrip("#"):
                return candidate
        problems.append(f"The baseline “{asked[:40]}” is not among the compared.")
    return candidates[0]


def suggestions(asked: Chosen) -> list[Candidate]:
    """Recent candidates to add: of the same experiment where one is chosen."""
    found = (
        Candidate.objects.alive()
        .filter(project=asked.project)
        .exclude(iid__in=asked.iids)
        .select_related("experiment")
    )
    if asked.experiments:
        found = found.filter(experiment__in=asked.experiments)
    return list(found.order_by("-started_ms", "eid")[:SUGGESTED])
