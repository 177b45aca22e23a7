"""Which way a metric gets better, confirmed or guessed, and which metric matters most."""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, NamedTuple


class Direction(StrEnum):
    MAX = "max"
    MIN = "min"
    NONE = "none"

    @property
    def words(self) -> str:
        """For people and screen readers; empty where nothing is known."""
        return {"max": "higher is better", "min": "lower is better"}.get(self, "")


# Long words count anywhere in a name, short ones only by themselves: "bitmap" is no mAP
# and "accel" no acc, while "acc_top5", "map50" and "valAcc" are what they look like.
LOWER = re.compile(
    r"loss|error|perplexity|latency"
    r"|(?<![a-z])(?:rmse|mse|mae|mape|ppl|wer|cer|nll)(?![a-z])"
)
HIGHER = re.compile(
    r"accuracy|precision|recall|score|reward"
    r"|(?<![a-z])(?:acc|auc|auroc|f1|r2|bleu|rouge|map|miou|iou|dice)(?![a-z])"
)
# A score's spread, or its place in a ranking, is no score.
NO_SCORE = re.compile(r"(?<![a-z])(?:std|stddev|stderr|var|variance|rank)(?![a-z])")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
VALIDATION = re.compile(r"(?<![a-z])(?:val|valid|validation|eval|test|dev)(?![a-z])")
SYSTEM = re.compile(r"system/")


def plain(key: str) -> str:
    """In lower case, with the words of `valAcc` set apart."""
    return CAMEL.sub("_", key).lower()


# What the people of the project whose page is being made have said about its metrics.
_confirmed: ContextVar[Mapping[str, Any]] = ContextVar("confirmed", default={})  # noqa: B039


def confirm(rules: Mapping[str, Any]) -> None:
    """From here on this request judges by these rules, and guesses about other keys."""
    _confirmed.set(rules)


VALUES = frozenset(Direction)


def narrow(rules: Mapping[str, Any] | None) -> None:
    """In an experiment with rules of its own these stand over the project's."""
    if rules:
        _confirmed.set({**_confirmed.get(), **rules})


@contextmanager
def within(rules: Mapping[str, Any] | None) -> Iterator[None]:
    """Inside, an experiment's own rules stand over the others."""
    before = _confirmed.get()
    narrow(rules)
    try:
        yield
    finally:
        _confirmed.set(before)


def rule(key: str) -> Mapping[str, Any]:
    """What was confirmed about a metric: direction, unit, digits; empty for nothing."""
    found: Mapping[str, Any] = _confirmed.get().get(key, {})
    return found


def direction(key: str) -> Direction:
    """As somebody confirmed, or else a guess."""
    said = rule(key).get("direction")
    return Direction(said) if said in VALUES else guess(key)


@functools.lru_cache(maxsize=20_000)
def guess(key: str) -> Direction:
    """By the name alone."""
    name = plain(key)
    if NO_SCORE.search(name):
        return Direction.NONE
    if LOWER.search(name):
        return Direction.MIN
    if HIGHER.search(name):
        return Direction.MAX
    return Direction.NONE


class Used(NamedTuple):
    """A metric key and how many candidates logged it; 0 where nobody has counted yet."""

    key: str
    candidates: int = 0


def by_weight(metrics: Iterable[Used]) -> list[str]:
    """Keys, the one to look at first in front: known direction, validation, often logged."""
    used = [metric for metric in metrics if not SYSTEM.match(metric.key)]
    most = max((metric.candidates for metric in used), default=0)

    def weight(metric: Used) -> tuple[bool, bool, bool, int, bool, int, str]:
        towards = direction(metric.key)
        return (
            metric.candidates * 2 < most,  # what most candidates lack says little
            towards is Direction.NONE,
            not VALIDATION.search(plain(metric.key)),
            -metric.candidates,
            towards is not Direction.MAX,
            len(metric.key),
            metric.key,
        )

    return [metric.key for metric in sorted(used, key=weight)]


def primary(metrics: Iterable[Used]) -> str | None:
    return next(iter(by_weight(metrics)), None)
