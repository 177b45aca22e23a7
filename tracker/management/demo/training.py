"""Training that never happened: curves as a residual network on small images draws them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tracker.models import Status
from tracker.recording import Point

STEPS = 200
WARM_UP = 10
# Beyond this learning rate the loss runs away.
STEEPEST = 0.8


@dataclass(frozen=True)
class Setup:
    """What a person chose for one training."""

    lr: float
    depth: int
    batch_size: int
    weight_decay: float = 5e-4
    optimizer: str = "sgd"
    augment: bool = True
    seed: int = 0

    @property
    def params(self) -> dict[str, str]:
        return {
            "model": f"resnet{self.depth}",
            "depth": str(self.depth),
            "lr": f"{self.lr:g}",
            "batch_size": str(self.batch_size),
            "weight_decay": f"{self.weight_decay:g}",
            "optimizer": self.optimizer,
            "augment": str(self.augment).lower(),
            "epochs": str(STEPS),
            "seed": str(self.seed),
        }

    @property
    def ceiling(self) -> float:
        """The accuracy that this set-up reaches on data it has not seen."""
        off = math.log10(self.lr / 0.1)  # how far from the learning rate that fits
        depth = {18: 0.0, 34: 0.012, 50: 0.019}.get(self.depth, 0.0)
        size = -0.006 * abs(math.log2(self.batch_size / 128))
        augment = 0.0 if self.augment else -0.024
        return 0.921 - 0.034 * off * off + depth + size + augment


class Training:
    """The curves of one set-up, up to the step where it ended."""

    def __init__(self, setup: Setup, chance: Random) -> None:
        self.setup = setup
        self.chance = chance
        self.diverges = setup.lr >= STEEPEST
        self.ceiling = setup.ceiling + chance.gauss(0, 0.004)
        self.speed = 0.028 * (setup.lr / 0.1) ** 0.25

    def rate(self, step: int) -> float:
        """A warm-up, then half a cosine."""
        if step < WARM_UP:
            return self.setup.lr * (step + 1) / WARM_UP
        progress = (step - WARM_UP) / (STEPS - WARM_UP)
        return self.setup.lr * (1 + math.cos(math.pi * progress)) / 2

    def points(self, started_ms: int, step_ms: int, steps: int) -> Iterator[Point]:
        wander = 0.0
        for step in range(steps):
            now = started_ms + (step + 1) * step_ms
            learned = 1 - math.exp(-self.speed * (step + 1))
            # Large rates shake; as the rate falls, so does the noise.
            shake = 0.003 + 0.02 * self.rate(step) / 0.1 * (1 - 0.6 * learned)
            wander = 0.8 * wander + self.chance.gauss(0, min(shake, 0.03))
            accuracy = 0.1 + (self.ceiling - 0.1) * learned + wander * 0.5
            train = 2.3 * math.exp(-self.speed * 1.35 * step) + 0.02
            gap = 0.18 * learned * (1.0 if self.setup.augment else 1.8)
            loss = train + gap + abs(wander)
            if self.diverges and step > 30:
                train *= math.exp((step - 30) / 4)
                loss = train * 1.1
                accuracy = 0.1 + self.chance.gauss(0, 0.004)
            if self.diverges and step > 60:
                train = loss = math.nan
            yield Point("train/loss", self.rough(train), now, step)
            yield Point("val/loss", self.rough(loss), now, step)
            yield Point("val/acc", round(min(accuracy, 0.999), 5), now, step)
            yield Point("lr", round(self.rate(step), 7), now, step)

    def rough(self, value: float) -> float:
        return round(value * (1 + self.chance.gauss(0, 0.012)), 5)

    def ending(self) -> tuple[Status, int]:
        """How it ended, and after how many steps."""
        return (Status.FAILED, 64) if self.diverges else (Status.FINISHED, STEPS)


def machine(
    chance: Random, started_ms: int, ended_ms: int, samples: int = 60
) -> Iterator[Point]:
    """What MLflow's thread of system metrics reports meanwhile."""
    for step in range(samples):
        now = started_ms + (ended_ms - started_ms) * step // samples
        busy = 0.0 if step < 2 else 1.0
        for name, value in {
            "cpu_utilization_percentage": 18 + 40 * busy + chance.gauss(0, 6),
            "system_memory_usage_megabytes": 9_000
            + 4_200 * busy
            + chance.gauss(0, 150),
            "gpu_0_utilization_percentage": 3 + 91 * busy + chance.gauss(0, 2.5),
            "gpu_0_memory_usage_megabytes": 600 + 10_400 * busy + chance.gauss(0, 20),
        }.items():
            yield Point(f"system/{name}", round(max(value, 0), 2), now, step)
