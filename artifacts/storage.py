"""Where bytes are kept: a folder on this machine, or a bucket (artifacts/bucket.py).

A blob appears whole or not at all, is on stable storage once `keep` has returned, and
never changes. Nothing here holds more of a file in memory than one piece, or one part
of an upload to S3.
"""

import errno
import io
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Protocol, Self

from django.core.files.storage import FileSystemStorage, storages
from django.db import connection

from tracker.errors import Full, Unavailable

log = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DRAFTS = ".drafts"


class Missing(Exception):
    """The storage holds no blob of this name."""


class Stored(NamedTuple):
    """A blob as a walk through the storage meets it."""

    blob: str
    size_bytes: int
    modified_at: datetime


class Draft(Protocol):
    """Bytes that nobody sees yet. Leaving the `with` block discards what was not kept."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def write(self, piece: bytes) -> None: ...

    def keep(self) -> None:
        """Make it a blob, on stable storage."""
        ...


class Opened(Protocol):
    """A range of a blob, in pieces. Opening has already found out that it is there."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class BlobStorage(Protocol):
    """All of it raises Full or Unavailable; what reads raises Missing too."""

    def prepare(self) -> bool:
        """Make the place itself; whether it was missing."""
        ...

    def draft(self, blob: str, size_bytes: int) -> Draft: ...

    def open(self, blob: str, start: int, stop: int) -> Opened:
        """The bytes from `start` up to, not including, `stop`."""
        ...

    def seekable(self, blob: str) -> IO[bytes]:
        """The blob as a file, for readers that jump about."""
        ...

    def remove(self, blob: str) -> None:
        """Also where it is gone already."""
        ...

    def walk(self, after: str = "") -> Iterator[Stored]:
        """Every blob that there is, in the order of the bytes of its name."""
        ...

    def remove_drafts(self, before: datetime) -> int:
        """Remove what broken uploads left and nobody has added to since; say how many."""
        ...


def blobs() -> BlobStorage:
    """The storage that TRACKER_ARTIFACTS_URL names."""
    configured = storages["default"]
    if isinstance(configured, FileSystemStorage):
        return Disk(Path(configured.location))
    # boto3 takes memory and a third of a second: only where it is used.
    from artifacts.bucket import Bucket

    return Bucket.behind(configured)


def head(blob: str, size_bytes: int) -> bytes:
    """The first bytes of a blob."""
    with closing(blobs().open(blob, 0, size_bytes)) as pieces:
        return b"".join(pieces)


def give_back_connection() -> None:
    """Let others have this thread's database connection while bytes flow.

    A transfer lasts as long as the client likes, and there are far more threads than
    PostgreSQL takes connections. Django opens one again when it next needs it. SQLite's
    cost nobody anything while they are idle.
    """
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        connection.close()


# ---------------------------------------------------------------- a folder


class Disk:
    """Blobs as files. Drafts lie on the same file system, so that keeping is a rename."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> bool:
        if self.root.is_dir():
            return False
        with disk_errors():
            self.root.mkdir(parents=True, mode=0o700)
        return True

    def draft(self, blob: str, size_bytes: int) -> "DiskDraft":
        with disk_errors():
            folder = self.root / DRAFTS
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return DiskDraft(folder / uuid.uuid4().hex, self.root / blob)

    def open(self, blob: str, start: int, stop: int) -> "DiskRange":
        with disk_errors():
            return DiskRange(self.root / blob, start, stop)

    def seekable(self, blob: str) -> IO[bytes]:
        with disk_errors():
            return open(self.root / blob, "rb")

    def remove(self, blob: str) -> None:
        with disk_errors():
            (self.root / blob).unlink(missing_ok=True)

    def walk(self, after: str = "") -> Iterator[Stored]:
        with disk_errors():
            yield from walk_folder(self.root, "", after)

    def remove_drafts(self, before: datetime) -> int:
        removed = 0
        with disk_errors():
            for path in (self.root / DRAFTS).glob("*"):
                try:
                    if path.stat().st_mtime < before.timestamp():
                        path.unlink()
                        removed += 1
                except FileNotFoundError:
                    pass  # kept or discarded meanwhile
        return removed


def walk_folder(folder: Path, prefix: str, after: str) -> Iterator[Stored]:
    """What a bucket would list: by the bytes of the whole name, "1/x" before "10/x"."""
    try:
        with os.scandir(folder) as entries:
            found = [
                (e.name + "/" * e.is_dir(follow_symlinks=False), e) for e in entries
            ]
    except FileNotFoundError:
        return
    for name, entry in sorted(found, key=lambda pair: os.fsencode(pair[0])):
        path = prefix + name
        if path == f"{DRAFTS}/":
            continue
        if name.endswith("/"):
            if not after or path >= after or after.startswith(path):
                yield from walk_folder(folder / entry.name, path, after)
        elif path > after:
            try:
                known = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # removed meanwhile
            modified_at = datetime.fromtimestamp(known.st_mtime, UTC)
            yield Stored(path, known.st_size, modified_at)


class DiskDraft:
    def __init__(self, path: Path, place: Path) -> None:
        self.path = path
        self.place = place
        self.file = io.FileIO(path, "x", opener=owner_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.file.close()
        self.path.unlink(missing_ok=True)

    def write(self, piece: bytes) -> None:
        with disk_errors():
            rest = memoryview(piece)
            while rest:
                rest = rest[self.file.write(rest) :]

    def keep(self) -> None:
        folder = self.place.parent
        with disk_errors():
            os.fsync(self.file.fileno())
            if not folder.is_dir():
                folder.mkdir(exist_ok=True, mode=0o700)
                sync_folder(folder.parent)
            self.path.rename(self.place)
            sync_folder(folder)


class DiskRange:
    def __init__(self, path: Path, start: int, stop: int) -> None:
        self.file = io.FileIO(path)
        self.file.seek(start)
        self.left = stop - start

    def __iter__(self) -> Iterator[bytes]:
        while self.left > 0:
            with disk_errors():
                piece = self.file.read(min(self.left, PIECE_BYTES))
            if not piece:
                raise Missing("The file ends before its recorded size.")
            self.left -= len(piece)
            yield piece

    def close(self) -> None:
        self.file.close()


def owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def sync_folder(folder: Path) -> None:
    """A file's name is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as problem:
        raise Missing(str(problem)) from problem
    except OSError as problem:
        if problem.errno in NO_ROOM:
            raise Full("The storage has no room left for this file.") from problem
        log.exception("artifact storage")
        raise Unavailable("The artifact storage cannot be used now.") from problem
