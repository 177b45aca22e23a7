"""What may be the key of a param, a metric or a tag, and how long texts may be.

A key may turn into a file's name somewhere, so it must be its own normal path.
"""

import functools
import json
import posixpath
import re

from tracker.errors import Invalid

MAX_KEY_CHARS = 250
MAX_PARAM_CHARS = 6000
MAX_TAG_CHARS = 8000
MAX_EXPERIMENT_TAG_CHARS = 20_000

# Letters and digits of any script.
KEY = re.compile(r"[/\w.\- :]*\Z")
QUOTED_CHARS = 200


@functools.lru_cache(10_000)
def is_fine(key: str) -> bool:
    """Whether it can be a key. Scripts report the same ones again and again."""
    try:
        check(key, "key")
    except Invalid:
        return False
    return True


def check(key: str, parameter: str) -> None:
    """Raises Invalid for a key that cannot be one; `parameter` is what the caller calls it."""
    if not KEY.match(key):
        raise Invalid(
            f"Invalid value {echoed(key)} for parameter '{parameter}' supplied: Names may"
            " only contain alphanumerics, underscores (_), dashes (-), periods (.),"
            " spaces ( ), colons (:) and slashes (/)."
        )
    normal = posixpath.normpath(key)
    if normal != key or normal == "." or normal.startswith(("..", "/")):
        raise Invalid(
            f"Invalid value {echoed(key)} for parameter '{parameter}' supplied: Names may"
            " be treated as files in certain cases, and must not resolve to other names"
            f" when treated as such. This name would resolve to {quoted(normal)}."
        )
    check_length(key, MAX_KEY_CHARS, parameter)


def check_length(text: str, limit: int, parameter: str) -> None:
    """Raises Invalid for a text that is too long to be kept."""
    if len(text) > limit:
        raise Invalid(
            f"'{parameter}' exceeds the maximum length of {limit} characters."
        )


def quoted(text: str) -> str:
    """A text as a message may show it: escaped, and no more than its beginning."""
    return repr(text[:QUOTED_CHARS])


def echoed(text: str) -> str:
    """The beginning of a text as the message had it: in JSON's quotes."""
    return json.dumps(text[:QUOTED_CHARS])


def shown(text: str) -> str:
    """The beginning of a text without quotes: of ids, which clients look for in messages."""
    return text[:QUOTED_CHARS]
