"""Artifact paths: which ones are safe to keep, and whose file a path names.

A path is a name in the database and never a path on a disk. The rules still refuse
whatever some reader, today's or tomorrow's, could take for a way out of its folder.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from artifacts.models import Owner
from tracker.errors import Invalid, NotFound
from tracker.models import Candidate, LoggedModel, Project

MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 1024
MAX_LEVELS = 64
QUOTED_CHARS = 200
# `%252525…` could be decoded ten thousand times, each time by whoever asks for it.
MAX_ENCODINGS = 8

# "C:", "C:/…", "file:/…": a drive, or an address. "step:1/x.png" is neither.
DRIVE_OR_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/|[A-Za-z]:\Z")

# mlflow-artifacts:/<experiment>/<eid>/artifacts/… and …/models/<m-eid>/artifacts/…
# What comes before the eid is decoration, and survives a move to another experiment.
OWNED = re.compile(
    r"(?:.*?/)?(?P<eid>(?:m-)?[0-9a-f]{32})/artifacts(?:/(?P<path>.*))?\Z"
)


class Place(NamedTuple):
    """A path, taken apart: whose file, and its path there. "" is the owner's root."""

    owner: Owner
    path: str

    def below(self, path: str) -> "Place":
        return Place(self.owner, f"{self.path}/{path}" if self.path else path)


def clean(path: str) -> str:
    """The path as it is, once decoded. Raises Invalid for one that is not safe."""
    refuse_unsafe(path)
    refuse_oversized(path)
    return path


def folder(path: str) -> str:
    """A folder's path: "" is the root, and one slash at the end says nothing."""
    return clean(path.removesuffix("/")) if path else ""


def place(project: Project, path: str) -> Place:
    """Where a path of the artifact proxy leads within a project.

    Raises Invalid, or NotFound where it names an owner that is not in the project.
    """
    if not path:
        return Place(project, "")
    refuse_unsafe(path)
    owned = OWNED.match(path)
    if owned is None:
        return Place(project, clean(path))
    return Place(owner(project, owned["eid"]), clean_or_root(owned["path"] or ""))


def clean_or_root(path: str) -> str:
    return clean(path) if path else ""


def owner(project: Project, eid: str) -> Owner:
    """The candidate or model with this id, deleted ones too. Raises NotFound."""
    found: Owner | None
    if eid.startswith("m-"):
        found = LoggedModel.objects.filter(project=project, eid=eid).first()
    else:
        found = Candidate.objects.filter(project=project, eid=eid).first()
    if found is None:
        raise NotFound(f"No run or model with id {eid!r} exists.")
    return found


def refuse_unsafe(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise invalid(path, "it is not valid Unicode") from None
    if any(unicodedata.category(character) == "Cc" for character in path):
        raise invalid(path, "it holds a control character")
    if "\\" in path or "#" in path:
        raise invalid(path, "it holds a backslash or “#”")
    for depth, decoded in enumerate(decodings(path)):
        if depth > MAX_ENCODINGS:
            raise invalid(path, "it is encoded too many times")
        if is_escape(decoded):
            raise invalid(path, "it leads elsewhere")
    if any(segment in ("", ".") for segment in path.split("/")):
        raise invalid(path, "a part of it is empty or “.”")


def decodings(path: str) -> Iterator[str]:
    """The path, and what it becomes when someone decodes it again, and again."""
    while True:
        yield path
        decoded = unquote(path)
        if decoded == path:
            return
        path = decoded


def is_escape(path: str) -> bool:
    path = path.replace("\\", "/")
    # Some servers cut a part off at “;” before they look at it.
    parts = (part.partition(";")[0].strip() for part in path.split("/"))
    return (
        path.startswith("/")
        or "\x00" in path
        or DRIVE_OR_SCHEME.match(path) is not None
        or ".." in parts
    )


def refuse_oversized(path: str) -> None:
    parts = path.split("/")
    if len(parts) > MAX_LEVELS:
        raise invalid(path, f"it is more than {MAX_LEVELS} levels deep")
    if len(path.encode()) > MAX_PATH_BYTES:
        raise invalid(path, f"it is longer than {MAX_PATH_BYTES} bytes")
    if any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        raise invalid(path, f"a part of it is longer than {MAX_NAME_BYTES} bytes")


def invalid(path: str, reason: str) -> Invalid:
    # repr escapes control characters and lone surrogates.
    return Invalid(f"Invalid path: {path[:QUOTED_CHARS]!r}: {reason}.")
