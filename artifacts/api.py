"""Artifacts, as MLflow's client sees them: the proxy that it streams through, and lists.

Paths of the proxy begin with what an artifact URI holds, `<experiment>/<run>/artifacts/`;
the tracking routes take a run or a model, and paths relative to it.
"""

from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase

from artifacts import bodies, downloads, ingest, listing, paths, versions
from artifacts.listing import Entry
from artifacts.models import Artifact, Owner
from artifacts.paths import Place
from tracker import registry
from tracker.api import errors
from tracker.api.endpoint import Call, endpoint
from tracker.api.wire import Message, Text, filled
from tracker.errors import Invalid, NotFound, NotOffered
from tracker.models import Role

MAX_SMALL_UPLOAD_BYTES = 10 * 1024**2
NO_TRANSFERS = "This server offers no transfers past it."

# ---------------------------------------------------------------- the proxy


class ListProxied(Message):
    path: str = ""


@endpoint("PUT", needs=Role.WRITER)
def put(call: Call) -> HttpResponseBase:
    place = paths.place(call.project, call.path["path"])
    return upload(call, place, max_bytes=settings.MAX_ARTIFACT_BYTES)


@endpoint("GET", needs=Role.READER)
def get(call: Call) -> HttpResponseBase:
    place = paths.place(call.project, call.path["path"])
    return downloads.download(call.request, file_at(place))


@endpoint("DELETE", needs=Role.WRITER)
def delete(call: Call) -> dict[str, Any]:
    """A file, or a folder with all that is below it; one that is not there is gone already."""
    path = call.path["path"]
    if not path:
        raise Invalid("Invalid path: the root of all artifacts cannot be deleted.")
    ingest.remove(paths.place(call.project, path))
    return {}


@endpoint("GET", ListProxied, needs=Role.READER)
def list_proxied(call: Call, asked: ListProxied) -> dict[str, Any]:
    """One level, by name alone. What is unknown, or a file, lists as empty."""
    try:
        place = paths.place(call.project, asked.path.removesuffix("/"))
    except NotFound:
        return {}
    return filled(files=[file_info(e, e.name) for e in listing.entries(*place)])


# ---------------------------------------------------------------- runs


class OfRun(Message):
    run_id: str = ""
    run_uuid: str = ""  # what old clients say
    path: str = ""


@endpoint("GET", OfRun, needs=Role.READER)
def list_of_run(call: Call, asked: OfRun) -> dict[str, Any]:
    candidate = call.candidate(run_id(asked))
    return {"root_uri": candidate.artifact_uri, **files_in(candidate, asked.path)}


@endpoint("GET", OfRun, needs=Role.READER)
def get_of_run(call: Call, asked: OfRun) -> HttpResponseBase:
    candidate = call.candidate(run_id(asked))
    place = Place(candidate, paths.clean(required(asked.path, "path")))
    return downloads.download(call.request, file_at(place))


@endpoint("POST", query=OfRun, needs=Role.WRITER)
def upload_of_run(call: Call, asked: OfRun) -> HttpResponseBase:
    """A small file from a browser: the body as it is, the rest in the query."""
    eid = asked.run_uuid or asked.run_id
    if not eid:
        raise Invalid("Request must specify run_uuid.")
    if not asked.path:
        raise Invalid("Request must specify path.")
    path = paths.clean(asked.path)
    size = bodies.announced(call.request)
    if size > MAX_SMALL_UPLOAD_BYTES:
        raise Invalid("Artifact size is too large. Max size is 10MB.")
    if not size:
        raise Invalid("Request must specify data.")
    place = Place(call.candidate(eid), path)
    return upload(call, place, max_bytes=MAX_SMALL_UPLOAD_BYTES)


# ---------------------------------------------------------------- logged models


class ListOfModel(Message):
    artifact_directory_path: str = ""


class FileOfModel(Message):
    artifact_file_path: str = ""


@endpoint("GET", ListOfModel, needs=Role.READER)
def list_of_model(call: Call, asked: ListOfModel) -> dict[str, Any]:
    model = call.logged_model(call.path["model_id"])
    path = asked.artifact_directory_path
    return {"root_uri": model.artifact_uri, **files_in(model, path)}


@endpoint("GET", FileOfModel, needs=Role.READER)
def get_of_model(call: Call, asked: FileOfModel) -> HttpResponseBase:
    if not asked.artifact_file_path:
        return errors.error(
            400, "BAD_REQUEST", "Request must include artifact_file_path."
        )
    model = call.logged_model(call.path["model_id"])
    place = Place(model, paths.clean(asked.artifact_file_path))
    return downloads.download(call.request, file_at(place))


# ---------------------------------------------------------------- model versions


class FileOfVersion(Message):
    name: Text
    version: Text
    path: str = ""
    presigned: bool = False


@endpoint("GET", FileOfVersion, needs=Role.READER)
def get_of_version(call: Call, asked: FileOfVersion) -> HttpResponseBase | NoReturn:
    if asked.presigned:
        raise NotOffered(NO_TRANSFERS)
    path = paths.clean(required(asked.path, "path"))
    version = registry.version(call.project, asked.name, asked.version)
    place = versions.place(version)
    return downloads.download(call.request, file_at(place.below(path)))


# ---------------------------------------------------------------- not offered


@endpoint("GET POST", needs=Role.READER)
def not_implemented(call: Call) -> NoReturn:
    """Transfers past this server. The client then sends and fetches through it."""
    raise NotOffered(NO_TRANSFERS)


# ---------------------------------------------------------------- between wire and room


def upload(call: Call, place: Place, *, max_bytes: int) -> HttpResponseBase:
    try:
        with bodies.opened(call.request, max_bytes=max_bytes) as body:
            ingest.receive(place, body.pieces, size_bytes=body.size_bytes)
    except bodies.LengthRequired:
        return errors.error(
            411,
            "INVALID_PARAMETER_VALUE",
            "Send the file with a Content-Length; a chunked body is not accepted.",
        )
    return HttpResponse(content_type="application/json")


def file_at(place: Place) -> Artifact:
    """Raises NotFound, or Invalid for a folder."""
    artifact = Artifact.objects.of(place.owner).at(place.path).first()
    if artifact:
        return artifact
    if listing.is_folder(place.owner, place.path):
        raise Invalid(f"{place.path!r} is a folder, not a file.")
    raise NotFound(f"No artifact {place.path!r} exists.")


def files_in(owner: Owner, path: str) -> dict[str, Any]:
    """One level, by paths from the owner's root."""
    entries = listing.entries(owner, paths.folder(path))
    return filled(files=[file_info(entry, entry.path) for entry in entries])


def file_info(entry: Entry, path: str) -> dict[str, Any]:
    return filled(path=path, is_dir=entry.is_folder, file_size=entry.size_bytes)


def run_id(asked: OfRun) -> str:
    return required(asked.run_id or asked.run_uuid, "run_id")


def required(value: str, name: str) -> str:
    if not value:
        raise Invalid(f"Missing value for required parameter '{name}'.")
    return value
