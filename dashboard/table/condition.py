"""Conditions of a filter that people put together from a name, an operator and a value."""

import re

from dashboard.table.columns import AGGREGATES, ATTRIBUTE, Catalogue, Column
from tracker.models import Kind

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "like", "ilike", "~", "is null")
UNARY = ("is null", "is not null")
# What can be asked about a candidate itself, in the order of how often people do.
ATTRIBUTES = (
    "status",
    "name",
    "user",
    "start",
    "duration",
    "parent",
    "commit",
    "branch",
)
MAX_CHOICES = 300

PLAIN_KEY = re.compile(r"[^\W\d][\w./:-]*\Z")
BARE_VALUE = re.compile(
    r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[a-zA-Z]{0,3}\Z|\d{4}-\d\d-\d\d[T\d:]*\Z",
    re.ASCII,
)
LIST = re.compile(r"\(.*\)\Z", re.DOTALL)
COMPARISON = re.compile(
    r"(?P<name>[^\s=!<>~()'\"`]+|[^\s=!<>~()'\"`]*[`\"][^`\"]+[`\"][.\w()]*)\s*"
    r"(?P<operator>!=|<=|>=|=|<|>|!~|~|\bnot\s+in\b|\bin\b|\bi?like\b"
    r"|\bis\s+not\s+null\b|\bis\s+null\b)\s*(?P<value>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠"}


def written(address: str, operator: str, value: str) -> str:
    """The condition as text, its name with the kind in front; empty without a name."""
    kind, colon, key = address.strip()[:260].partition(":")
    if not colon:
        kind, key = ATTRIBUTE, kind
    if not key:
        return ""
    operator = operator if operator in (*OPERATORS, *UNARY) else "="
    name = key if kind == ATTRIBUTE else f"{kind}:{quoted_key(key, kind)}"
    if operator in UNARY:
        return f"{name} {operator}"
    return f"{name} {operator} {quoted(value.strip()[:1000])}"


def quoted_key(key: str, kind: str) -> str:
    if PLAIN_KEY.match(key):
        return key
    stem, dot, aggregate = key.rpartition(".")
    if kind == Kind.METRIC and dot and aggregate in AGGREGATES:
        return f"`{stem}`.{aggregate}"  # a summary stands behind what is quoted
    return f"`{key}`"


def quoted(value: str) -> str:
    """A number or a time as it is; anything else as text."""
    if BARE_VALUE.match(value) or LIST.match(value):
        return value
    mark = '"' if "'" in value else "'"
    return f"{mark}{value}{mark}"


def joined(text: str, added: str) -> str:
    """Both must hold."""
    if not text or not added:
        return text or added
    if re.search(r"\bor\b", text, re.IGNORECASE):
        text = f"({text})"
    return f"{text} and {added}"


def parts(text: str) -> tuple[str, str, str] | None:
    """Name, operator and value of a plain comparison, as a chip shows them."""
    found = COMPARISON.match(text)
    if not found or len(text) > 200:
        return None
    name = re.sub(r"^[mpta]:|^(metrics|params|tags|attributes)\.", "", found["name"])
    operator = " ".join(found["operator"].lower().split())
    return name.strip('`"'), SIGNS.get(operator, operator), found["value"].strip("'\"")


def choices(catalogue: Catalogue) -> list[tuple[str, str]]:
    """Names to choose from: address and words. More than these can be typed."""
    metrics = [Column(Kind.METRIC, key) for key in catalogue.metrics_by_weight()]
    params = [Column(Kind.PARAM, e.key) for e in catalogue.of_kind(Kind.PARAM)]
    tags = [
        Column(Kind.TAG, e.key)
        for e in catalogue.of_kind(Kind.TAG)
        if not e.key.startswith("mlflow.")
    ]
    keyed = [
        (f"{column.kind}:{column.key}", f"{Kind(column.kind).label}")
        for column in [*metrics[:MAX_CHOICES], *params[:MAX_CHOICES], *tags[:50]]
    ]
    return [*((f"a:{name}", "Attribute") for name in ATTRIBUTES), *keyed]
