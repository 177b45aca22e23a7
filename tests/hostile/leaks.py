"""What no answer may give away: code, SQL, tables, paths, names of libraries."""

import re

ANYWHERE = (
    r"Traceback|site-packages|\.py\b|File \"|line \d+, in"
    r"|SELECT .* FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|UNIQUE constraint"
    r"|violates|constraint failed|sqlite3|psycopg|/tmp/|/home/|/usr/|/root/"
)
WORDS = re.compile(ANYWHERE)
# A page may load django-htmx's script, and says what SQLite is; a message may not.
MESSAGE = re.compile(
    rf"{ANYWHERE}|sqlite|postgres|django|msgspec|granian|orjson|lark\b"
    r"|tracker_|artifacts_|dashboard_|/etc/",
    re.I,
)


def found_in(message, *, sent=""):
    """The words of an error's message that are not the sender's own."""
    return sorted({word for word in MESSAGE.findall(message) if word not in sent})


def on_page(text, *, sent=""):
    return sorted({word for word in WORDS.findall(text) if word not in sent})
