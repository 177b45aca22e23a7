"""MLflow's JSON in and out: protobuf's dialect, read into msgspec structs.

Numbers may arrive as strings, doubles as "NaN" or "Infinity", enums by name or number,
`null` means absent, unknown fields are ignored. Answers leave out what is unset, and
write NaN as text. What cannot be read is refused with the name of the parameter; it is
never replaced by a default.
"""

import contextlib
import enum
import functools
import json
import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, TypeVar, cast

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from msgspec import Meta, inspect

from tracker.errors import Invalid, TooLarge
from tracker.nesting import MAX_DEPTH, is_deep

# A required text: empty counts as missing.
Text = Annotated[str, Meta(min_length=1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Milliseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]

MAX_BODY_BYTES = 8 * 1024**2
MAX_ITEMS = 20_000  # more than the longest list that any message may have
QUOTED_CHARS = 200
SEE_DOCS = "See the API docs for more information about request parameters."


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """A request. A field without a default is required.

    Unknown fields are ignored all the same, by the slower way in: what has known fields
    alone is no deeper than they are, and needs no look at its depth.
    """


class KeyValue(Message):
    key: Text
    value: str = ""


M = TypeVar("M", bound=Message)

# An object of a body, its values not yet read.
Fields = dict[str, msgspec.Raw]
OBJECT, LIST, TEXT = b"{", b"[", b'"'
BLANKS = b" \t\n\r"

# ---------------------------------------------------------------- in


def read(request: HttpRequest, shape: type[M], max_bytes: int) -> M:
    """The request's message: from the query of a GET, from the JSON body of anything else.

    A GET without a query may have a body too: some clients send one, and the reference
    reads it. Raises Invalid, with the parameter's name, or TooLarge.
    """
    if request.method in ("GET", "HEAD") and (
        request.GET or request.content_type != "application/json"
    ):
        return read_query(request.GET, shape)
    return _from_body(_body(request, max_bytes), shape)


def read_query(query: QueryDict, shape: type[M]) -> M:
    return _convert(_from_query(query, shape), shape)


def _body(request: HttpRequest, max_bytes: int) -> bytes:
    if request.method in ("POST", "PUT") and request.content_type != "application/json":
        raise Invalid("The Content-Type must be application/json.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
        raise Invalid("Compressed request bodies are not supported.")
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdigit() and int(length) > max_bytes:
        raise TooLarge(f"The body is {length} bytes; the limit here is {max_bytes}.")
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:
        # Django takes a body without a length for an empty one.
        body: bytes = request.META["wsgi.input"].read(max_bytes + 1)
        if len(body) > max_bytes:
            raise TooLarge(
                f"The body is longer than the limit here, {max_bytes} bytes."
            )
        return body
    return request.body


def _from_body(body: bytes, shape: type[M]) -> M:
    if b"\\u0000" in body:
        _refuse_nul(body)
    reader = _reader(shape)
    if not any(name in body for name in reader.camel_names):
        try:
            message: M = reader.decoder.decode(body)
            return message
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            pass
    # Once more, slowly: what the decoder does not know of the dialect, and messages that
    # name the parameter.
    try:
        known = _known(_object(body), reader.type)
    except (msgspec.MsgspecError, UnicodeError) as problem:
        raise Invalid(f"The body is not valid JSON: {problem}.") from None
    return _convert(known, shape)


class Reader(NamedTuple):
    """What is known of a kind of message before the first one arrives."""

    decoder: msgspec.json.Decoder[Any]
    type: inspect.StructType
    # `"runId"`: protobuf's other spelling of a field, as it stands in a body.
    camel_names: list[bytes]


@functools.cache
def _reader(shape: type[Message]) -> Reader:
    described = inspect.type_info(shape)
    assert isinstance(described, inspect.StructType)
    return Reader(
        decoder=msgspec.json.Decoder(shape, strict=False),
        type=described,
        camel_names=[f'"{name}"'.encode() for name in sorted(_camel_names(described))],
    )


def _camel_names(described: inspect.Type) -> set[str]:
    if isinstance(described, inspect.ListType):
        return _camel_names(described.item_type)
    if not isinstance(described, inspect.StructType):
        return set()
    own = {_camel(field.encode_name) for field in described.fields if "_" in field.name}
    return own.union(*(_camel_names(field.type) for field in described.fields))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _object(body: bytes) -> Fields:
    """The fields of a body, each as it was sent: nobody reads what is not asked for.

    Megabytes of small lists would take seconds to make.
    """
    if not body.strip():
        return {}
    if _begins(body) == TEXT:  # very old clients encode twice
        body = cast(str, _checked(body, str)).encode()
        _refuse_nul(body)
    fields = _checked(body, Fields if _begins(body) == OBJECT else msgspec.Raw)
    if not isinstance(fields, dict):
        raise Invalid("The body must be a JSON object.")
    return fields


def _begins(content: bytes) -> bytes:
    return content.lstrip(BLANKS)[:1]


def _checked(body: bytes, kind: Any) -> Any:
    body.decode()  # what is passed over is not looked at
    with contextlib.suppress(RecursionError):
        if not is_deep(body):
            return msgspec.json.decode(body, type=kind)
    raise Invalid(f"The body is nested too deeply; it may have {MAX_DEPTH} levels.")


# With an even number of backslashes before it; with an odd one it is a text that says so.
ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def _refuse_nul(body: bytes) -> None:
    """PostgreSQL cannot store the character NUL, so nobody may log it."""
    if ESCAPED_NUL.search(body):
        raise Invalid("A text may not contain the character NUL.")


def _known(fields: Fields, described: inspect.StructType) -> dict[str, Any]:
    """An object as msgspec expects it: known fields, without nulls, enums by name."""
    known = {}
    for field in described.fields:
        name, camel = field.encode_name, _camel(field.encode_name)
        _refuse_both(name, camel, fields)
        if name in fields and bytes(fields[name]) != b"null":
            known[name] = _value(bytes(fields[name]), field.type)
    return known


def _value(content: bytes, described: inspect.Type) -> Any:
    """A value of a body. What does not fit is left as it is, or as its beginning;
    converting it will say what is wrong.
    """
    begins = _begins(content)
    if isinstance(described, inspect.StructType) and begins == OBJECT:
        return _known(msgspec.json.decode(content, type=Fields), described)
    if isinstance(described, inspect.ListType) and begins == LIST:
        items = msgspec.json.decode(content, type=list[msgspec.Raw])
        if len(items) > MAX_ITEMS:
            raise Invalid(f"A list has {len(items)} entries; the limit is {MAX_ITEMS}.")
        return [_value(bytes(item), described.item_type) for item in items]
    if begins in (OBJECT, LIST) and len(content) > QUOTED_CHARS:
        return LongObject(content) if begins == OBJECT else LongList(content)
    value = msgspec.json.decode(content)
    kind = _enum_in(described)
    return value if kind is None else _by_number(kind, value)


class LongObject(dict[str, Any]):
    """One that does not fit: all that anybody wants of it is how it begins."""

    def __init__(self, content: bytes) -> None:
        self.content = content


class LongList(list[Any]):
    """The same of a list."""

    def __init__(self, content: bytes) -> None:
        self.content = content


def _refuse_both(name: str, camel: str, fields: Mapping[str, Any]) -> None:
    if name != camel and name in fields and camel in fields:
        raise Invalid(
            f"Request specifies both '{name}' and '{camel}'; provide only one of them."
        )


def _enum_in(described: inspect.Type) -> type[enum.Enum] | None:
    options = (
        described.types if isinstance(described, inspect.UnionType) else (described,)
    )
    for option in options:
        # A Django choice is an enum that msgspec reads, but describes as something else.
        kind = getattr(option, "cls", None)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return kind
    return None


def _by_number(kind: type[enum.Enum], value: Any) -> Any:
    """Protobuf numbers the names of our enums from 1, in their order."""
    members = list(kind)
    digits = isinstance(value, str) and len(value) < 4 and value.isdecimal()
    number = int(value) if digits else value
    if type(number) is int and 1 <= number <= len(members):
        return members[number - 1].value
    return value


def _from_query(query: QueryDict, shape: type[Message]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    described = _reader(shape).type
    for field in described.fields:
        name = field.encode_name
        if name not in query:
            continue
        is_list = isinstance(field.type, inspect.ListType)
        # Of several the first counts, as in the reference.
        found[name] = query.getlist(name) if is_list else query.getlist(name)[0]
        if "\x00" in "".join(found[name]):
            raise Invalid(f"Parameter '{name}' may not contain the character NUL.")
        if isinstance(field.type, inspect.BoolType):
            if found[name].lower() not in ("true", "false"):
                raise Invalid(
                    _wrong(name, found[name], "It must be 'true' or 'false'.")
                )
            found[name] = found[name].lower() == "true"
        if kind := _enum_in(field.type):
            found[name] = _by_number(kind, found[name])
    return found


def _convert(value: dict[str, Any], shape: type[M]) -> M:
    try:
        return msgspec.convert(value, shape, strict=False)
    except (msgspec.ValidationError, OverflowError, ValueError) as problem:
        raise Invalid(_sentence(str(problem), value)) from None


MISSING = re.compile(
    r"Object missing required field `(?P<name>[^`]+)`(?: - at `\$\.?(?P<path>[^`]*)`)?"
)
WRONG = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
RANGE = re.compile(r"Expected `int` ([<>]=) (-?\d+)")
TOO_LONG = re.compile(r"Expected `str` of length <= (\d+)")


def missing(parameter: str) -> str:
    return f"Missing value for required parameter '{parameter}'. {SEE_DOCS}"


def _wrong(parameter: str, value: Any, what: str) -> str:
    return (
        f"Invalid value {_echoed(value)} for parameter '{parameter}' supplied: "
        f" Hint: Value was of type '{_kind(value)}'. {what} {SEE_DOCS}"
    )


def _kind(value: Any) -> str:
    for kind in (list, dict):
        if isinstance(value, kind):
            return kind.__name__
    return type(value).__name__


def _echoed(value: Any) -> str:
    if isinstance(value, LongObject | LongList):
        beginning = value.content[: 4 * QUOTED_CHARS].decode(errors="ignore")
        text = " ".join(beginning.split())
    else:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return text[:QUOTED_CHARS]


def _sentence(problem: str, value: Any) -> str:
    """msgspec's report as MLflow's: names the parameter, echoes the value."""
    if absent := MISSING.match(problem):
        return missing(".".join(filter(None, [absent["path"], absent["name"]])))
    wrong = WRONG.match(problem)
    assert wrong
    path = wrong["path"] or ""
    found = _at(value, path)
    if found in ("", []) and "length >= 1" in problem:
        return missing(path)
    if too_long := TOO_LONG.match(problem):
        return f"'{path}' exceeds the maximum length of {too_long[1]} characters."
    if limit := RANGE.match(problem):
        # The reference's words: "It must be a positive integer".
        wanted = {">= 1": "a positive integer", ">=": "at least", "<=": "at most"}
        sign, number = limit[1], limit[2]
        words = wanted.get(f"{sign} {number}") or f"{wanted[sign]} {number}"
        return (
            f"Invalid value {_echoed(int(found))} for parameter '{path}' supplied. It must be"
            f" {words}. {SEE_DOCS}"
        )
    return _wrong(path, found, f"{wrong['what']}.")


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


class Item(msgspec.Struct, gc=False):
    """What answers hold thousands of. Structs are made and written faster than dicts."""


class KeyValueItem(Item):
    key: str
    value: str


class MetricItem(Item):
    key: str
    value: float | str
    timestamp: int
    step: int


def double(value: float, is_nan: bool = False) -> float | str:
    """A number as MLflow writes it: NaN and the infinities as text."""
    if is_nan or value != value:
        return "NaN"
    if value in INFINITIES:
        return "Infinity" if value > 0 else "-Infinity"
    return value


INFINITIES = (math.inf, -math.inf)


def filled(**fields: Any) -> dict[str, Any]:
    """The fields that are set: without None and without empty lists."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None and value != []
    }
