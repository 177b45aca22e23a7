"""Lists of keys and values, as messages carry them: read and checked, and written."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tracker import keys
from tracker.api.wire import KeyValue
from tracker.errors import Invalid

# Whoever creates something holds a lock meanwhile; more can follow in batches.
MAX_PAIRS = 1000


def read(pairs: Sequence[KeyValue], name: str, *, limit: int = 0) -> dict[str, str]:
    """As a mapping; of two with one key the last counts. `limit` is for the values.

    Raises Invalid for a bad key, named like `tags[2].key`, and for very many.
    """
    if len(pairs) > MAX_PAIRS:
        raise Invalid(
            f"A request can hold at most {MAX_PAIRS} {name}, not {len(pairs)}."
        )
    check_keys((pair.key for pair in pairs), f"{name}[%d].key")
    if limit:
        for index, pair in enumerate(pairs):
            keys.check_length(pair.value, limit, f"{name}[{index}].value")
    return {pair.key: pair.value for pair in pairs}


def read_once(
    pairs: Sequence[KeyValue], name: str, *, limit: int = 0
) -> dict[str, str]:
    """As a mapping, where each key may be named once. Raises Invalid."""
    mapping = read(pairs, name, limit=limit)
    if len(mapping) < len(pairs):
        times = Counter(pair.key for pair in pairs)
        twice = [key for key, number in times.items() if number > 1]
        raise Invalid(
            f"Duplicate parameter keys have been submitted: {twice[:10]}. Please ensure the"
            " request contains only one param value per param key."
        )
    return mapping


def check_keys(found: Iterable[str], path: str) -> None:
    """Raises Invalid for the first bad key; `path` says where it stands: `metrics[%d].name`."""
    for index, key in enumerate(found):
        if len(key) > keys.MAX_KEY_CHARS or not keys.is_fine(key):
            keys.check(key, path % index)
