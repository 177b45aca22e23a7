"""JSON within what scripts log: tags, sources of datasets, files. Anything may be in it."""

import json
import re
from typing import Any

# Half a pair, as JSON may spell it. No page, no file and no database can hold it.
SPELLED = re.compile(r"\\ud[89a-f]", re.IGNORECASE)
TOO_DEEP = "The JSON is nested too deeply."
HALVES = re.compile("[\ud800-\udfff]")


def parsed(text: str) -> Any:
    """Raises ValueError for anything that is not JSON, or is nested beyond reason."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    return whole(value) if SPELLED.search(text) else value


def whole(value: Any) -> Any:
    """The value with “�” for each half of a pair. Raises ValueError."""
    try:
        return _whole(value)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return HALVES.sub("�", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value
