"""Reading tiles: a series of any length in as many rows as a chart has pixels.

Tiles may lag behind the points, and a late point makes some of them wrong until they are
built anew. So they are read up to there, and points from there on: never wrong, at worst
slower. What the end of a range cuts through is read from its points as well, and so are
tiles that span much more of the axis than others, as far as that is cheap.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from django.db import connection
from django.db.models import Min, Q

from tracker import cutting
from tracker.cutting import Axis, Between, Bucket, Odd, Plan, places
from tracker.models import Metric, Tile
from tracker.summary import Row
from tracker.tiling import BASE

# About as many tiles find a range in a series.
OVERVIEW = 64
# A tile that spans as much of the axis as so many buckets should is looked into.
WIDE = 6
FEW = 8


class View(NamedTuple):
    """What a chart looks at, and into how many buckets it cuts each series."""

    axis: Axis
    between: Between | None
    buckets: int


class Stretch(NamedTuple):
    """A part of a series: from one point's number to before another's."""

    first: int
    behind: int
    # The last point before it and its own last one, where they are known.
    after: Row | None = None
    upto: Row | None = None

    @property
    def length(self) -> int:
        return self.behind - self.first


class Seen(NamedTuple):
    """A tile as a chart reads it."""

    level: int
    number: int
    begin: int  # on the axis: a step or a timestamp
    end: int
    last_step: int
    last_timestamp: int
    last_value: float
    last_is_nan: bool
    # As a Bucket has them: there are thousands, and none is copied into one.
    low_at: int
    low: float
    high_at: int
    high: float
    points: int
    mean: float | None
    at: float
    odd_at: int | None
    odd: float | None

    @property
    def last(self) -> Row:
        return Row(*self[4:8])

    @property
    def first(self) -> int:
        return self.number << self.level

    @property
    def behind(self) -> int:
        return (self.number + 1) << self.level


class Found(NamedTuple):
    """What is drawn and what no axis can hold, by the id of the metric."""

    buckets: Mapping[int, Sequence[Bucket | Seen]]
    odd: Mapping[int, list[Odd]]


def read(metrics: Sequence[Metric], view: View, *, at_most: int) -> Found:
    """The buckets of long series. About `at_most` of their points are read for it."""
    known, tails = tiled(metrics), dict[int, Row]()
    if view.between:
        known, tails = narrowed(metrics, known, view)
    is_short = sum(stretch.length for stretch in known.values()) <= at_most
    seen = {} if view.between and is_short else fetch(known, view.axis, view.buckets)
    room = Room(at_most // 2)
    plans: list[Plan] = []
    drawn: dict[int, list[Seen]] = {}
    for metric in metrics:
        if metric.pk not in known:
            plans.append(cutting.plan(metric, *view))
            continue
        stretch, tiles = known[metric.pk], seen.get(metric.pk, [])
        drawn[metric.pk], parts = sorted_out(metric, tiles, stretch, view, room)
        plans += parts + rest(metric, tiles, stretch, view, tails.get(metric.pk))
    plans = cutting.worthwhile(plans)
    buckets: dict[int, list[Bucket | Seen]] = defaultdict(list)
    for pk, cut in cutting.fetch(plans, view.axis).items():
        buckets[pk] += cut
    odd = cutting.odd_points(plans, view.axis, view.between)
    for metric in metrics:
        place = places(metric, view.axis)
        for tile in drawn.get(metric.pk, ()):
            if tile.points:
                buckets[metric.pk].append(tile)
            if tile.odd_at is not None:
                value = math.nan if tile.odd is None else tile.odd
                odd[metric.pk].append(Odd(place(tile.odd_at), value))
    return Found(buckets, odd)


def rest(
    metric: Metric,
    tiles: Sequence[Seen],
    stretch: Stretch,
    view: View,
    tail: Row | None,
) -> list[Plan]:
    """What is read from points because no tile covers it: mostly the last few hundred."""
    reached, last = stretch.first, stretch.after
    if tiles:
        reached, last = tiles[-1].behind, tiles[-1].last
    plans = []
    if view.between and reached < stretch.behind:
        plans.append(cutting.plan(metric, *view, after=last, upto=stretch.upto))
    if view.between:
        behind, last = metric.count, tail
    else:
        behind = max(1, metric.count - reached)
    # A few points may lie far apart: each has a bucket of its own.
    share = max(-(-view.buckets * behind // metric.count), min(behind, FEW))
    return [*plans, cutting.plan(metric, *view._replace(buckets=share), after=last)]


# ---------------------------------------------------------------- which tiles


def tiled(metrics: Sequence[Metric]) -> dict[int, Stretch]:
    """How far tiles can be trusted, of each series that has some."""
    touched = Q()
    for metric in metrics:
        if metric.tiled and metric.dirty_step is not None:
            step, timestamp = metric.dirty_step, metric.dirty_timestamp
            touched |= Q(metric=metric, last_step__gt=step) | Q(
                metric=metric, last_step=step, last_timestamp__gte=timestamp
            )
    wrong: dict[int, int] = {}
    if touched:
        lowest = Tile.objects.filter(touched, level=BASE).order_by()
        wrong = dict(lowest.values_list("metric").annotate(first=Min("number")))
    found = {
        metric.pk: Stretch(
            0, min(metric.tiled, wrong.get(metric.pk, metric.tiled) << BASE)
        )
        for metric in metrics
        if metric.tiled
    }
    return {pk: stretch for pk, stretch in found.items() if stretch.length}


def narrowed(
    metrics: Sequence[Metric], known: Mapping[int, Stretch], view: View
) -> tuple[dict[int, Stretch], dict[int, Row]]:
    """The stretch that reaches into the range, and the last point that has a tile."""
    assert view.between
    low, high = view.between
    stretches, tails = {}, {}
    seen = fetch(known, view.axis, OVERVIEW)
    for metric in metrics:
        tiles = seen.get(metric.pk)
        if not tiles:
            continue
        place = places(metric, view.axis)
        inside = [
            number
            for number, tile in enumerate(tiles)
            if low <= place(tile.end) and place(tile.begin) <= high
        ]
        stretches[metric.pk] = Stretch(0, 0)
        tails[metric.pk] = tiles[-1].last
        if inside:
            first, last = inside[0], inside[-1]
            after = tiles[first - 1].last if first else None
            stretches[metric.pk] = Stretch(
                tiles[first].first, tiles[last].behind, after, tiles[last].last
            )
    return stretches, tails


def level_for(length: int, buckets: int) -> int:
    """The finest on which so many points fill no more tiles than there are buckets."""
    return max(BASE, math.ceil(math.log2(max(1, length / buckets))))


def runs(stretch: Stretch, level: int) -> Iterator[tuple[int, int, int]]:
    """Level, first and last number of tiles that cover it, none above this level."""
    at = stretch.first
    while at < stretch.behind:
        fits = level
        while fits > BASE and (at % (1 << fits) or at + (1 << fits) > stretch.behind):
            fits -= 1
        number = (stretch.behind - at) >> fits if fits == level else 1
        yield fits, at >> fits, (at >> fits) + number - 1
        at += number << fits


# ---------------------------------------------------------------- reading them

ENDS = {
    "step": ("first_step", "last_step"),
    "timestamp": ("min_timestamp", "max_timestamp"),
}


def fetch(
    known: Mapping[int, Stretch], axis: Axis, buckets: int
) -> dict[int, list[Seen]]:
    """Tiles of some stretches, each in order and without a gap. One statement.

    A task may take tiles away meanwhile; then they end where the gap begins.
    """
    lines = [
        (pk, *run)
        for pk, stretch in known.items()
        for run in runs(stretch, level_for(stretch.length, buckets))
    ]
    if not lines:
        return {}
    at = "step" if axis == Axis.STEP else "timestamp"
    line = "(CAST(%s AS bigint), CAST(%s AS smallint), CAST(%s AS bigint), CAST(%s AS bigint))"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH run (metric, on_level, low, high) AS (VALUES {', '.join([line] * len(lines))})"
            f" SELECT metric_id, level, number, {', '.join(ENDS[at])},"
            " last_step, last_timestamp, last_value, last_is_nan,"
            f" low_{at}, low_value, high_{at}, high_value, finite, mean, mean_{at},"
            f" odd_{at}, odd_value"
            " FROM run CROSS JOIN tracker_tile"
            " WHERE metric_id = metric AND level = on_level AND number BETWEEN low AND high",
            [value for each in lines for value in each],
        )
        rows = cursor.fetchall()
    found: dict[int, list[Seen]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(Seen._make(row[1:]))
    return {
        metric: list(contiguous(tiles, known[metric].first))
        for metric, tiles in found.items()
    }


def contiguous(tiles: Iterable[Seen], first: int) -> Iterator[Seen]:
    # There are thousands of them: their properties would be called several times each.
    for tile in sorted(tiles, key=lambda tile: tile.number << tile.level):
        if tile.number << tile.level != first:
            return
        yield tile
        first += 1 << tile.level


# ---------------------------------------------------------------- looking into some

MAX_PARTS = 200


class Room:
    """Points that may be read besides."""

    def __init__(self, points: int) -> None:
        self.points = points
        self.parts = MAX_PARTS

    def take(self, points: int) -> bool:
        if points > self.points or not self.parts:
            return False
        self.points -= points
        self.parts -= 1
        return True


def sorted_out(
    metric: Metric, tiles: Sequence[Seen], stretch: Stretch, view: View, room: Room
) -> tuple[list[Seen], list[Plan]]:
    """Tiles that are drawn as they are, and plans for the points of others."""
    if not tiles:
        return [], []
    place = places(metric, view.axis)
    low, high = view.between or (place(tiles[0].begin), place(tiles[-1].end))
    width = (high - low) / view.buckets
    # Along the steps, or where time goes with them: a part of a tile is narrower.
    is_ordered = view.axis == Axis.STEP or metric.in_order
    drawn, parts = [], []
    before: Seen | None = None
    for tile in tiles:
        begin, end = place(tile.begin), place(tile.end)
        is_cut = view.between is not None and not low <= begin <= end <= high
        if is_cut and (end < low or begin > high):
            pass
        elif is_cut or (
            is_ordered and end - begin > WIDE * width and room.take(1 << tile.level)
        ):
            span = min(end, high) - max(begin, low)
            share = math.ceil(span / width) if width else 1
            piece = view._replace(buckets=max(1, min(share, view.buckets)))
            after = before.last if before else stretch.after
            parts.append(cutting.plan(metric, *piece, after=after, upto=tile.last))
        else:
            drawn.append(tile)
        before = tile
    return drawn, parts
