"""MLflow's JSON in and out: protobuf's dialect, read into msgspec structs.

Numbers may arrive as strings, doubles as "NaN" or "Infinity", `null` means absent,
unknown fields are ignored. Answers leave out what is unset, and write NaN as text.
"""

import functools
import json
import math
import re
from typing import Annotated, Any, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from msgspec import Meta, inspect

from tracker.errors import Invalid, TooLarge

# A required text: empty counts as missing.
Text = Annotated[str, Meta(min_length=1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Milliseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]

MAX_BODY_BYTES = 8 * 1024**2
MAX_DEPTH = 64
QUOTED_CHARS = 200


class Message(msgspec.Struct):
    """A request. A field without a default is required."""


class KeyValue(Message):
    key: Text
    value: str = ""


M = TypeVar("M", bound=Message)

# ---------------------------------------------------------------- in


def read(request: HttpRequest, shape: type[M], max_bytes: int) -> M:
    """The request's message: from the query of a GET, from the JSON body of anything else.

    Raises Invalid, with the parameter's name, or TooLarge.
    """
    if request.method in ("GET", "HEAD"):
        return _convert(_from_query(request.GET, shape), shape)
    return _from_body(_body(request, max_bytes), shape)


def _body(request: HttpRequest, max_bytes: int) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > max_bytes:
        raise TooLarge(f"The body is {length} bytes; the limit here is {max_bytes}.")
    if request.method == "POST" and request.content_type != "application/json":
        raise Invalid("The Content-Type must be application/json.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
        raise Invalid("Compressed request bodies are not supported.")
    return request.body


def _from_body(body: bytes, shape: type[M]) -> M:
    if b"\x00" in body or b"\\u0000" in body:
        _refuse_nul(body)
    try:
        return _decoder(shape).decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        # Once more, slowly: absent fields as null, JSON in a JSON string, and a message
        # that names the parameter.
        return _convert(_without_nulls(_loads(body)), shape)


@functools.cache
def _decoder(shape: type[M]) -> msgspec.json.Decoder[M]:
    return msgspec.json.Decoder(shape, strict=False)


def _loads(body: bytes) -> Any:
    if not body.strip():
        return {}
    try:
        value = msgspec.json.decode(body)
        if isinstance(value, str):  # very old clients encode twice
            value = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError) as problem:
        raise Invalid(f"The body is not valid JSON: {problem}.") from None
    except RecursionError:
        raise Invalid("The body is nested too deeply.") from None
    if not isinstance(value, dict):
        raise Invalid("The body must be a JSON object.")
    return value


def _refuse_nul(body: bytes) -> None:
    try:
        texts = json.dumps(_loads(body), ensure_ascii=False)
    except RecursionError:
        raise Invalid("The body is nested too deeply.") from None
    if "\\u0000" in texts.replace("\\\\", ""):
        raise Invalid("A text may not contain the character NUL.")


def _without_nulls(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise Invalid("The body is nested too deeply.")
    if isinstance(value, dict):
        return {
            key: _without_nulls(item, depth + 1)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list):
        return [_without_nulls(item, depth + 1) for item in value]
    return value


def _from_query(query: QueryDict, shape: type[Message]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, is_list in _fields(shape):
        if name in query:
            found[name] = query.getlist(name) if is_list else query[name]
            if "\x00" in "".join(found[name]):
                raise Invalid(f"Parameter '{name}' may not contain the character NUL.")
    return found


@functools.cache
def _fields(shape: type[Message]) -> list[tuple[str, bool]]:
    """Names of a message's fields, and whether each is a list."""
    described = inspect.type_info(shape)
    assert isinstance(described, inspect.StructType)
    return [
        (field.encode_name, isinstance(field.type, inspect.ListType))
        for field in described.fields
    ]


def _convert(value: Any, shape: type[M]) -> M:
    try:
        return msgspec.convert(value, shape, strict=False)
    except (msgspec.ValidationError, OverflowError, ValueError) as problem:
        raise Invalid(_sentence(str(problem), value)) from None


MISSING = re.compile(
    r"Object missing required field `(?P<name>[^`]+)`(?: - at `\$\.?(?P<path>[^`]*)`)?"
)
WRONG = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)


def _sentence(problem: str, value: Any) -> str:
    """msgspec's report as MLflow's: names the parameter, echoes the value."""
    if missing := MISSING.match(problem):
        path = ".".join(filter(None, [missing["path"], missing["name"]]))
        return f"Missing value for required parameter '{path}'."
    wrong = WRONG.match(problem)
    assert wrong
    path = wrong["path"] or ""
    found = _at(value, path)
    if found == "" and "length >= 1" in problem:
        return f"Missing value for required parameter '{path}'."
    echoed = json.dumps(found, default=str)[:QUOTED_CHARS]
    return f"Invalid value {echoed} for parameter '{path}': {wrong['what']}."


def _at(value: Any, path: str) -> Any:
    """The value at a path like `metrics[3].key`, or the whole where msgspec says `[...]`."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return value
    return value


# ---------------------------------------------------------------- out


def answer(content: dict[str, Any]) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(content), content_type="application/json")


def double(value: float, is_nan: bool = False) -> float | str:
    """A number as MLflow writes it: NaN and the infinities as text."""
    if is_nan or math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def filled(**fields: Any) -> dict[str, Any]:
    """The fields that are set: without None and without empty lists."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None and value != []
    }
