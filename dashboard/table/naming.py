"""Naming configurations by the parameters that tell them apart, and by no others."""

from collections.abc import Iterable, Mapping

from dashboard.table.columns import Column
from tracker.models import Kind, Param, Tag
from tracker.numbers import as_number
from tracker.seeds import is_seed

# Beyond so many keys a name is no name; what is still alike then is told by its number.
MAX_KEYS = 5

Known = Mapping[str, str]  # the params of a candidate


def telling(configurations: Mapping[int, Known]) -> list[str]:
    """As few keys as tell these apart, the one that tells most first.

    Greedy: each next key is the one that splits what the keys before it leave together
    into the most parts. Seeds do not count, and of two keys that say the same (a depth
    and the model's name) only one is taken.
    """
    keys = {key for known in configurations.values() for key in known}
    # A word says by itself what it is about; a number needs its key.
    left = sorted(
        (key for key in keys if not is_seed(key)),
        key=lambda key: (is_numeric(configurations, key), key),
    )
    parts = dict.fromkeys(configurations, 0)  # by candidate, the part it is in
    found: list[str] = []
    while left and len(found) < MAX_KEYS and len(set(parts.values())) < len(parts):
        split = {key: divided(parts, configurations, key) for key in left}
        best = max(left, key=lambda key: len(set(split[key].values())))
        if len(set(split[best].values())) == len(set(parts.values())):
            break
        parts = split[best]
        found.append(best)
        left.remove(best)
    return found


def is_numeric(configurations: Mapping[int, Known], key: str) -> bool:
    values = (known.get(key) for known in configurations.values())
    return all(value is None or as_number(value) is not None for value in values)


def divided(
    parts: Mapping[int, int], configurations: Mapping[int, Known], key: str
) -> dict[int, int]:
    """The parts, each split by the values of a key."""
    numbers: dict[tuple[int, str | None], int] = {}
    return {
        pk: numbers.setdefault((part, configurations[pk].get(key)), len(numbers))
        for pk, part in parts.items()
    }


def alike(configurations: Mapping[int, Known], keys: Iterable[str]) -> set[int]:
    """Those that share their values of these keys with another one."""
    keys = list(keys)
    seen: dict[tuple[str | None, ...], list[int]] = {}
    for pk, known in configurations.items():
        seen.setdefault(tuple(known.get(key) for key in keys), []).append(pk)
    return {pk for same in seen.values() if len(same) > 1 for pk in same}


def values_of(
    candidates: Iterable[int], columns: Iterable[Column]
) -> dict[int, dict[Column, str]]:
    """What these have in columns of params and tags. A query for each kind."""
    found: dict[int, dict[Column, str]] = {pk: {} for pk in candidates}
    for model, kind in ((Param, Kind.PARAM), (Tag, Kind.TAG)):
        of_kind = {column.key: column for column in columns if column.kind == kind}
        if of_kind:
            rows = model.objects.filter(candidate__in=list(found), key__in=of_kind)
            for pk, key, value in rows.values_list("candidate_id", "key", "value"):
                found[pk][of_kind[key]] = value
    return found


def params_of(
    candidates: Iterable[int], keys: Iterable[str] | None = None
) -> dict[int, dict[str, str]]:
    """Every param of these, or those with these keys; an entry for each. One query."""
    found: dict[int, dict[str, str]] = {pk: {} for pk in candidates}
    rows = Param.objects.filter(candidate__in=list(found))
    if keys is not None:
        rows = rows.filter(key__in=list(keys))
    for pk, key, value in rows.values_list("candidate_id", "key", "value"):
        found[pk][key] = value
    return found
