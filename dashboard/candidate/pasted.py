"""Parameters and metrics that somebody typed or pasted: lines, CSV or JSON."""

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from tracker import documents, keys
from tracker.errors import Invalid

MAX_PAIRS = 2000
MAX_POINTS = 20_000


class Value(NamedTuple):
    """A point of a metric."""

    key: str
    value: float
    step: int = 0


def params(text: str) -> dict[str, str]:
    """`lr = 0.01`, `lr: 0.01`, `lr,0.01` or a JSON object. Raises Invalid with the line."""
    found = {}
    for key, value, _ in pairs(text):
        keys.check(key, "name")
        keys.check_length(value, keys.MAX_PARAM_CHARS, key)
        found[key] = value
    if len(found) > MAX_PAIRS:
        raise Invalid(f"At most {MAX_PAIRS} parameters can be entered at once.")
    return found


def metrics(text: str) -> list[Value]:
    """`acc = 0.9`, `acc,0.9,100` with a step, a CSV with columns, or a JSON object."""
    lines = text.strip().splitlines()
    if len(lines) > 1 and is_header(lines[0]):
        return checked(columns(text))
    found = [
        Value(key, number(value, line), step(at)) for line, (key, value, at) in
        enumerate(pairs(text), start=1)
    ]  # fmt: skip
    if len(found) > MAX_POINTS:
        raise Invalid(f"At most {MAX_POINTS} values can be entered at once.")
    return checked(found)


def checked(values: list[Value]) -> list[Value]:
    for key in {value.key for value in values}:
        keys.check(key, "name")
    return values


def pairs(text: str) -> Iterator[tuple[str, str, str]]:
    """Key, value, and what follows them."""
    text = text.strip().replace("\0", "")
    if text.startswith("{"):
        yield from of_json(text)
        return
    for count, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        yield of_line(line, count)


def of_json(text: str) -> Iterator[tuple[str, str, str]]:
    try:
        value: Any = documents.parsed(text)
    except ValueError:
        raise Invalid(
            "This begins like JSON but cannot be read as an object."
        ) from None
    if not isinstance(value, dict):
        raise Invalid("This begins like JSON but cannot be read as an object.")
    for key, entry in value.items():
        said = (
            entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
        )
        yield str(key), said, ""


def of_line(line: str, count: int) -> tuple[str, str, str]:
    # The sign that stands first: a value may hold the others.
    places = [(line.find(sign), sign) for sign in "=\t,:" if line.find(sign) > 0]
    if not places:
        raise Invalid(f"Line {count}: write a name, then =, then a value.")
    place, sign = min(places)
    key, rest = line[:place].strip(), line[place + 1 :].strip()
    if not key:
        raise Invalid(f"Line {count}: the name is missing.")
    if sign in ",\t":
        cells = next(csv.reader([rest], delimiter=sign), [""])
        return key, cells[0].strip(), cells[1].strip() if len(cells) > 1 else ""
    return key, rest.strip("\"'") if rest[:1] == rest[-1:] in ('"', "'") else rest, ""


def number(text: str, line: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise Invalid(f"Line {line}: “{text[:40]}” is no number.") from None


def step(text: str) -> int:
    if not text:
        return 0
    try:
        value = float(text)
        found = int(value) if math.isfinite(value) else None
    except ValueError:
        found = None
    if found is None or abs(found) >= 2**53:
        raise Invalid(f"“{text[:40]}” is no step.")
    return found


# ---------------------------------------------------------------- a table of values


def is_header(line: str) -> bool:
    names = [name.strip().lower() for name in line.replace("\t", ",").split(",")]
    return len(names) > 1 and ("step" in names or "epoch" in names)


def columns(text: str) -> list[Value]:
    """A CSV with a column `step` or `epoch`, and one for each metric."""
    text = text.strip().replace("\0", "")
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    header = [name.strip() for name in rows[0]]
    at = next(i for i, name in enumerate(header) if name.lower() in ("step", "epoch"))
    found = []
    for count, row in enumerate(rows[1:], start=2):
        where = step(row[at].strip()) if len(row) > at else 0
        for place, cell in enumerate(row[: len(header)]):
            if place != at and cell.strip() and header[place]:
                found.append(Value(header[place], number(cell.strip(), count), where))
        if len(found) > MAX_POINTS:
            raise Invalid(f"At most {MAX_POINTS} values can be entered at once.")
    return found
