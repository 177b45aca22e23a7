"""Tiles of four points, so that series that a test can log have several levels."""

from tracker import adding, curves, points, recording, tiles, tiling
from tracker.models import Metric
from tracker.models.candidates import TILED_FROM


def make_small(monkeypatch):
    for room, name, value in (
        (tiling, "BASE", 2),
        (tiling, "SIZE", 4),
        (tiling, "CHUNK", 16),
        (tiling, "APPENDED_FROM", 4),
        (tiles, "BASE", 2),
        (tiles, "OVERVIEW", 4),
        (curves, "MAX_READ", 24),
    ):
        monkeypatch.setattr(room, name, value)
    for room, name in (
        (points, "UPDATE_ONE"),
        (points, "UPDATE_MANY"),
        (adding, "ADD"),
    ):
        statement = getattr(room, name)
        marking = statement.replace(f"count >= {TILED_FROM} ", "count >= 4 ")
        assert marking != statement
        monkeypatch.setattr(room, name, marking)


def log(candidate, rows, key="loss"):
    recording.log_batch(
        candidate,
        metrics=[recording.Point(key, value, at, step) for step, at, value in rows],
    )


def build(candidate, key="loss"):
    """As the task would: whatever the series says of itself must be enough."""
    metric = Metric.objects.get(candidate=candidate, key=key)
    Metric.objects.filter(pk=metric.pk).update(
        tile_after_ms=0, tile_at=min(metric.tile_at, metric.tiled + 4)
    )
    tiling.build(metric.pk)
    return Metric.objects.get(pk=metric.pk)
