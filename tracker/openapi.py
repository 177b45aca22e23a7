"""The API as an OpenAPI document, made from the tables that also answer.

What a call sends is described exactly, as the messages are declared; answers are described
loosely, and every error by one shape. Nothing in it depends on who asks.
"""

import functools
import hashlib
import inspect
import re
import types
import typing
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, NamedTuple

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern
from django.views.decorators.http import condition

from artifacts import urls as artifact_urls
from tracker.api import urls
from tracker.api.endpoint import Endpoint, EndpointView
from tracker.api.server import MLFLOW_VERSION
from tracker.lifecycle import DEFAULT_PROJECT
from tracker.permits import Who, needs

SCHEMAS = "#/components/schemas/"
VARIABLE = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
FAILED = {"$ref": "#/components/responses/Failed"}

INTRODUCTION = f"""\
MLflow's protocol, at the level of MLflow {MLFLOW_VERSION}. Each address below `/api/` \
answers below `/ajax-api/` too.

Numbers of 64 bits may be sent as text; NaN and the infinities are sent and answered as \
`"NaN"`, `"Infinity"` and `"-Infinity"`. A field that is `null` counts as left out, and \
fields that are not listed are ignored. Lists in a query repeat the field's name.

A server for one person in local mode asks for no credentials. In team mode, the word \
beside a credential is the role that its owner needs in the project."""


class Line(NamedTuple):
    """An address of the API, and what answers there to each method."""

    address: str
    endpoints: dict[str, Endpoint]  # none: a word in plain text, for anybody


def table() -> list[Line]:
    """Every address below a tracking URI, without those that are a twin of another."""
    lines = [line(one) for one in [*urls.urlpatterns, *artifact_urls.urlpatterns]]
    addresses = {one.address for one in lines}
    return [
        one
        for one in lines
        if not one.address.startswith("ajax-api/")
        or one.address.removeprefix("ajax-") not in addresses
    ]


def line(pattern: URLPattern) -> Line:
    view: Any = pattern.callback
    is_endpoint = getattr(view, "cls", None) is EndpointView
    return Line(
        str(pattern.pattern), view.view_initkwargs["endpoints"] if is_endpoint else {}
    )


# ---------------------------------------------------------------- the document


@functools.cache
def written() -> bytes:
    """The document as it is sent; the same for as long as the process lives."""
    return msgspec.json.format(msgspec.json.encode(described()), indent=1)


def described() -> dict[str, Any]:
    lines = table()
    known = messages(lines)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tracker",
            "version": MLFLOW_VERSION,
            "description": INTRODUCTION,
        },
        "servers": [
            {"url": "/", "description": "The default project."},
            server(
                "/p/{project}", "A project, by its name in addresses or its number."
            ),
            server(
                "/api/v4/projects/{project}/ml/mlflow", "The same, in GitLab's form."
            ),
        ],
        "paths": {path(one.address): dict(operations(one, known)) for one in lines},
        "components": {
            "schemas": known.schemas,
            "responses": {
                "Failed": {
                    "description": "What went wrong: a code of MLflow's, and a sentence.",
                    "content": content(known.references[Problem]),
                }
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A personal or a project's token.",
                },
                "password": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A name with its password, or any name with a token.",
                },
            },
        },
    }


def server(url: str, description: str) -> dict[str, Any]:
    variables = {"project": {"default": DEFAULT_PROJECT}}
    return {"url": url, "description": description, "variables": variables}


class Problem(msgspec.Struct):
    """Every error of the API."""

    error_code: str
    message: str


class Shapes(NamedTuple):
    """The messages that endpoints read."""

    references: dict[type, dict[str, Any]]
    schemas: dict[str, Any]

    def of(self, shape: type) -> dict[str, Any]:
        named: str = self.references[shape]["$ref"]
        schema: dict[str, Any] = self.schemas[named.removeprefix(SCHEMAS)]
        return schema


def messages(lines: Iterable[Line]) -> Shapes:
    asked = {
        shape: None  # in their order, each once
        for one in lines
        for endpoint in one.endpoints.values()
        for shape in (endpoint.message, endpoint.query)
        if shape is not None
    }
    shapes: list[type] = [Problem, *asked]
    references, schemas = msgspec.json.schema_components(
        shapes, schema_hook=choices, ref_template=f"{SCHEMAS}{{name}}"
    )
    for schema in schemas.values():
        schema.pop("additionalProperties", None)  # unknown fields are ignored
    return Shapes(dict(zip(shapes, references, strict=True)), schemas)


