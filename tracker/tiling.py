"""Building tiles: long series condensed ahead of time, by a task.

A metric's row says what waits: more points than tiles cover (`count` reached `tile_at`),
or a point that came late among those they cover (`dirty_step`). Nobody has to be woken,
so no message can be lost. `tile_after_ms` is the lease of the worker that builds, and
then the time until the series may be looked at again.

While points arrive in order, tiles are only appended. After a late one they are built
anew from its place on. Readers never wait for it: see tiles.
"""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Min, Q, QuerySet

from tracker.models import Metric, Point, Tile
from tracker.models.states import now_ms
from tracker.summary import Row

T = TypeVar("T")

# The lowest tiles cover 2 ** BASE points.
BASE = 7
SIZE = 1 << BASE
# Points that are read, condensed and committed together.
CHUNK = 256 * SIZE
# More points than these wait for their tiles once there are some.
APPENDED_FROM = 4 * SIZE

LEASE_MS = 1000 * settings.LEASE_SECONDS
# Who makes the same tiles stale again and again gets a tenth of a worker at most.
REST_FACTOR = 9
LONGEST_REST_MS = 10 * 60_000
BATCH = 200


class LeaseLost(Exception):
    """Somebody else builds this series now."""


def due(limit: int = BATCH) -> list[int]:
    """Series that wait for tiles, those that wait longest first."""
    free = Metric.objects.filter(tile_after_ms__lte=now_ms()).order_by("tile_after_ms")
    found = [
        *free.filter(dirty_step__isnull=False).values_list("pk", flat=True)[:limit],
        *free.filter(count__gte=F("tile_at")).values_list("pk", flat=True)[:limit],
    ]
    return list(dict.fromkeys(found))


def build(pk: int) -> int:
    """Bring the tiles of a series up to date. Returns how many points were condensed.

    May run at any time, twice, or at once in two workers.
    """
    began = time.monotonic()
    lease = claim(pk)
    if lease is None:
        return 0
    done = 0
    try:
        lease = trim(pk, lease)
        while number := append(pk, lease):
            done += number
            lease = renew(pk, lease)
    except LeaseLost:
        return done
    spent = 1000 * (time.monotonic() - began)
    rest = min(round(REST_FACTOR * spent), LONGEST_REST_MS)
    Metric.objects.filter(pk=pk, tile_after_ms=lease).update(
        tile_at=F("tiled") + APPENDED_FROM, tile_after_ms=now_ms() + rest
    )
    return done


# ---------------------------------------------------------------- the lease


def claim(pk: int) -> int | None:
    now = now_ms()
    waits = Q(dirty_step__isnull=False) | Q(count__gte=F("tile_at"))
    free = Metric.objects.filter(waits, pk=pk, tile_after_ms__lte=now)
    return now + LEASE_MS if free.update(tile_after_ms=now + LEASE_MS) else None


def renew(pk: int, lease: int) -> int:
    new = max(now_ms() + LEASE_MS, lease + 1)
    if not Metric.objects.filter(pk=pk, tile_after_ms=lease).update(tile_after_ms=new):
        raise LeaseLost
    return new


def held(pk: int, lease: int) -> Metric:
    """The series, locked, as long as the lease is ours."""
    held = Metric.objects.select_for_update(no_key=True)
    series = held.filter(pk=pk, tile_after_ms=lease).first()
    if series is None:
        raise LeaseLost
    return series


# ---------------------------------------------------------------- late points


def trim(pk: int, lease: int) -> int:
    """Take away the tiles that a late point made wrong."""
    with transaction.atomic():
        series = held(pk, lease)
        if series.dirty_step is None or series.dirty_timestamp is None:
            return lease
        good = untouched(series) * SIZE
        beyond = Q()
        for level in levels(series.tiled):
            beyond |= Q(level=level, number__gte=good >> level)
        if beyond:
            Tile.objects.filter(beyond, metric=series).delete()
        Metric.objects.filter(pk=pk).update(
            tiled=good,
            tile_at=min(series.tile_at, good + APPENDED_FROM),
            dirty_step=None,
            dirty_timestamp=None,
        )
    return renew(pk, lease)


