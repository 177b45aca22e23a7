"""Leaderboards of experiments: their rows from the database, and as pages show them."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.core.cache import caches
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from dashboard import directions, find, primary
from dashboard.charts import leaderboard, svg
from dashboard.charts.drawings import groups
from dashboard.charts.leaderboard import MAX_ROWS, Row, Value
from dashboard.charts.statistics import ENOUGH
from dashboard.directions import Direction, direction
from dashboard.find import Opened
from dashboard.table import live, naming
from dashboard.templatetags.tracker_tags import shown
from tracker.models import Candidate, Experiment, Metric, Param, Project, Star, User
from tracker.seeds import SEEDS

MAX_VALUES = 20_000
# A board of all is kept until the table's version changes, and so long at most: values
# that reach a candidate after its end change no version.
KEPT_SECONDS = 30
COLUMNS = {
    Direction.MAX: "max_value",
    Direction.MIN: "min_value",
    Direction.NONE: "value",
}


class Line(NamedTuple):
    """A row of the board as the page shows it."""

    row: Row
    name: str
    picture: SafeString
    words: str  # leader, tie, worse by …
    url: str  # its candidates, as a filtered table
    interval: str  # "± 0.002"


def kept(there: Opened, key: str) -> tuple[list[Row], bool]:
    """The board of all candidates: ten thousand of them are not read for each visitor."""
    said = repr((there.experiment.pk, key, direction(key), live.version(there)))
    name = f"board-{hashlib.blake2b(said.encode(), digest_size=16).hexdigest()}"
    cache = caches["process"]
    board: tuple[list[Row], bool] | None = cache.get(name)
    if board is None:
        board = board_of(there, None, key)
        cache.set(name, board, KEPT_SECONDS)
    return board


def board_of(
    there: Opened, matching_rows: QuerySet[Candidate] | None, key: str
) -> tuple[list[Row], bool]:
    """Two queries: the values, and the seeds of those that are shown."""
    towards = direction(key)
    column = COLUMNS[towards]
    rows = Metric.objects.filter(
        experiment=there.experiment, key=key, candidate__deleted_at=None
    ).exclude(**{f"{column}__isnull": True})
    if towards is Direction.NONE:
        rows = rows.filter(is_nan=False)
    if matching_rows is not None:
        rows = rows.filter(candidate__in=matching_rows.order_by().values("pk"))
    known = list(
        rows.values_list("candidate_id", "candidate__config", "candidate__iid", column)[
            :MAX_VALUES
        ]
    )
    values: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for pk, config, iid, value in known:
        # Without parameters nobody knows whether two are repeats.
        values[config or -pk].append((pk, iid, value))
    sign = -1 if towards is Direction.MIN else 1
    in_order = sorted(
        values,
        key=lambda config: (
            -sign * sum(v / len(values[config]) for *_, v in values[config])
        ),
    )
    # Many that were tried once may not push out those that can be ranked.
    sure = [config for config in in_order if len(values[config]) >= ENOUGH]
    best = list(dict.fromkeys([*sure[: MAX_ROWS // 2], *in_order]))[:MAX_ROWS]
    seeds = seeds_of([pk for config in best for pk, *_ in values[config]])
    board = leaderboard.board(
        {
            config: [
                Value(iid, seeds.get(pk, ""), value)
                for pk, iid, value in values[config]
            ]
            for config in best
        },
        towards,
    )
    return board, len(known) == MAX_VALUES


def seeds_of(ids: Sequence[int]) -> dict[int, str]:
    named = Q(key__in=SEEDS) | Q(key__endswith="_seed") | Q(key__endswith="/seed")
    found: dict[int, list[str]] = defaultdict(list)
    rows = Param.objects.filter(named, candidate__in=ids).order_by("key")
    for pk, key, value in rows.values_list("candidate_id", "key", "value"):
        found[pk].append(f"{key}={value}")
    return {pk: ",".join(said) for pk, said in found.items()}


def lines(there: Opened, rows: Sequence[Row]) -> list[Line]:
    """One query for the names."""
    firsts = list(
        Candidate.objects.filter(
            project=there.experiment.project_id,
            iid__in=[row.values[0].iid for row in rows],
        ).only("iid", "name")
    )
    by_iid = {candidate.iid: candidate for candidate in firsts}
    names = groups.told_apart(naming.params_of([c.pk for c in firsts]), firsts)
    ends = [
        end
        for row in rows
        for end in (
            row.said.mean - (row.said.half_width or 0),
            row.said.mean + (row.said.half_width or 0),
        )
    ]
    scale = svg.scale_of(ends, margin=0.04)
    table = reverse(
        "experiment", args=[there.experiment.project.slug, there.experiment.iid]
    )
    made = []
    for row in rows:
        first = by_iid.get(row.values[0].iid)
        numbers = ", ".join(str(value.iid) for value in row.values[:100])
        made.append(
            Line(
                row,
                names[first.pk] if first else f"#{row.values[0].iid}",
                svg.whisker(row.said.mean, row.said.half_width, scale),
                words(row),
                f"{table}?{urlencode({'q': f'number in ({numbers})'})}",
                f"±{shown(row.said.half_width, 2)}"
                if row.said.half_width is not None
                else "",
            )
        )
    return made


def words(row: Row) -> str:
    if row.rank is None:
        many = row.said.n
        return f"not enough repeats: {many} of 3"
    if row.gap is None:
        return "leader"
    gap = row.gap
    between = f"{shown(gap.low, 2)} … {shown(gap.high, 2)}"
    p = "p < 0.001" if gap.p < 0.001 else f"p = {gap.p:.3f}"
    if row.is_tie:
        return f"tie: difference {shown(gap.mean, 2)} ({between}), {p}"
    return f"worse by {shown(abs(gap.mean), 2)} ({between}), {p}"


# ---------------------------------------------------------------- of several experiments

MAX_STARRED = 3
TOP = 3


class Starred(NamedTuple):
    """The top of the board of an experiment that a person has starred."""

    experiment: Experiment
    key: str
    words: str  # which way it is better
    lines: list[Line]


def starred(project: Project, user: User | AnonymousUser) -> list[Starred]:
    """Those of the experiments that this person starred last and that have a metric."""
    if not user.is_authenticated:
        return []
    stars = Star.objects.filter(user=user, experiment__in=project.experiments.alive())
    rows = stars.order_by("-pk").values_list("experiment_id", "experiment__iid")
    chosen = dict(rows[:MAX_STARRED])
    columns = primary.primaries(chosen) if chosen else {}
    found = []
    for pk, iid in chosen.items():
        # Its own rules hold for its own board alone.
        with directions.within(None):
            there = find.experiment(project, iid)
            key = there.primary or (columns[pk].key if pk in columns else "")
            board, _ = kept(there, key) if key else ([], False)
            if board:
                ranked = sorted(board, key=lambda row: row.rank is None)
                top = lines(there, ranked[:TOP])
                found.append(Starred(there.experiment, key, direction(key).words, top))
    return found
