"""A dataset that a candidate read: its columns and its profile, as MLflow's client logs them.

Both are JSON of the client's making. What is not understood is shown as the text it is.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models.functions import Length, Substr

from dashboard import about
from dashboard.candidate.logged_models import Field, field
from dashboard.templatetags.tracker_tags import grouped
from tracker import documents
from tracker.models import Candidate, DatasetUse

MAX_CHARS = 256 * 1024
MAX_FIELDS = 1000
MAX_ROWS = 200
MAX_COLUMNS = 20


class Table(NamedTuple):
    """What the profile says of each column."""

    name: str
    header: list[str]
    rows: list[tuple[str, list[str]]]


class Described(NamedTuple):
    read: about.Read
    kind: str  # where it lies: local, s3, delta_table, code
    fields: list[Field]
    has_parts: bool  # features apart from targets
    facts: list[tuple[str, str]]
    tables: list[Table]
    texts: list[tuple[str, str]]  # what is none of these, by what it is
    too_long: list[str]
    readers: int
    more_fields: int


def described(candidate: Candidate, number: int) -> Described | None:
    """The nth that it read, from one; None where there is no such. Three queries."""
    uses = DatasetUse.objects.filter(candidate=candidate).order_by("pk")
    use = (
        uses.select_related("dataset")
        .defer("dataset__schema", "dataset__profile")
        .prefetch_related("tags")
        .annotate(
            schema_chars=Length("dataset__schema"),
            profile_chars=Length("dataset__profile"),
            schema=Substr("dataset__schema", 1, MAX_CHARS),
            profile=Substr("dataset__profile", 1, MAX_CHARS),
        )[number - 1 : number]
        .first()
    )
    if use is None:
        return None
    schema, profile = as_json(use.schema), as_json(use.profile)
    fields = fields_of(schema)
    facts, tables = profiled(profile)
    kept = {
        "Schema": (use.schema, use.schema_chars, bool(fields)),
        "Profile": (use.profile, use.profile_chars, bool(facts or tables)),
    }
    readers = DatasetUse.objects.filter(
        dataset=use.dataset_id, candidate__deleted_at=None
    )
    return Described(
        read=about.read_of(use, number),
        kind=use.dataset.source_type,
        fields=fields[:MAX_FIELDS],
        has_parts=any(one.part for one in fields),
        facts=facts,
        tables=tables,
        texts=[
            (name, text)
            for name, (text, chars, is_known) in kept.items()
            if text and not is_known and chars <= MAX_CHARS
        ],
        too_long=[name for name, (_, chars, _) in kept.items() if chars > MAX_CHARS],
        readers=readers.count(),
        more_fields=max(0, len(fields) - MAX_FIELDS),
    )


def as_json(text: str) -> Any:
    try:
        return documents.parsed(text)
    except ValueError:
        return None


# ---------------------------------------------------------------- schema


def fields_of(schema: Any) -> list[Field]:
    """Columns, or tensors of features and targets."""
    if not isinstance(schema, dict):
        return []
    columns = schema.get("mlflow_colspec")
    if isinstance(columns, list):
        return [field("", one) for one in columns if isinstance(one, dict)]
    tensors = schema.get("mlflow_tensorspec")
    if not isinstance(tensors, dict):
        return []
    found = []
    for part in ("features", "targets"):
        listed = tensors.get(part)
        listed = as_json(listed) if isinstance(listed, str) else listed
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict):
                found.append(field(part, one))
    return found


# ---------------------------------------------------------------- profile


# As MLflow's client names them.
NAMES = {"num_rows": "rows", "num_elements": "values"}


def profiled(profile: Any) -> tuple[list[tuple[str, str]], list[Table]]:
    """Its numbers, and a table of those that it gives for each column."""
    if not isinstance(profile, dict):
        return [], []
    facts, tables = [], []
    for key, value in list(profile.items())[:MAX_ROWS]:
        name = NAMES.get(key) or str(key)[:200].replace("_", " ")
        if is_by_column(value):
            tables.append(table(name, value))
        elif isinstance(value, dict):
            facts += [(f"{name}, {part}", said(one)) for part, one in value.items()]
        else:
            facts.append((name, said(value)))
    return facts[:MAX_ROWS], tables[:MAX_COLUMNS]


def is_by_column(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(one, dict) for one in value.values())
    )


def table(name: str, values: Mapping[str, Mapping[str, Any]]) -> Table:
    header = list(dict.fromkeys(key for row in values.values() for key in row))
    header = header[:MAX_COLUMNS]
    rows = [
        (str(key)[:200], [said(row[one]) if one in row else "" for one in header])
        for key, row in list(values.items())[:MAX_ROWS]
    ]
    return Table(name, [str(one)[:200] for one in header], rows)


def said(value: Any) -> str:
    """A size as 3 × 8 × 8, a number in groups, anything else as JSON says it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return grouped(value)
    if (
        isinstance(value, list)
        and value
        and all(isinstance(one, int) for one in value)
        and len(value) <= 8
    ):
        return " × ".join(grouped(one) for one in value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"