def untouched(series: Metric) -> int:
    """How many of the lowest tiles lie before the first late point."""
    step, timestamp = series.dirty_step, series.dirty_timestamp
    touched = Tile.objects.filter(metric=series, level=BASE).filter(
        Q(last_step__gt=step) | Q(last_step=step, last_timestamp__gte=timestamp)
    )
    first = touched.aggregate(first=Min("number"))["first"]
    return int(series.tiled // SIZE if first is None else first)


def levels(points: int) -> range:
    """The levels on which so many points fill a tile."""
    return range(BASE, points.bit_length())


# ---------------------------------------------------------------- appending


def append(pk: int, lease: int) -> int:
    """Condense the next points. Returns how many; none are left where it is zero."""
    series = Metric.objects.filter(pk=pk).first()
    if series is None:  # purged
        raise LeaseLost
    last = (
        Tile.objects.filter(metric=pk, level=BASE, number=series.tiled // SIZE - 1)
        .values_list("last_step", "last_timestamp", "last_value", "last_is_nan")
        .first()
    )
    rows = following(pk, Row(*last) if last else None)[:CHUNK]
    full = [condensed(part) for part in parts(list(rows), SIZE)]
    if not full:
        return 0
    with transaction.atomic():
        now = held(pk, lease)
        if now.tiled != series.tiled:
            raise LeaseLost
        # A point that came late meanwhile may be missing from what was read.
        if now.dirty_step is not None and now.dirty_timestamp is not None:
            late = (now.dirty_step, now.dirty_timestamp)
            full = [one for one in full if (one.last_step, one.last_timestamp) < late]
        write(pk, series.tiled, full)
        Metric.objects.filter(pk=pk).update(tiled=series.tiled + len(full) * SIZE)
    return len(full) * SIZE


def following(pk: int, last: Row | None) -> QuerySet[Point, Any]:
    points = Point.objects.filter(metric=pk)
    if last is not None:
        points = points.filter(pk__gt=(pk, *last))
    by_rank = ("step", "timestamp", "value", "is_nan")
    return points.order_by(*by_rank).values_list(*by_rank)


def write(pk: int, tiled: int, lowest: Sequence["Condensed"]) -> None:
    """Store tiles that follow the first `tiled` points, and all above that they fill."""
    left = waiting(pk, tiled)
    rows: list[tuple[Any, ...]] = []
    new, level, number = list(lowest), BASE, tiled >> BASE
    while new:
        rows += [(pk, level, number + at, *one) for at, one in enumerate(new)]
        if number % 2:  # its left half is stored already
            new = [left[level], *new]
        new = [merged(*pair) for pair in parts(new, 2)]
        level, number = level + 1, number // 2
    insert(rows)


def waiting(pk: int, tiled: int) -> dict[int, "Condensed"]:
    """Of each level the last tile, where it is the left half of one to come."""
    halves = [level for level in levels(tiled) if (tiled >> level) % 2]
    wanted = Q()
    for level in halves:
        wanted |= Q(level=level, number=(tiled >> level) - 1)
    if not halves:
        return {}
    found = Tile.objects.filter(wanted, metric=pk)
    return {
        level: Condensed(*row)
        for level, *row in found.values_list("level", *Condensed._fields)
    }


def insert(rows: Iterable[tuple[Any, ...]]) -> None:
    columns = ["metric_id", "level", "number", *Condensed._fields]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO tracker_tile ({', '.join(columns)})"
            f" VALUES ({', '.join(['%s'] * len(columns))})",
            list(rows),
        )


def parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """One after the other, without what is left over at the end."""
    for start in range(0, len(items) - size + 1, size):
        yield items[start : start + size]


# ---------------------------------------------------------------- condensing


class Condensed(NamedTuple):
    """What a tile says of its points: see models.Tile."""

    first_step: int
    first_timestamp: int
    first_value: float
    first_is_nan: bool
    last_step: int
    last_timestamp: int
    last_value: float
    last_is_nan: bool
    min_timestamp: int
    max_timestamp: int
    finite: int
    low_value: float | None = None
    low_step: int | None = None
    low_timestamp: int | None = None
    high_value: float | None = None
    high_step: int | None = None
    high_timestamp: int | None = None
    mean: float | None = None
    mean_step: float | None = None
    mean_timestamp: float | None = None
    odd_step: int | None = None
    odd_timestamp: int | None = None
    odd_value: float | None = None


def condensed(points: Sequence[tuple[int, int, float, bool]]) -> Condensed:
    """A tile over points in their order."""
    times = [timestamp for _, timestamp, _, _ in points]
    finite = [point for point in points if not point[3] and math.isfinite(point[2])]
    tile = Condensed(*points[0], *points[-1], min(times), max(times), len(finite))
    if finite:
        number = len(finite)
        # Among equals the first, as Python's min and max take it.
        low = min(finite, key=value_of)
        high = max(finite, key=value_of)
        tile = tile._replace(
            low_value=low[2],
            low_step=low[0],
            low_timestamp=low[1],
            high_value=high[2],
            high_step=high[0],
            high_timestamp=high[1],
            mean=math.fsum(point[2] / number for point in finite),
            mean_step=sum(point[0] for point in finite) / number,
            mean_timestamp=sum(point[1] for point in finite) / number,
        )
    if len(finite) < len(points):
        odd = next(p for p in points if p[3] or not math.isfinite(p[2]))
        tile = tile._replace(
            odd_step=odd[0], odd_timestamp=odd[1], odd_value=None if odd[3] else odd[2]
        )
    return tile


def value_of(point: tuple[int, int, float, bool]) -> float:
    return point[2]


def merged(left: Condensed, right: Condensed) -> Condensed:
    """A tile over two neighbours."""
    low = right if is_lower(right, left) else left
    high = right if is_higher(right, left) else left
    odd = left if left.odd_step is not None else right
    return Condensed(
        *left[:4],
        *right[4:8],
        min_timestamp=min(left.min_timestamp, right.min_timestamp),
        max_timestamp=max(left.max_timestamp, right.max_timestamp),
        finite=left.finite + right.finite,
        low_value=low.low_value,
        low_step=low.low_step,
        low_timestamp=low.low_timestamp,
        high_value=high.high_value,
        high_step=high.high_step,
        high_timestamp=high.high_timestamp,
        mean=weighted(left, right, left.mean, right.mean),
        mean_step=weighted(left, right, left.mean_step, right.mean_step),
        mean_timestamp=weighted(left, right, left.mean_timestamp, right.mean_timestamp),
        odd_step=odd.odd_step,
        odd_timestamp=odd.odd_timestamp,
        odd_value=odd.odd_value,
    )


def is_lower(one: Condensed, other: Condensed) -> bool:
    if one.low_value is None or other.low_value is None:
        return other.low_value is None
    return one.low_value < other.low_value


def is_higher(one: Condensed, other: Condensed) -> bool:
    if one.high_value is None or other.high_value is None:
        return other.high_value is None
    return one.high_value > other.high_value


def weighted(
    left: Condensed, right: Condensed, a: float | None, b: float | None
) -> float | None:
    if a is None or b is None:
        return b if a is None else a
    share = left.finite / (left.finite + right.finite)
    return a * share + b * (1 - share)