def choices(kind: type) -> dict[str, Any]:
    """Django's choices: an enum of texts that msgspec reads, but does not describe."""
    if not issubclass(kind, Enum):
        raise NotImplementedError  # how msgspec wants to hear that a hook knows no more
    return {"type": "string", "enum": [one.value for one in kind]}


# ---------------------------------------------------------------- one address


def path(address: str) -> str:
    return "/" + VARIABLE.sub(r"{\g<name>}", address)


def operations(line: Line, known: Shapes) -> Iterator[tuple[str, Any]]:
    tags = [tag(line.address)]
    if not line.endpoints:
        answer = {"description": "A word.", "content": content({}, "text/plain")}
        yield (
            "get",
            {
                "tags": tags,
                "operationId": name("get", line.address),
                "security": [],
                "responses": {"200": answer},
            },
        )
    for method, endpoint in line.endpoints.items():
        role = [endpoint.needs.label]
        asked: dict[str, Any] = {
            "tags": tags,
            "operationId": name(method, line.address),
            **told(endpoint),
            "security": [{"token": role}, {"password": role}],
            "parameters": [
                *variables(line.address),
                *parameters(method, endpoint, known),
            ],
            "responses": {**answers(method, endpoint), "default": FAILED},
        }
        if body := sent(method, endpoint, known):
            asked["requestBody"] = body
        yield method.lower(), asked


def tag(address: str) -> str:
    """The noun: `runs`, `experiments`; `server` where the address names none."""
    nouns = address.split("/mlflow/")[-1].split("/")
    if "mlflow-artifacts" in address or "artifact" in nouns[-1]:
        return "artifacts"
    return nouns[0] if len(nouns) > 1 or nouns[0] == "logged-models" else "server"


def name(method: str, address: str) -> str:
    """`post_runs_create`, as generated clients name their functions."""
    rest = re.sub(r"^(ajax-)?api/\d\.0/(mlflow/)?", "", VARIABLE.sub(r"\2", address))
    return re.sub(r"\W+", "_", f"{method.lower()}_{rest}")


def told(endpoint: Endpoint) -> dict[str, str]:
    said = inspect.getdoc(endpoint.body)
    return {"description": said} if said else {}


def variables(address: str) -> Iterator[dict[str, Any]]:
    for found in VARIABLE.finditer(address):
        whole = {"in": "path", "required": True, "schema": {"type": "string"}}
        if found["kind"] != "str":
            whole["description"] = "May hold slashes."
        yield {"name": found["name"], **whole}


def parameters(
    method: str, endpoint: Endpoint, known: Shapes
) -> Iterator[dict[str, Any]]:
    shape = endpoint.message if method == "GET" else endpoint.query
    if shape is None:
        return
    schema = known.of(shape)
    required = schema.get("required", ())
    for field, kind in schema["properties"].items():
        yield {
            "name": field,
            "in": "query",
            "required": field in required,
            "schema": kind,
        }


def sent(method: str, endpoint: Endpoint, known: Shapes) -> dict[str, Any] | None:
    if method == "GET":
        return None
    if endpoint.message is not None:
        return {
            "required": "required" in known.of(endpoint.message),
            "content": content(known.references[endpoint.message]),
        }
    if method in ("POST", "PUT") and answered(endpoint) != {typing.NoReturn}:
        return {"required": True, "content": content({}, "application/octet-stream")}
    return None


def answers(method: str, endpoint: Endpoint) -> dict[str, Any]:
    kinds = answered(endpoint)
    found: dict[str, Any] = {}
    if typing.NoReturn in kinds:
        found["501"] = FAILED
    if dict in kinds:
        found["200"] = {
            "description": "Done.",
            "content": content({"type": "object"}),
        }
    elif HttpResponseBase in kinds and method == "GET":
        found["200"] = {"description": "The file.", "content": content({}, "*/*")}
    elif HttpResponseBase in kinds:
        found["200"] = {"description": "The file is kept."}
    return found


def answered(endpoint: Endpoint) -> set[Any]:
    """What the function says it returns: a message, bytes, or NoReturn where it has no more
    to say than that this server does not offer it.
    """
    said = typing.get_type_hints(endpoint.body)["return"]
    is_union = typing.get_origin(said) in (typing.Union, types.UnionType)
    kinds = typing.get_args(said) if is_union else (said,)
    return {typing.get_origin(kind) or kind for kind in kinds}


def content(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {kind: {"schema": schema}}


# ---------------------------------------------------------------- its address


@functools.cache
def etag() -> str:
    return f'"{hashlib.sha256(written()).hexdigest()[:32]}"'


@needs(Who.ANYONE)
@condition(etag_func=lambda request: etag())
def document(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(written(), content_type="application/json")
    answer["Cache-Control"] = "private, no-cache"
    return answer
