"""Blobs as files of a folder on this machine."""

import errno
import io
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self

from artifacts.blobs import PIECE_BYTES, Missing, Stored
from tracker.errors import Full, Unavailable

log = logging.getLogger(__name__)

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DRAFTS = ".drafts"


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
