"""Long lists of rows, shaped a part at a time.

What rows hold is asked for by their keys, and a statement takes only so many: SQLite at
its smallest refuses more than 32,766. An answer may hold more rows than that.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

SIZE = 5000

P = ParamSpec("P")
T = TypeVar("T")

Shaper = Callable[Concatenate[list[T], P], Iterable[Any]]


def in_parts(shape: Shaper[T, P]) -> Callable[Concatenate[Iterable[T], P], list[Any]]:
    """Let the shaper see no more than `SIZE` rows at a time."""

    @functools.wraps(shape)
    def shape_all(rows: Iterable[T], /, *args: P.args, **kwargs: P.kwargs) -> list[Any]:
        rows = list(rows)
        parts = (rows[start : start + SIZE] for start in range(0, len(rows), SIZE))
        return [one for part in parts for one in shape(part, *args, **kwargs)]

    return shape_all
